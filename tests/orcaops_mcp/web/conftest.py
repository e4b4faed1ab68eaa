"""The dashboard beside an engine without containers, asked in the process, and short ways to act and to read."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import httpx2
import pytest

from core import EngineSettings, SimulationSettings, open_engine, parse_job
from orcaops_mcp.intake.caller import Caller
from orcaops_mcp.web.app import build_web

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

    from core import Engine, Job

HTML = {"Accept": "text/html"}
_FIELD = re.compile(r'name="csrf" value="([0-9a-f]+)"')


class ByHeader:
    """Stands where the guards stand: says who looks, by a header that only these tests know."""

    callers = {  # noqa: RUF012 - a table
        b"visitor": Caller("visitor", may_change=False),
        b"reader": Caller("token reader", may_change=False),
        b"ci": Caller("token ci"),
    }

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = dict(scope.get("headers", ())).get(b"test-caller", b"")
        if name in self.callers:
            scope.setdefault("state", {})["caller"] = self.callers[name]
        await self._app(scope, receive, send)


@pytest.fixture
def settings(tmp_path: Path) -> EngineSettings:
    return EngineSettings(home=tmp_path / "home", backend="simulated", simulation=SimulationSettings(time_scale=0.2))


@pytest.fixture
async def engine(settings: EngineSettings) -> AsyncGenerator[Engine]:
    async with open_engine(settings) as opened:
        yield opened


@pytest.fixture
async def web(engine: Engine) -> FastAPI:
    return await anyio.to_thread.run_sync(build_web, engine)


@pytest.fixture
async def pages(web: FastAPI) -> AsyncGenerator[httpx2.AsyncClient]:
    """A browser without scripts: it keeps cookies, and does not follow on by itself."""
    transport = httpx2.ASGITransport(app=ByHeader(web))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8787", headers=HTML) as client:
        yield client


async def post(pages: httpx2.AsyncClient, path: str, *, seen_at: str = "/login", **fields: Any) -> httpx2.Response:
    """Send a form as a page would: with what a page seen before carries."""
    found = _FIELD.search((await pages.get(seen_at)).text)
    assert found is not None
    return await pages.post(path, data={"csrf": found[1], **fields})


async def a_job(engine: Engine, *command: str, wait: bool = True, **more: Any) -> Job:
    """A job that ran."""
    spec = parse_job({"image": "busybox", "command": list(command or ("echo", "hi")), **more})
    submitted = await engine.submit_job(spec, by="cli")
    return await engine.wait_for_job(submitted.job.job_id, timeout_s=30) if wait else submitted.job


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def words_of(page: httpx2.Response) -> str:
    """What a page says, in one line."""
    parser = _Words()
    parser.feed(page.text)
    return " ".join(parser.words)
