"""The `orcaops` command, a process a call."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.doors.scenario import Line, Request

ORCAOPS = Path(sys.executable).parent / "orcaops"
_ENDED = {"success", "failed", "timed_out", "cancelled"}


class CliCaller:
    """Calls the command.

    Args:
        home: Whose engine is meant.
        folder: Where specs are written.
    """

    def __init__(self, home: Path, folder: Path) -> None:
        self.folder = folder
        self._home = home

    async def call(self, *words: str) -> bytes:
        """What a command that goes well prints."""
        result = await self._process(words)
        assert result[0] == 0, result[2].decode()
        return result[1]

    async def refusal(self, status: int, *words: str) -> Request:
        """The envelope of a refusal with this exit code."""
        code, printed, said = await self._process(words)
        assert (code, printed) == (status, b""), said.decode()
        error: Request = json.loads(said)["error"]
        return error

    async def _process(self, words: Sequence[Any]) -> tuple[int, bytes, bytes]:
        command = [str(ORCAOPS), *words, "--home", str(self._home)]
        done = await anyio.run_process(command, check=False, stdin=None)
        return done.returncode, done.stdout, done.stderr


class CliDoor(CliCaller):
    """What a person or a script would type."""

    async def submit(self, request: Request) -> str:
        return (await self.call("run", "--spec", await self._spec(request), "--detach")).decode().strip()

    async def follow(self, job_id: str) -> Sequence[Line]:
        printed = await self.call("jobs", "logs", "--follow", "--json", job_id)
        lines: list[Request] = [json.loads(line) for line in printed.splitlines()]
        return [(line["n"], line["stream"], line["step"], line["text"]) for line in lines if "text" in line]

    async def count(self, job_id: str, expression: str) -> int:
        return int(await self.call("jobs", "logs", "--grep", expression, "--count", job_id))

    async def wait(self, job_id: str) -> Request:
        await self.call("jobs", "watch", job_id)
        record: Request = json.loads(await self.call("jobs", "status", "--json", job_id))
        assert record["status"] in _ENDED
        return record

    async def artifacts(self, job_id: str) -> Sequence[Request]:
        items: list[Request] = json.loads(await self.call("jobs", "artifacts", "--json", job_id))
        return items

    async def fetch(self, job_id: str, path: str) -> bytes:
        return await self.call("jobs", "download", "--output", "-", job_id, path)

    async def cancel(self, job_id: str, reason: str) -> None:
        await self.call("jobs", "cancel", "--reason", reason, job_id)

    async def rerun(self, job_id: str, changes: Request) -> str:
        variables = [part for pair in changes["env"] for part in ("--env", pair)]
        return (await self.call("jobs", "rerun", *variables, job_id)).decode().strip()

    async def listed(self, tag: str) -> Sequence[Request]:
        items: list[Request] = json.loads(await self.call("jobs", "list", "--json", "--tag", tag))["items"]
        return items

    async def failure(self, job_id: str) -> Request:
        digest: Request = json.loads(await self.call("jobs", "why", "--json", job_id))
        return digest

    async def error_of_submit(self, request: Request) -> Request:
        return await self.refusal(7, "run", "--spec", await self._spec(request), "--detach", "--json")

    async def error_of_look(self, job_id: str) -> Request:
        return await self.refusal(3, "jobs", "status", "--json", job_id)

    async def _spec(self, request: Request) -> str:
        path = anyio.Path(self.folder / "job.json")
        await path.write_text(json.dumps(request))
        return str(path)
