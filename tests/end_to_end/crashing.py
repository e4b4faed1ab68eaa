"""An engine in a process of its own, which a test kills with SIGKILL."""

from __future__ import annotations

import json
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from anyio.streams.text import TextReceiveStream

import core

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from anyio.abc import Process

_PROGRAM = """
import json, os, sys
from pathlib import Path
import anyio
from core import EngineSettings, JobChanged, LogGrew, open_engine, parse_job

async def main():
    settings = EngineSettings(home=Path(sys.argv[1]))
    async with open_engine(settings) as engine, anyio.create_task_group() as tasks:
        say = lambda **facts: print(json.dumps(facts), flush=True)
        with engine.subscribe() as news:
            say(what="ready", home_id=engine.home_id)
            async def obey():
                async for line in anyio.wrap_file(sys.stdin):
                    order = json.loads(line)
                    if order["what"] == "submit":
                        job = (await engine.submit_job(parse_job(order["request"]))).job
                        say(what="submitted", job_id=job.job_id)
                    else:
                        await engine.cancel_job(order["job_id"], reason="test")
                        say(what="cancelling")
            tasks.start_soon(obey)
            async for event in news:
                if isinstance(event, JobChanged):
                    phase = event.job.attempt and event.job.attempt.phase
                    say(what="job", status=event.job.status, phase=phase, number=event.job.attempt_number)
                elif isinstance(event, LogGrew):
                    say(what="log", lines=event.lines)
                else:
                    say(what="progress", text=event.text)

anyio.run(main)
"""


class EngineProcess:
    """An engine that tells what happens, line by line.

    Args:
        process: Its process.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._rest = ""
        assert process.stdout is not None
        self._said = TextReceiveStream(process.stdout)

    async def until(self, is_it: Callable[[dict[str, Any]], bool], *, within_s: float = 120) -> dict[str, Any]:
        """Read on until the engine says something."""
        with anyio.fail_after(within_s):
            while True:
                line, newline, self._rest = self._rest.partition("\n")
                if not newline:
                    self._rest = line + await self._said.receive()
                elif is_it(said := json.loads(line)):
                    return said

    async def submit(self, **request: Any) -> str:
        await self.order(what="submit", request={"image": "busybox:latest", "network": "none", **request})
        return (await self.until(lambda said: said["what"] == "submitted"))["job_id"]

    async def cancel(self, job_id: str) -> None:
        await self.order(what="cancel", job_id=job_id)
        await self.until(lambda said: said["what"] == "cancelling")

    async def order(self, **facts: Any) -> None:
        """Tell it something."""
        assert self._process.stdin is not None
        await self._process.stdin.send(json.dumps(facts).encode() + b"\n")

    async def kill(self) -> None:
        """End it with SIGKILL."""
        self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def engine_process(home: Path, program: str = _PROGRAM) -> AsyncGenerator[EngineProcess]:
    """Run an engine on a home; at the end it is killed if it still lives."""
    environment = {**os.environ, "PYTHONPATH": str(Path(core.__file__).parents[1])}
    async with await anyio.open_process(
        [sys.executable, "-c", program, str(home)], stderr=None, env=environment
    ) as process:
        engine = EngineProcess(process)
        try:
            yield engine
        finally:
            if process.returncode is None:
                await engine.kill()
