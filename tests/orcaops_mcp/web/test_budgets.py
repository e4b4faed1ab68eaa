"""What a page may cost: the scripts and styles that it loads, compressed, against what the specification allows."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import httpx2
import pytest

from core import JobFilter, WorkflowFilter, open_engine
from core.store.database import READERS
from core.testing.demo import DemoSize, demo_settings, fill_demo_home
from orcaops_mcp.web.app import build_web
from tests.orcaops_mcp.web.conftest import HTML

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from core import Engine

ALLOWED_BYTES = 60 * 1024
PAGES = (
    "/jobs", "/jobs/new", "/jobs/{job}", "/jobs/{job}?tab=details", "/jobs/{job}?tab=artifacts",
    "/jobs/{job}?tab=events",
    "/jobs/{job}/cancel", "/workflows", "/workflows/new", "/workflows/{run}", "/workflows/{run}/log", "/artifacts",
    "/templates", "/analytics", "/system", "/connect", "/login",
)  # fmt: skip
ALLOWED_TIMES = 2.0
LOOKS = 5  # what the engine does by itself is counted too, and comes now and then
LISTS = ("/jobs", "/jobs?status=success", "/jobs?source=agent", "/jobs?tag=tests")
_LOADED = re.compile(r'<(?:script|link)[^>]*?(?:src|href)="(/static/[^"?]+\.(?:js|css))')
_IMPORTED = re.compile(r'(?:from|import)\s*\(?"(\.?/[\w./@-]+\.js)"')


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "home"
    anyio.run(fill_demo_home, folder, DemoSize(jobs=120, runs=1, log_lines=50, logs=0))
    return folder


@pytest.fixture
async def engine(home: Path) -> AsyncGenerator[Engine]:
    async with open_engine(demo_settings(home)) as opened:
        yield opened


async def loaded_by(pages: httpx2.AsyncClient, page: httpx2.Response) -> dict[str, int]:
    """Each script and style that a page loads, with those that scripts import, and what it is compressed."""
    todo, sizes = set(_LOADED.findall(page.text)), dict[str, int]()
    while todo:
        name = todo.pop()
        answer = await pages.get(name)
        assert answer.status_code == 200, name
        sizes[name] = len(gzip.compress(answer.content))
        beside = name.rpartition("/")[0]
        for each in _IMPORTED.findall(answer.text) if name.startswith("/static/js/") else ():
            todo.add(each if each.startswith("/static/") else f"{beside}/{each.removeprefix('./')}")
        todo -= sizes.keys()
    return sizes


async def test_the_scripts_and_styles_of_every_page_fit_in_sixty_kibibytes(
    engine: Engine, record_property: Callable[[str, object], None]
) -> None:
    names = {
        "job": (await engine.list_jobs(JobFilter(name="growing-log"))).items[0].job_id,
        "run": (await engine.list_workflows(WorkflowFilter(name="ci-pipeline"))).items[0].workflow_id,
    }
    app = await anyio.to_thread.run_sync(build_web, engine)
    transport = httpx2.ASGITransport(app=app)
    shares: dict[str, float] = {}
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8787", headers=HTML) as pages:
        for path in PAGES:
            page = await pages.get(path.format(**names))
            assert page.status_code == 200, path
            sizes = await loaded_by(pages, page)
            assert sizes, path
            shares[path] = sum(sizes.values()) / ALLOWED_BYTES
            record_property(f"scripts and styles of {path}, of what is allowed", f"{shares[path]:.2f}")
    assert {path: share for path, share in shares.items() if share > 1} == {}
    assert max(shares.values()) > 0.2, "what pages load was not found"


async def test_a_page_of_a_list_asks_the_database_as_much_of_ten_times_as_many_jobs(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    steps = {jobs: await database_steps(tmp_path / f"{jobs}", jobs) for jobs in (400, 4000)}
    ratios = {path: count / steps[400][path] for path, count in steps[4000].items()}
    for path, ratio in ratios.items():
        record_property(f"steps of the database for {path} of ten times as many jobs", f"{ratio:.2f}")
    assert {path: ratio for path, ratio in ratios.items() if ratio > ALLOWED_TIMES} == {}


async def database_steps(home: Path, jobs: int) -> dict[str, int]:
    """What each list costs, in steps of SQLite's machine: the same on any day."""
    await fill_demo_home(home, DemoSize(jobs=jobs, runs=1, log_lines=10, logs=0))
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1

    def watch(connection: sqlite3.Connection) -> int:
        connection.set_progress_handler(count, 1)
        return id(connection)

    async with open_engine(demo_settings(home)) as engine:
        watched: set[int] = set()
        while len(watched) < READERS:  # they take turns
            watched.add(await engine._parts.jobs._database.read(watch))
        app = await anyio.to_thread.run_sync(build_web, engine)
        transport = httpx2.ASGITransport(app=app)
        found: dict[str, int] = {}
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8787", headers=HTML) as pages:
            for path in LISTS:
                looks: list[int] = []
                for _ in range(LOOKS):
                    before = counted
                    page = await pages.get(path)
                    assert page.text.count('<tr id="row-') == 50, path
                    looks.append(counted - before)
                found[path] = min(looks)
    return found
