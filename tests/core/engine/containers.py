"""Step programs in real containers, run by hand with `docker`, under busybox's shell and under dash."""

from __future__ import annotations

import io
import subprocess
import tarfile
from dataclasses import dataclass
from typing import Any

from core.engine.planning import plan_steps
from core.engine.results import ProgramNotes, read_notes
from core.engine.script import ARGV, ENTRYPOINT, FOLDER, STEPS_PATH, step_program
from core.testing.factories import a_job_spec

TOKEN = "0123456789abcdef" * 2
MARK = b"\x1e" + TOKEN.encode()


@dataclass(frozen=True)
class Ended:
    """What a finished container left.

    Attributes:
        code: Its exit code.
        output: What the steps printed on both streams, without markers.
        raw: The same with them.
        notes: What the program noted.
        container: Its id.
    """

    code: int
    output: str
    raw: bytes
    notes: ProgramNotes
    container: str

    @property
    def outputs(self) -> bytes:
        return self.file("output-1")

    def file(self, name: str) -> bytes:
        """A file of `FOLDER`."""
        return read(self.container, f"{FOLDER}/{name}")

    @property
    def codes(self) -> dict[int, int | None]:
        return {index: track.exit_code for index, track in self.notes.steps.items()}


class Containers:
    """Runs step programs in one image, and removes what it made."""

    def __init__(self, image: str) -> None:
        self._image = image
        self.made: list[str] = []

    def start(self, *commands: Any, user: str = "", **fields: Any) -> str:
        options = ["--init", "--network=none", f"--user={user}"]
        created = docker("create", *options, "--entrypoint", *ENTRYPOINT, self._image, *ARGV)
        container = created.decode().strip()
        self.made.append(container)
        docker("cp", "-", f"{container}:/", data=_archive(commands, fields))
        docker("start", container)
        return container

    def run(self, *commands: Any, user: str = "", **fields: Any) -> Ended:
        return self.end(self.start(*commands, user=user, **fields))

    def end(self, container: str) -> Ended:
        code = int(docker("wait", container))
        raw = docker("logs", container)
        return Ended(code, _without_marks(raw), raw, read_notes(read(container, STEPS_PATH)), container)

    def run_code(self, *commands: Any) -> int:
        """The exit code of a job whose files are not to be read."""
        return int(docker("wait", self.start(*commands)))

    def run_blind(self, *commands: Any) -> str:
        """The output of a job whose files are not to be read, with what the program said of them."""
        container = self.start(*commands)
        docker("wait", container)
        return _without_marks(docker("logs", container))

    def notes(self, container: str) -> ProgramNotes:
        """What the program has noted so far."""
        return read_notes(read(container, STEPS_PATH))

    def until_printed(self, container: str, text: bytes) -> None:
        with subprocess.Popen(["docker", "logs", "--follow", container], stdout=subprocess.PIPE) as follower:
            assert follower.stdout is not None
            assert any(text in line for line in follower.stdout)
            follower.terminate()


def docker(*arguments: str, data: bytes | None = None) -> bytes:
    done = subprocess.run(
        ["docker", *arguments], input=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=True
    )
    return done.stdout


def put(container: str, **files: str) -> None:
    """Put files into `FOLDER` of a container that runs, in their order."""
    docker("cp", "-", f"{container}:/", data=_packed({name: (text.encode(), 0o644) for name, text in files.items()}))


def _without_marks(raw: bytes) -> str:
    parts = f"\n{raw.decode()}".replace(MARK.decode(), "\x1e").split("\x1e")
    return "".join(part.partition("\n")[2] for part in parts)


def _archive(commands: tuple[Any, ...], fields: dict[str, Any]) -> bytes:
    spec = a_job_spec(commands=commands, **{"cancel_grace_s": 2, **fields})
    program = step_program(spec, plan_steps(spec), TOKEN, output_bytes=4096)
    return _packed({entry.path: (entry.data, entry.mode) for entry in program})


def _packed(files: dict[str, tuple[bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        folder = tarfile.TarInfo(FOLDER.strip("/"))
        folder.type, folder.mode = tarfile.DIRTYPE, 0o777
        archive.addfile(folder)
        for path, (data, mode) in files.items():
            info = tarfile.TarInfo(f"{FOLDER.strip('/')}/{path}")
            info.size, info.mode = len(data), mode
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def read(container: str, path: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(docker("cp", f"{container}:{path}", "-"))) as archive:
        member = archive.extractfile(archive.getmembers()[0])
        assert member is not None
        return member.read()
