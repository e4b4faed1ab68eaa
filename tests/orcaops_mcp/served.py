"""`orcaops serve` as a process, for tests."""

from __future__ import annotations

import re
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio.streams.text import TextReceiveStream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

ORCAOPS = Path(sys.executable).parent / "orcaops"


@dataclass(frozen=True)
class Served:
    url: str
    token: str | None
    process: anyio.abc.Process

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@asynccontextmanager
async def served(home: Path, *options: str, patience_s: float = 240) -> AsyncGenerator[Served]:
    """A server on a free port; SIGTERM must end it with exit code 0."""
    command = [str(ORCAOPS), "serve", "--port", "0", "--home", str(home), "--backend", "simulated", *options]
    with anyio.fail_after(patience_s):
        async with await anyio.open_process(command) as process:
            assert process.stderr is not None
            said = ""
            async for chunk in TextReceiveStream(process.stderr):
                said += chunk
                if "stop " in said and said.endswith("\n"):
                    break
            address = re.search(r"http://\S+/mcp", said)
            assert address is not None, said
            token = await anyio.Path(home / "token").read_text() if "--no-token" not in options else None
            try:
                yield Served(address[0], token.strip() if token else None, process)
            except BaseException:
                process.kill()
                raise
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
