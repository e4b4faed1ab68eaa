"""A Docker Engine of the suite's own, which may be killed, stopped and started under a running OrcaOps.

It has its own data root, sockets and network namespace (beside the machine's engine, an engine without a bridge would
take that one's away), so that its containers have no network but their own loopback. Processes are ended by their ids.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scripts.container_engine.commands import find_program
from scripts.container_engine.state import wait_until

if TYPE_CHECKING:
    from collections.abc import Generator

IMAGE: Final = "busybox:latest"
_START_S: Final = 60.0


class Dockerd:
    """One engine and what it keeps in a folder.

    Args:
        folder: For everything of it; a short path, because sockets are in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._live_restore = True

    @property
    def base_url(self) -> str:
        return f"unix://{self._folder}/docker.sock"

    def start(self, *, live_restore: bool | None = None) -> None:
        """Start it and wait until it answers; as before unless told otherwise."""
        self._live_restore = self._live_restore if live_restore is None else live_restore
        folder = self._folder
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *("unshare", "--net", str(find_program("dockerd"))),
                    *("--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid"),
                    *("--host", self.base_url, "--bridge", "none", "--iptables=false"),
                    f"--live-restore={str(self._live_restore).lower()}",
                ],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if not wait_until(lambda: self._answers() or self._process_ended(), seconds=_START_S) or self._process_ended():
            raise RuntimeError(f"dockerd does not answer; see {folder}/log")

    def kill(self) -> None:
        """End it with SIGKILL; its containers go on. The kernel ends its containerd with it, a moment later."""
        containerd = self._containerd()
        self._signal(signal.SIGKILL)
        self._ended()
        self.until_gone(containerd)
        # the next one would take a dead process that nobody has buried yet for its containerd, and wait for it
        (self._folder / "exec/containerd/containerd.pid").unlink(missing_ok=True)

    def terminate(self, *, wait: bool = True) -> None:
        """Ask it to end, as a service manager does."""
        self._signal(signal.SIGTERM)
        if wait:
            self._ended()

    def until_ended(self) -> None:
        self._ended()

    def pause(self) -> None:
        """Have it hang."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def kill_containerd(self) -> None:
        """End what runs the containers under it; it starts another."""
        os.kill(self._containerd(), signal.SIGKILL)

    def docker(self, *arguments: str) -> str:
        """What somebody else does with it."""
        done = subprocess.run(
            ["docker", "--host", self.base_url, *arguments], capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.strip()

    def process_of(self, container: str) -> int:
        """The id of a container's process 1, as this machine sees it."""
        return int(self.docker("inspect", "--format", "{{.State.Pid}}", container))

    def shim_of(self, container: str) -> int:
        """The process that carries a container under containerd."""
        stat = Path(f"/proc/{self.process_of(container)}/stat").read_text()
        return int(stat.rpartition(")")[2].split()[1])

    def until_gone(self, pid: int) -> None:
        """Wait for the end of a process on this machine."""
        if not wait_until(lambda: not _runs(pid), seconds=_START_S):
            raise RuntimeError(f"process {pid} goes on")

    def clear(self) -> None:
        """Remove every container, having started it again if it does not run."""
        if self._process_ended():
            self.start()
        if left := self.docker("ps", "--all", "--quiet").split():
            self.docker("rm", "--force", "--volumes", *left)

    def close(self) -> None:
        """End it and take away all that it made."""
        with suppress(subprocess.SubprocessError, RuntimeError):
            self.clear()
        self.terminate()
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for place in sorted((place for place in mounts if place.startswith(f"{self._folder}/")), reverse=True):
            subprocess.run(["umount", "--lazy", place], check=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _containerd(self) -> int:
        return int((self._folder / "exec/containerd/containerd.pid").read_text())

    def _answers(self) -> bool:
        done = subprocess.run(
            ["docker", "--host", self.base_url, "version"], capture_output=True, timeout=30, check=False
        )
        return done.returncode == 0

    def _process_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _ended(self) -> None:
        assert self._process is not None
        self._process.wait(_START_S)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def why_not() -> str:
    """Why no engine of our own can be started here; empty if one can."""
    if os.geteuid() != 0:
        return "only root can start a Docker Engine of the suite's own"
    missing = [name for name in ("dockerd", "containerd", "unshare") if find_program(name) is None]
    return f"{', '.join(missing)}: not installed" if missing else ""


@contextmanager
def own_dockerd() -> Generator[Dockerd]:
    """An engine that has `IMAGE`, while the context lasts."""
    dockerd = Dockerd(Path(tempfile.mkdtemp(prefix="orca-d-", dir="/tmp")))
    try:
        dockerd.start()
        image = subprocess.run(["docker", "save", IMAGE], capture_output=True, timeout=60, check=True).stdout
        subprocess.run(
            ["docker", "--host", dockerd.base_url, "load", "--quiet"],
            input=image,
            capture_output=True,
            timeout=60,
            check=True,
        )
        yield dockerd
    finally:
        dockerd.close()
