"""The page of figures: what it says, and that its numbers lead to the jobs behind them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import httpx2
import pytest

from core import open_engine
from core.testing.demo import DemoSize, demo_settings, fill_demo_home
from orcaops_mcp.web.app import build_web
from tests.orcaops_mcp.web.conftest import a_job, words_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from core import Engine

DEMO = DemoSize(jobs=300, runs=2, log_lines=50, logs=0)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("demo") / "home"
    anyio.run(fill_demo_home, home, DEMO)
    return home


@pytest.fixture
async def shown(month: Path) -> AsyncGenerator[httpx2.AsyncClient]:
    """Pages over a home with a month of jobs, in which nothing is changed."""
    async with open_engine(demo_settings(month)) as engine:
        app = await anyio.to_thread.run_sync(build_web, engine)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8787", headers={"Accept": "text/html"}
        ) as client:
            yield client


async def test_the_figures_of_a_month_are_told_in_cards_tables_and_drawings_with_tables(
    shown: httpx2.AsyncClient,
) -> None:
    page = await shown.get("/analytics")
    assert page.status_code == 200
    words = words_of(page)
    for title in (
        "Success rate",
        "Runs",
        "Median duration",
        "Queue wait",
        "Slowest",
        "Most failing",
        "Flaky",
        "Busiest",
    ):
        assert title in words
    assert "pytest-unit" in words
    assert "token ci" in words
    days = re.findall(r'<tr data-at="(\d+)"', page.text)
    assert len(days) == 2 * len(set(days)) > 60
    assert page.text.count("Show as table") == 2


async def test_a_number_leads_to_the_list_of_the_jobs_behind_it(shown: httpx2.AsyncClient) -> None:
    page = await shown.get("/analytics?range=30d")
    failed = re.search(r'href="(/jobs\?since=30d&amp;q=pytest-unit&amp;status=failed[^"]*)"', page.text)
    assert failed is not None
    behind = await shown.get(failed[1].replace("&amp;", "&"))
    assert behind.status_code == 200
    assert "pytest-unit" in words_of(behind)
    day = re.search(r'href="(/jobs\?since=20[^"]*status=success)"', page.text)
    assert day is not None
    assert (await shown.get(day[1].replace("&amp;", "&"))).status_code == 200


async def test_a_day_is_told_by_the_hour_and_a_period_is_chosen_by_a_link(shown: httpx2.AsyncClient) -> None:
    page = await shown.get("/analytics?range=24h")
    assert "Runs each hour" in words_of(page) or "Not enough runs yet" in words_of(page)
    assert 'href="/analytics?range=24h" aria-current="page"' in page.text


async def test_with_few_runs_nothing_is_drawn(engine: Engine, pages: httpx2.AsyncClient) -> None:
    await a_job(engine)
    page = await pages.get("/analytics")
    assert "Not enough runs yet 1 of the 5 jobs" in words_of(page)
    assert "uPlot.iife" not in page.text


async def test_changes_are_told_against_the_period_before(engine: Engine, pages: httpx2.AsyncClient) -> None:
    for _ in range(5):
        await a_job(engine)
    words = words_of(await pages.get("/analytics"))
    assert "100.0 %" in words
    assert "before" not in words  # there was nothing then


@pytest.mark.parametrize("asked", ["soon", "1m", "900d"])
async def test_a_period_that_is_none_is_refused_in_words(pages: httpx2.AsyncClient, asked: str) -> None:
    page = await pages.get(f"/analytics?range={asked}")
    assert page.status_code == 422
    assert "range: " in words_of(page)
