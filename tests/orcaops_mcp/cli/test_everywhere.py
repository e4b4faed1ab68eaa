"""What holds for every command: global options and their variables, a far engine, completion, configuration, doctor."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from orcaops_mcp import places
from orcaops_mcp.cli.exits import TABLE, as_docker_run, exit_code_of
from orcaops_mcp.client.errors import ClientError
from tests.orcaops_mcp.cli.conftest import COMMAND

if TYPE_CHECKING:
    from tests.orcaops_mcp.cli.conftest import EngineHome

pytestmark = pytest.mark.slow


def test_global_options_stand_before_or_after_the_command(engine_home: EngineHome) -> None:
    engine_home.ok("run", "busybox", "true")
    told = engine_home.ok("jobs", "--json", "--limit", "1")
    elsewhere = {"ORCAOPS_HOME": "/nonexistent"}
    for words in (
        ("--home", engine_home.folder, "--json", "jobs", "list", "--limit", "1"),
        ("jobs", "--home", engine_home.folder, "list", "--json", "--limit", "1"),
        ("jobs", "list", "--limit", "1", "--json", f"--home={engine_home.folder}"),
    ):
        assert json.loads(engine_home.run(*words, env=elsewhere).stdout)["items"] == json.loads(told)["items"]


def test_every_option_has_a_variable(engine_home: EngineHome) -> None:
    engine_home.ok("run", "-d", "busybox", "true")
    told = engine_home.run("jobs", "list", env={"ORCAOPS_JSON": "job_id", "ORCAOPS_JOBS_LIST_LIMIT": "1"}).stdout
    page = json.loads(told)
    assert [set(item) for item in page["items"]] == [{"job_id"}]
    spec = engine_home.run("run", "--dry-run", "busybox", "true", env={"ORCAOPS_RUN_TIMEOUT": "7s"}).stdout
    assert json.loads(spec)["spec"]["timeout_s"] == 7


def test_verbose_tells_more_and_quiet_less(engine_home: EngineHome) -> None:
    assert "job_" in engine_home.run("--verbose", "run", "busybox", "true").stderr
    assert engine_home.run("run", "--quiet", "--verbose", "busybox", "true").stderr == ""


@pytest.mark.parametrize("words", [("fly",), ("jobs", "statsu", "x"), ("jobs", "status"), ("jobs", "--nonsense")])
def test_wrong_usage_is_told_with_the_way_out(engine_home: EngineHome, words: tuple[str, ...]) -> None:
    result = engine_home.run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--help" in result.stderr


def test_a_misspelt_command_is_guessed(engine_home: EngineHome) -> None:
    assert "Did you mean jobs?" in engine_home.run("jbos").stderr
    assert "Did you mean status?" in engine_home.run("jobs", "statsu", "@last").stderr


def test_an_engine_elsewhere_is_talked_to_over_tcp(
    engine_home: EngineHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = places.note_of(engine_home.folder)
    assert note is not None
    url = str(note["url"])
    token = (Path(engine_home.folder) / "token").read_text().strip()
    (tmp_path / "in.txt").write_text("sent\n")
    (tmp_path / "main.sh").write_text("cat in.txt\n")
    monkeypatch.chdir(tmp_path)
    refused = engine_home.run("--url", url, "run", "-d", "busybox", "true")
    assert refused.exit_code == 4
    far = {"ORCAOPS_URL": url, "ORCAOPS_TOKEN": token, "ORCAOPS_HOME": "/nonexistent"}
    result = engine_home.run("run", "--workspace", ".", "busybox", "sh", "main.sh", env=far)
    assert (result.stdout, result.stderr, result.exit_code) == ("sent\n", "", 0)
    again = engine_home.run("run", "--workspace", ".", "busybox", "cat", "in.txt", env=far)
    assert again.stdout == "sent\n"
    assert engine_home.run("jobs", "--limit", "1", env=far).exit_code == 0
    assert engine_home.run("open", "--print", "--url", url).stdout == f"{url}/\n"
    assert "ok    containers: simulated" in engine_home.run("doctor", env=far).stdout


def test_a_home_without_an_engine_gets_one(tmp_path: Path) -> None:
    home = str(tmp_path / "fresh")
    variables = {"ORCAOPS_HOME": home, "ORCAOPS_BACKEND": "simulated", "PATH": "/usr/bin:/bin", "ORCAOPS_TCP": "false"}
    try:
        result = subprocess.run(
            [COMMAND, "run", "busybox", "echo", "started"], env=variables, capture_output=True, timeout=60, check=False
        )
        assert (result.stdout, result.stderr, result.returncode) == (b"started\n", b"", 0)
    finally:
        places.leave(home)
        assert places.wait_until_gone(home, 30)


@pytest.mark.hostile("B63")
def test_an_engine_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("backend: nonsense\n")
    variables = {"ORCAOPS_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    result = subprocess.run([COMMAND, "jobs"], env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout) == (5, "")
    assert "backend" in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_scripts_name_the_command(engine_home: EngineHome, shell: str) -> None:
    script = engine_home.ok("completion", shell)
    assert "_ORCAOPS_COMPLETE" in script
    assert "orcaops" in script


def test_ids_and_subcommands_are_completed(engine_home: EngineHome) -> None:
    job_id = engine_home.ok("run", "-d", "busybox", "true").strip()

    def completed(*words: str) -> str:
        variables = engine_home.variables(
            _ORCAOPS_COMPLETE="bash_complete", COMP_WORDS=" ".join(("orcaops", *words)), COMP_CWORD=str(len(words))
        )
        return subprocess.run([COMMAND], env=variables, capture_output=True, text=True, timeout=60, check=True).stdout

    assert "plain,cancel" in completed("jobs", "ca")
    assert f"plain,{job_id}" in completed("jobs", "status", job_id[:8])
    assert "plain,--status" in completed("jobs", "list", "--sta")


def test_powershell_says_its_words_one_a_line_and_is_told_what_each_means(engine_home: EngineHome) -> None:
    def completed(*words: str) -> list[str]:
        asked = {"COMP_WORDS": "\n".join(("orcaops", *words[:-1])), "COMP_CWORD": words[-1]}
        variables = engine_home.variables(_ORCAOPS_COMPLETE="powershell_complete", **asked)
        done = subprocess.run([COMMAND], env=variables, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.splitlines()

    assert completed("jobs", "ca") == ["plain\tcancel\tStop jobs."]
    assert [line.split("\t")[:2] for line in completed("completion", "powers")] == [["plain", "powershell"]]
    assert completed("workflow", "validate", "--format", "sa") == ["plain\tsarif\tsarif"]


def test_completion_starts_no_engine(tmp_path: Path) -> None:
    variables = {
        "ORCAOPS_HOME": str(tmp_path / "none"),
        "PATH": "/usr/bin:/bin",
        "_ORCAOPS_COMPLETE": "bash_complete",
        "COMP_WORDS": "orcaops jobs status ",
        "COMP_CWORD": "3",
    }
    subprocess.run([COMMAND], env=variables, capture_output=True, timeout=60, check=True)
    assert not (tmp_path / "none").exists()


def test_the_configuration_is_shown_with_where_it_comes_from(engine_home: EngineHome) -> None:
    lines = engine_home.run("config", "show", "--origin", env={"ORCAOPS_PORT": "9000"}).stdout.splitlines()
    assert "port\t9000\tORCAOPS_PORT" in lines
    assert f"home\t{engine_home.folder}\tORCAOPS_HOME" in lines
    shown = json.loads(engine_home.run("config", "show", "--json", "--origin").stdout)
    assert shown["port"] == {"value": "8787", "origin": "default"}


def test_a_configuration_file_is_written_once_and_changes_nothing(engine_home: EngineHome, tmp_path: Path) -> None:
    home = {"ORCAOPS_HOME": str(tmp_path / "home")}
    before = engine_home.run("config", "show", env=home).stdout
    file = Path(engine_home.run("config", "init", env=home).stdout.strip())
    assert file == tmp_path / "home" / "config.yaml"
    assert engine_home.run("config", "path", env=home).stdout == f"{file}\n"
    assert engine_home.run("config", "show", env=home).stdout == before
    again = engine_home.run("config", "init", env=home)
    assert (again.exit_code, again.stdout) == (6, "")
    uncommented = "\n".join(
        line.removeprefix("# ") for line in file.read_text().splitlines()[3:] if not line.startswith("# #")
    )
    file.write_text("\n".join(line for line in uncommented.splitlines() if not line.strip().startswith("#")))
    assert engine_home.run("config", "show", env=home).exit_code == 0, file.read_text()


def test_a_configuration_with_faults_is_wrong_usage(engine_home: EngineHome) -> None:
    result = engine_home.run("config", "show", env={"ORCAOPS_PROT": "1"})
    assert result.exit_code == 2
    assert "did you mean ORCAOPS_PORT?" in result.stderr


def test_doctor_mends_what_others_can_look_into(engine_home: EngineHome, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    token = home / "token"
    token.write_text("x" * 43)
    token.chmod(0o644)
    words = ("doctor", "--backend", "simulated", "--home", str(home))
    told = engine_home.run(*words)
    assert (told.exit_code, told.stdout.count("warn  ")) == (0, 2)
    assert engine_home.run(*words, "--strict").exit_code == 1
    home.chmod(0o755)  # the engine that was tried made it private
    checks = json.loads(engine_home.run(*words, "--fix", "--json").stdout)
    assert [check["name"] for check in checks if check["state"] == "mended"] == ["home", "token"]
    assert (home.stat().st_mode & 0o777, token.stat().st_mode & 0o777) == (0o700, 0o600)
    assert engine_home.run(*words, "--strict").exit_code == 0


def test_doctor_asks_the_engine_that_runs(engine_home: EngineHome) -> None:
    checks = {check["name"]: check for check in json.loads(engine_home.ok("doctor", "--json"))}
    assert checks["engine"]["said"].startswith("pid ")
    assert checks["containers"] == {
        "name": "containers", "state": "ok", "said": "simulated 1", "hint": "", "can_be_mended": False
    }  # fmt: skip
    assert (checks["mcp"]["state"], checks["mcp"]["said"]) == ("ok", "answers at /mcp")
    engine_home.ok("run", "busybox", "true")
    checks = {check["name"]: check for check in json.loads(engine_home.ok("doctor", "--json"))}
    assert (checks["websocket"]["state"], checks["websocket"]["said"]) == ("ok", "logs can be followed")


def test_the_system_is_told(engine_home: EngineHome) -> None:
    facts = dict(line.split("\t") for line in engine_home.ok("system").splitlines())
    assert facts["containers"] == "simulated 1"
    assert json.loads(engine_home.ok("system", "--json=queued")).keys() == {"queued"}


def test_documents_for_programs_are_printed_or_written(engine_home: EngineHome, tmp_path: Path) -> None:
    assert json.loads(engine_home.ok("openapi"))["openapi"] == "3.2.0"
    file = tmp_path / "job.schema.json"
    assert engine_home.run("schema", "job", "-o", str(file)).stdout == ""
    Draft202012Validator.check_schema(json.loads(file.read_text()))
    assert engine_home.ok("version").startswith("orcaops 0.")
    assert json.loads(engine_home.ok("version", "--json")).keys() == {"version"}


def test_every_error_of_the_table_has_its_exit_code() -> None:
    cases = {
        ("job_not_found", 404): 3, ("unauthorized", 401): 4, ("read_only_token", 403): 4, ("not_admitted", 422): 4,
        ("engine_unreachable", 0): 5, ("engine_unavailable", 503): 5, ("job_not_finished", 409): 6,
        ("invalid_spec", 422): 7, ("invalid_argument", 422): 2, ("ambiguous_id", 0): 2, ("internal", 500): 1,
        ("queue_full", 503): 1,
    }  # fmt: skip
    found = {case: exit_code_of(ClientError(case[0], "", status=case[1])) for case in cases}
    assert found == cases
    assert set(found.values()) <= {code for code, _ in TABLE}


@pytest.mark.parametrize(
    ("status", "exit_code", "kind", "code"),
    [
        ("success", 0, None, 0),
        ("success", 3, None, 3),
        ("failed", 9, "exit", 9),
        ("failed", 137, "oom", 137),
        ("failed", 0, "output", 1),
        ("failed", 127, "start_error", 127),
        ("failed", 126, "start_error", 126),
        ("failed", None, "start_error", 127),
        ("failed", None, "image_not_found", 125),
        ("failed", None, "engine_unavailable", 125),
        ("timed_out", 143, "timeout", 124),
        ("cancelled", 143, None, 130),
    ],
)
def test_run_ends_as_docker_run_would(status: str, exit_code: int | None, kind: str | None, code: int) -> None:
    failure = {"kind": kind} if kind else None
    assert as_docker_run({"status": status, "exit_code": exit_code, "failure": failure}) == code
