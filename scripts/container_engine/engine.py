"""The Docker Engine: the one that answers, or one that we start."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.container_engine import apt
from scripts.container_engine.commands import attempt, checked, find_program, start_detached
from scripts.container_engine.console import CannotContinueError, say, step
from scripts.container_engine.state import Daemon, wait_until

if TYPE_CHECKING:
    import subprocess

__all__ = ("daemon", "endpoint", "up", "version")

_ANSWER_S = 10.0
_START_S = 60.0
_DEFAULT_ENDPOINT = "unix:///var/run/docker.sock"
_ADVICE = (
    "Install Docker (Docker Desktop, Colima, OrbStack or your system's package), start it, check that `docker info` "
    "answers, and run this again."
)


def daemon(folder: Path) -> Daemon:
    """The engine that this script starts."""
    return Daemon(folder, "dockerd")


def _ask_version() -> subprocess.CompletedProcess[bytes]:
    return attempt("docker", "version", "--format", "{{.Server.Version}}", timeout_s=_ANSWER_S)


def version() -> str | None:
    """The version of the engine that `docker` reaches here (DOCKER_HOST and contexts count); None if none answers."""
    answer = _ask_version()
    return answer.stdout.decode().strip() or None if answer.returncode == 0 else None


def endpoint() -> str:
    """The address of the engine that `docker` talks to."""
    if "DOCKER_HOST" in os.environ:
        return os.environ["DOCKER_HOST"]
    answer = attempt("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    return answer.stdout.decode().strip() or _DEFAULT_ENDPOINT


def up(folder: Path) -> None:
    """Make sure that an engine answers.

    Raises:
        CannotContinueError: None does, and none can be started here.
    """
    if find_program("docker"):
        found = version()
        if found:
            say(f"Docker Engine {found} answers")
            return
        _refuse_foreign_endpoint()
    if sys.platform != "linux":
        raise CannotContinueError(f"No Docker Engine answers. {_ADVICE}")
    apt.need("docker.io", "iptables", program="dockerd", otherwise=_ADVICE)
    apt.need("docker-cli", program="docker", otherwise=_ADVICE)
    apt.need("iptables", program="iptables", otherwise=_ADVICE)
    if os.geteuid() != 0 and version() is None:
        raise CannotContinueError("No Docker Engine answers, and only root can start one: run this with sudo.")
    with step("starting Docker Engine"):
        _start(folder)
    say(f"Docker Engine {version()} answers")


def _refuse_foreign_endpoint() -> None:
    """An engine that was chosen and does not answer is for its owner to mend; ours would listen elsewhere."""
    chosen = endpoint()
    if chosen != _DEFAULT_ENDPOINT:
        raise CannotContinueError(
            f"The engine at {chosen} does not answer (DOCKER_HOST or `docker context`). Start it, or unset DOCKER_HOST."
        )
    reason = _ask_version().stderr.decode(errors="replace")
    if "permission denied" in reason:
        raise CannotContinueError(
            "You may not use the Docker Engine here: `sudo usermod -aG docker $USER`, then log in again."
        )


def _start(folder: Path) -> None:
    if Path("/run/systemd/system").is_dir():
        checked("systemctl", "start", "docker")
        if not wait_until(lambda: version() is not None, seconds=_START_S):
            raise CannotContinueError(
                "systemd started docker, yet it does not answer: `journalctl -u docker` says why."
            )
        return
    ours = daemon(folder)
    if ours.started_by_us() is None:
        ours.note(start_detached(["dockerd"], ours.log))
    wait_until(lambda: version() is not None or ours.started_by_us() is None, seconds=_START_S)
    if version() is None:
        raise CannotContinueError(f"dockerd does not answer; the end of {ours.log}:\n{ours.last_lines()}")
