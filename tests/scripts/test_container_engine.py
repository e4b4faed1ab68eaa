"""The script that gives a machine an engine, images and registries: its parsing, its care, and itself for real."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.container_engine import apt, images, registry
from scripts.container_engine.commands import attempt, checked, start_detached
from scripts.container_engine.console import CannotContinueError
from scripts.container_engine.state import Daemon

if TYPE_CHECKING:
    from collections.abc import Generator

_SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "container-engine"
_DEB822 = """\
Types: deb deb-src
# the distribution itself
URIs: https://mirror.example.org/debian
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
URIs: https://tools.example.org
Suites: bookworm
Components: main
Enabled: no

Types: deb-src
URIs: https://source.example.org
Suites: bookworm
Components: main
"""


def _run(*verb: str, state: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"ORCAOPS_ENGINE_STATE": str(state)} if state else {})}
    return subprocess.run(
        [_SCRIPT, *verb],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _image_id(reference: str) -> str:
    return checked("docker", "image", "inspect", "--format", "{{.Id}}", reference)


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    return Daemon(tmp_path, "idler")


def test_one_line_sources_are_read_past_options_and_comments() -> None:
    text = """\
# deb http://off.example.org bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://a.example.org/d bookworm main contrib # comment
deb-src http://a.example.org/d bookworm main
"""
    assert apt.parse_one_line(text) == [apt.Source("http://a.example.org/d", "bookworm", ("main", "contrib"))]


def test_deb822_sources_are_read_without_disabled_and_source_stanzas() -> None:
    uri, components = "https://mirror.example.org/debian", ("main", "contrib")
    assert apt.parse_deb822(_DEB822) == [
        apt.Source(uri, "bookworm", components),
        apt.Source(uri, "bookworm-updates", components),
    ]


def test_the_mirror_is_the_one_that_offers_the_release_itself() -> None:
    sources = [
        apt.Source("https://tools.example.org", "nodistro", ("main",)),
        apt.Source("https://security.example.org", "bookworm-security", ("main",)),
        apt.Source("https://mirror.example.org/debian", "bookworm", ("main",)),
    ]
    assert apt.choose_mirror(sources, "bookworm") == "https://mirror.example.org/debian"


def test_a_machine_without_a_source_for_the_release_is_told_so() -> None:
    with pytest.raises(CannotContinueError, match="'trixie'"):
        apt.choose_mirror([apt.Source("https://mirror.example.org", "bookworm", ("main",))], "trixie")


def test_a_mirror_list_stands_for_its_first_mirror(tmp_path: Path) -> None:
    mirrors = tmp_path / "mirrors.list"
    mirrors.write_text("# near first\nhttps://near.example.org/debian priority:1\nhttps://far.example.org/debian\n")
    source = apt.Source(f"mirror+file:{mirrors}", "bookworm", ("main",))
    assert apt.choose_mirror([source], "bookworm") == "https://near.example.org/debian"


def test_every_file_of_the_apt_configuration_counts(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://a.example.org x main\n")
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / "b.list").write_text("deb http://b.example.org x main\n")
    (parts / "c.sources").write_text(_DEB822)
    hosts = [source.uri for source in apt.machine_sources(tmp_path)]
    assert hosts[:2] == ["http://a.example.org", "http://b.example.org"]
    assert hosts[2:] == ["https://mirror.example.org/debian"] * 2


def test_the_distribution_is_read_from_os_release(tmp_path: Path) -> None:
    release = tmp_path / "os-release"
    release.write_text('PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_CODENAME="bookworm"\n')
    assert apt.distribution(release) == ("debian", "bookworm")
    assert apt.distribution(tmp_path / "absent") == ("", "")


@pytest.mark.parametrize(
    "message",
    [
        "dial tcp: lookup registry.example.org: no such host",
        "dial tcp 192.0.2.1:443: connect: connection refused",
        "Get https://registry.example.org/v2/: net/http: request canceled (Client.Timeout exceeded)",
        "toomanyrequests: You have reached your pull rate limit",
    ],
)
def test_a_registry_that_cannot_be_used_means_stand_ins(message: str) -> None:
    assert images.is_out_of_reach(message)


@pytest.mark.parametrize("message", ["manifest unknown", "no basic auth credentials", "pull access denied"])
def test_a_registry_that_says_no_is_an_error(message: str) -> None:
    assert not images.is_out_of_reach(message)


def test_only_the_named_images_are_wanted() -> None:
    assert [each.reference for each in images.select("python, busybox")] == ["busybox:latest", "python:3.11-slim"]
    with pytest.raises(CannotContinueError, match="mysql"):
        images.select("mysql")


def test_a_failing_program_is_quoted() -> None:
    with pytest.raises(CannotContinueError, match="ended with 3:\n  out of luck"):
        checked(sys.executable, "-c", "import sys; print('out of luck', file=sys.stderr); sys.exit(3)")


def test_a_program_that_is_absent_or_hangs_is_an_answer() -> None:
    assert attempt("no-such-program-here").returncode == 127
    assert attempt("tail", "-f", "/dev/null", timeout_s=0.05).returncode == 124


def test_a_password_hash_proves_its_password() -> None:
    import ctypes  # noqa: PLC0415 - a C library that not every system has

    try:
        hashed = registry.bcrypt("open sesame")
    except OSError:
        pytest.skip("this system has no libcrypt")
    crypt = ctypes.CDLL("libcrypt.so.1").crypt
    crypt.restype = ctypes.c_char_p
    assert crypt(b"open sesame", hashed.encode()) == hashed.encode()
    assert crypt(b"open barley", hashed.encode()) != hashed.encode()
    assert registry.bcrypt("open sesame") != hashed


@pytest.mark.skipif(sys.platform != "linux", reason="the script starts processes on Linux only")
def test_a_process_that_we_started_is_stopped(daemon: Daemon) -> None:
    daemon.note(start_detached(["tail", "-f", "/dev/null"], daemon.log))
    assert daemon.started_by_us() is not None
    assert daemon.stop()
    assert daemon.started_by_us() is None
    assert not daemon.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="the script starts processes on Linux only")
def test_a_process_that_only_has_the_number_of_ours_is_left_alone(daemon: Daemon) -> None:
    (daemon.folder / "idler.pid").write_text(f'{{"pid": {os.getpid()}, "started": "1"}}')
    assert not daemon.stop()


def test_a_verb_that_is_not_ours_is_refused() -> None:
    assert _run("sideways").returncode == 2


@pytest.mark.docker
def test_status_reports_the_engine_that_answers() -> None:
    version = checked("docker", "version", "--format", "{{.Server.Version}}")
    result = _run("status")
    assert result.returncode == 0
    assert f"engine      {version} at " in result.stdout


@pytest.mark.docker
def test_images_that_are_there_are_left_as_they_are_and_answered_quickly() -> None:
    assert _run("images", "--only", "busybox").returncode == 0
    first = _image_id("busybox:latest")
    started = time.monotonic()
    assert _run("images", "--only", "busybox").returncode == 0
    assert time.monotonic() - started < 30
    assert _image_id("busybox:latest") == first


@pytest.mark.docker
def test_down_leaves_an_engine_alone_that_it_did_not_start(tmp_path: Path) -> None:
    result = _run("down", state=tmp_path)
    assert result.returncode == 0
    assert "was not started by this script" in result.stderr
    assert checked("docker", "version", "--format", "{{.Server.Version}}")


@pytest.mark.docker
def test_an_engine_that_was_chosen_and_does_not_answer_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/absent.sock")
    result = _run("up", state=tmp_path)
    assert result.returncode == 1
    assert "does not answer" in result.stderr
    assert not (tmp_path / "dockerd.pid").exists()


@pytest.mark.docker
def test_one_registry_gives_to_everybody_and_the_other_asks_for_a_password() -> None:
    assert _run("registry").returncode == 0
    for address in ("127.0.0.1:5000/library/busybox:1.35", "127.0.0.1:5001/private/busybox:1"):
        attempt("docker", "image", "rm", address)
    opened = attempt("docker", "pull", "127.0.0.1:5000/library/busybox:1.35")
    absent = attempt("docker", "pull", "127.0.0.1:5000/library/busybox:absent")
    denied = attempt("docker", "pull", "127.0.0.1:5001/private/busybox:1")
    assert opened.returncode == 0
    assert b"manifest unknown" in absent.stderr
    assert b"no basic auth credentials" in denied.stderr


@pytest.mark.docker
def test_the_python_image_makes_virtual_environments() -> None:
    program = "python -m venv /tmp/venv && /tmp/venv/bin/python --version && /tmp/venv/bin/pip --version"
    assert "Python 3." in checked("docker", "run", "--rm", "--network=none", "python:3.11-slim", "sh", "-c", program)


@pytest.mark.docker
def test_redis_answers_by_name(network: str) -> None:
    with _service(network, "cache", "redis:7"):
        ask = "until redis-cli -h cache ping 2>/dev/null; do sleep 0.1; done"
        assert _in(network, "redis:7", "sh", "-c", ask) == "PONG"


@pytest.mark.docker
def test_postgres_makes_the_database_and_user_that_its_environment_names(network: str) -> None:
    settings = ("--env=POSTGRES_USER=app", "--env=POSTGRES_PASSWORD=pw", "--env=POSTGRES_DB=shop")
    with _service(network, "db", *settings, "postgres:15"):
        ask = "until PGPASSWORD=pw psql -h db -U app shop -Atc 'select 6 * 7' 2>/dev/null; do sleep 0.1; done"
        assert _in(network, "postgres:15", "sh", "-c", ask) == "42"


@pytest.fixture
def network() -> Generator[str]:
    name = f"container-engine-test-{os.getpid()}"
    checked("docker", "network", "create", name)
    yield name
    checked("docker", "network", "rm", name)


@contextmanager
def _service(network: str, name: str, *options_and_image: str) -> Generator[None]:
    container = checked(
        "docker", "run", "-d", "--rm", "--network", network, "--network-alias", name, *options_and_image
    )
    try:
        yield
    finally:
        checked("docker", "rm", "-f", container)


def _in(network: str, image: str, *command: str) -> str:
    return checked("docker", "run", "--rm", "--init", "--network", network, image, "timeout", "60", *command)
