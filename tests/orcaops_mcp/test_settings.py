from __future__ import annotations

from pathlib import Path

import pytest

from orcaops_mcp.settings import ConfigurationError, load_configuration, setting_paths, value_at, variable_name


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def test_without_anything_the_defaults_hold() -> None:
    configuration = load_configuration({})
    assert configuration.settings.port == 8787
    assert configuration.settings.home == Path("~/.orcaops").expanduser()
    assert set(configuration.origins.values()) == {"default"}


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(home: Path) -> None:
    (home / "config.yaml").write_text("port: 1\nhost: filehost\nqueue: {max_running: 1}\nread_only: true\n")
    environment = {"ORCAOPS_HOME": str(home), "ORCAOPS_PORT": "2", "ORCAOPS_QUEUE_MAX_RUNNING": "7"}
    configuration = load_configuration(environment, {"port": 3, "host": None})
    settings, origins = configuration.settings, configuration.origins
    assert (settings.port, origins["port"]) == (3, "command line")
    assert (settings.queue.max_running, origins["queue.max_running"]) == (7, "ORCAOPS_QUEUE_MAX_RUNNING")
    assert (settings.host, origins["host"]) == ("filehost", str(home / "config.yaml"))
    assert settings.read_only is True
    assert configuration.engine().queue.max_running == 7


def test_every_setting_can_be_named_by_a_variable() -> None:
    names = [variable_name(path) for path in setting_paths()]
    assert len(set(names)) == len(names)
    for path in setting_paths():
        default = value_at(load_configuration({}).settings, path)
        if isinstance(default, int | str) and not isinstance(default, bool):
            configured = load_configuration({variable_name(path): str(default)})
            assert value_at(configured.settings, path) == default


def test_lists_are_written_with_commas_and_slots_as_pairs() -> None:
    environment = {"ORCAOPS_TOOLSETS": "default, debug", "ORCAOPS_QUEUE_SLOTS": "gpus=2,disks=1"}
    settings = load_configuration(environment).settings
    assert settings.toolsets == ("default", "debug")
    assert settings.queue.slots == {"gpus": 2, "disks": 1}


def test_secrets_are_kept_apart_and_never_shown() -> None:
    configuration = load_configuration({"ORCAOPS_SECRET_NPM_TOKEN": "hunter2"})
    assert configuration.engine().secrets["NPM_TOKEN"].get_secret_value() == "hunter2"
    assert "hunter2" not in repr(configuration)


@pytest.mark.parametrize(
    ("environment", "content", "saying"),
    [
        ({"ORCAOPS_PROT": "1"}, "", "ORCAOPS_PROT is not known; did you mean ORCAOPS_PORT?"),
        ({"ORCAOPS_PORT": "many"}, "", "port: "),
        ({"ORCAOPS_PORT": "many"}, "", "(from ORCAOPS_PORT)"),
        ({"ORCAOPS_BACKEND": "podman"}, "", "backend"),
        ({}, "prot: 1", "did you mean port?"),
        ({}, "queue: {max_runing: 1}", "did you mean queue.max_running?"),
        ({}, "queue: {max_running: 0}", "queue.max_running"),
        ({}, "queue: 3", "queue"),
        ({}, "mounts: {folders: [work]}", "mounts.folders"),
        ({}, "runtimes: {lua: {image: x}}", "runtimes"),
        ({"ORCAOPS_SECRET_9": "x"}, "", "ORCAOPS_SECRET_9 names no secret"),
        ({"ORCAOPS_SECRET_" + "X" * 129: "x"}, "", "names no secret"),
        ({}, "[1]", "settings by name"),
        ({}, "a: [", "cannot be read as YAML"),
        ({}, "zebra: 1", "zebra"),
    ],
)
def test_a_fault_is_named_with_its_place(home: Path, environment: dict[str, str], content: str, saying: str) -> None:
    (home / "config.yaml").write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration({"ORCAOPS_HOME": str(home)} | environment)
    assert saying in caught.value.message


def test_folders_and_runtimes_of_the_operators_reach_the_engine(home: Path) -> None:
    (home / "config.yaml").write_text("runtimes:\n  lua: {image: example/lua, program: [lua]}\nworkspace: {files: 7}\n")
    engine = load_configuration({"ORCAOPS_HOME": str(home), "ORCAOPS_MOUNTS_FOLDERS": "/srv/sets, ~/work"}).engine()
    assert engine.mounts.folders == (Path("/srv/sets"), Path("~/work"))
    assert (engine.runtimes["lua"].image, engine.runtimes["lua"].program) == ("example/lua", ("lua",))
    assert engine.workspace.files == 7


def test_an_empty_file_changes_nothing(home: Path) -> None:
    (home / "config.yaml").write_text("# nothing yet\n")
    assert load_configuration({"ORCAOPS_HOME": str(home)}).settings.port == 8787


def test_a_file_too_large_is_not_read(home: Path) -> None:
    (home / "config.yaml").write_text("#" * 2_000_000)
    with pytest.raises(ConfigurationError, match="1 MiB"):
        load_configuration({"ORCAOPS_HOME": str(home)})


def test_the_token_is_kept_in_the_home_unless_named(home: Path) -> None:
    assert load_configuration({"ORCAOPS_HOME": str(home)}).settings.token_path == home / "token"
    named = load_configuration({"ORCAOPS_TOKEN_FILE": str(home / "elsewhere")}).settings
    assert named.token_path == home / "elsewhere"


@pytest.mark.parametrize(
    "name",
    ["ORCAOPS_URL", "ORCAOPS_TOKEN", "ORCAOPS_JSON", "ORCAOPS_COLOR", "ORCAOPS_RUN_TIMEOUT", "ORCAOPS_JOBS_LIST_LIMIT"],
)
def test_variables_of_the_command_line_are_none_of_the_engines_business(name: str) -> None:
    assert set(load_configuration({name: "1"}).origins.values()) == {"default"}


def test_a_misspelt_variable_is_not_taken_for_one_of_the_command_line() -> None:
    with pytest.raises(ConfigurationError, match="did you mean ORCAOPS_IDLE_EXIT"):
        load_configuration({"ORCAOPS_IDLE_EXITS": "1"})
