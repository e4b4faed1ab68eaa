"""The dashboard's list of jobs, out of ten thousand jobs and out of a million: the server's time for a page."""

from __future__ import annotations

import re
import sqlite3
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
import httpx2

from benchmarks.report import Row
from core import open_engine
from core.testing.demo import DemoSize, demo_settings, fill_demo_home
from orcaops_mcp.web.app import build_web

if TYPE_CHECKING:
    from collections.abc import Mapping

FEW: Final = 10_000
TIMES: Final = 100
PAGES: Final = 60
LIMIT_MS: Final = 50.0
MOST_TIMES: Final = 2.0

_ADDRESSES: Final = {
    "all": "/jobs",
    "failed": "/jobs?status=failed",
    "a source": "/jobs?source=cli",
    "a word": "/jobs?q=test",
}
_OLDER: Final = re.compile(r'rel="next" href="([^"]+)"')


async def measure() -> list[Row]:
    """Median milliseconds of a page of fifty, with each filter and far down the list."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        await fill_demo_home(home, DemoSize(jobs=FEW, log_lines=1_000))
        few = await _times(home)
        began = perf_counter()
        await anyio.to_thread.run_sync(_multiply, home / "orcaops.db")
        print(f"  {TIMES} times as many jobs were written in {perf_counter() - began:.0f} s", file=sys.stderr)
        many = await _times(home)
    rows: list[Row] = []
    for label, took in few.items():
        what = f"list of 50 out of {FEW:,} jobs, {label}"
        rows.append(Row(what, f"{took:.1f} ms", "promise", f"{LIMIT_MS:.0f} ms", took / LIMIT_MS, 1.0))
    for label, took in many.items():
        what, ratio = f"list of 50 out of {FEW * TIMES:,} jobs, {label}", took / few[label]
        rows.append(Row(what, f"{took:.1f} ms", f"out of {FEW:,}", f"{few[label]:.1f} ms", ratio, MOST_TIMES))
    return rows


async def _times(home: Path) -> Mapping[str, float]:
    async with open_engine(demo_settings(home)) as engine:
        web = await anyio.to_thread.run_sync(build_web, engine)
        transport = httpx2.ASGITransport(app=web)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=_HTML) as browser:
            found = {label: await _median(browser, address, onward=False) for label, address in _ADDRESSES.items()}
            return found | {"page after page": await _median(browser, "/jobs", onward=True)}


_HTML: Final = {"Accept": "text/html"}


async def _median(browser: httpx2.AsyncClient, address: str, *, onward: bool) -> float:
    times: list[float] = []
    for _ in range(PAGES):
        began = perf_counter()
        page = await browser.get(address)
        times.append(1000 * (perf_counter() - began))
        assert page.status_code == 200
        assert page.text.count('<tr id="row-') == 50
        if onward:
            address = _OLDER.findall(page.text)[0].replace("&amp;", "&")
    return statistics.median(times)


def _multiply(path: Path) -> None:
    """Each ended job a hundred times, with its attempts and tags, further and further back."""
    with sqlite3.connect(path) as database:
        for quickly in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -400000"):
            database.execute(f"PRAGMA {quickly}")
        database.execute(_FURTHER, {"times": TIMES})
        database.execute(_ENDED)
        for table in ("jobs", "attempts", "job_tags"):
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            values = ", ".join(_CHANGED.get(column, f"t.{column}") for column in columns)
            copied = f"SELECT {values} FROM {table} AS t JOIN ended USING (job_id) CROSS JOIN further"  # noqa: S608 - our own names
            database.execute(f"INSERT INTO {table} ({', '.join(columns)}) {copied}")


_FURTHER: Final = """
CREATE TEMP TABLE further AS
WITH RECURSIVE numbers(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM numbers WHERE k < :times - 1) SELECT k FROM numbers
"""
_ENDED: Final = "CREATE TEMP TABLE ended AS SELECT job_id FROM jobs WHERE finished_us IS NOT NULL"
_CHANGED: Final = {  # no id that was made holds a u
    "job_id": "substr(job_id, 1, 13) || printf('u%02d', k) || substr(job_id, 17)",
    "created_us": "t.created_us - k * 2592000000000",
    "workflow_id": "NULL",
    "spec": "json_object('image', image, 'name', name, 'command', json_array('true'))",
    "steps": "'[]'",
    "services": "'[]'",
}
