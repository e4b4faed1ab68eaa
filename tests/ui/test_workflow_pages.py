"""Pages of workflow runs in a browser: the graph, the time axis, what goes on by itself, acts by key and dialog."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import PATIENCE_S, caught_up, has_sideways_scroll, soonest

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.ui.conftest import Server, Tabs

SLOW = """
name: {name}
jobs:
  first: {{image: "busybox:1", commands: [echo one]}}
  second: {{needs: first, image: "busybox:1", commands: [echo begun, sleep 600]}}
  third: {{needs: second, image: "busybox:1", commands: [echo three]}}
"""
WIDE = """
name: wide
jobs:
  all:
    image: "busybox:1"
    matrix: {{number: [{numbers}]}}
    commands: ["test ${{{{ matrix.number }}}} != 3"]
    fail_fast: false
  after: {{needs: all, image: "busybox:1", commands: [echo after]}}
"""


_SOON_S = 2.0
Start = Callable[..., str]


@pytest.fixture
def start(server: Server) -> Generator[Start]:
    """Starts runs; those that go on at the test's end are stopped, so that others have room."""
    started: list[str] = []

    def run(text: str, *, wait: bool = False) -> str:
        started.append(str(server.ask("/orcaops/workflows", {"spec": text})["workflow_id"]))
        if wait:
            told = server.ask(f"/orcaops/workflows/{started[-1]}/wait?timeout_s={PATIENCE_S}")
            assert told["workflow"]["status"] == "failed", told
        return started[-1]

    yield run
    for run_id in started:
        server.ask(f"/orcaops/workflows/{run_id}/cancel", {"force": True})


def until(server: Server, run_id: str, node: str, status: str) -> None:
    """Wait for a node to stand somewhere."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        told = server.ask(f"/orcaops/workflows/{run_id}")
        if any(each["id"] == node and each["status"] == status for each in told["jobs"]):
            return
        assert time.monotonic() < deadline, f"{node} did not become {status}"
        server.ask(f"/orcaops/workflows/{run_id}/wait?timeout_s=0.5&since_version={told['version']}")


def vertices(page: Page) -> list[str]:
    return [str(each) for each in page.locator("a.vertex").evaluate_all("all => all.map((a) => a.ariaLabel)")]


@pytest.fixture
def pipeline(page: Page, server: Server) -> Page:
    """The demo's newest run of the pipeline, drawn."""
    page.goto(f"{server.url}/workflows/{server.newest_run('ci-pipeline')}")
    expect(page.locator("a.vertex")).to_have_count(12)
    return page


# --- the graph


def test_the_graph_has_every_job_as_a_link_in_the_order_of_the_run(pipeline: Page) -> None:
    said = vertices(pipeline)
    assert said[0].startswith("lint: Succeeded")
    assert any(re.fullmatch(r"test-unit \(3\.14\): Failed, [0-9m s]+, needs build", each) for each in said)
    assert any(each.startswith("deploy-staging: Skipped, needs test-unit") for each in said)
    assert pipeline.locator(".edge").count() >= 14
    assert pipeline.locator(".edge.skipped").count() >= 4
    assert pipeline.locator(".edge.critical").count() == 2
    columns = pipeline.locator("a.vertex").evaluate_all(
        "all => Object.fromEntries(all.map((a) => [a.dataset.vertex, a.getBoundingClientRect().left]))"
    )
    assert columns["lint"] == columns["build"] < columns["scan"] < columns["deploy-staging"] < columns["notify"]


def test_jobs_are_found_filtered_and_walked_by_key(pipeline: Page) -> None:
    pipeline.keyboard.press("/")
    expect(pipeline.get_by_label("Find a job in the graph")).to_be_focused()
    pipeline.keyboard.type("smoke")
    expect(pipeline.locator("a.vertex:not(.dim)")).to_have_count(1)
    pipeline.keyboard.press("Enter")
    expect(pipeline.locator('a.vertex[data-vertex="smoke"]')).to_be_focused()
    pipeline.get_by_label("Find a job in the graph").fill("")
    pipeline.get_by_label("Only failed").click()
    expect(pipeline.locator("a.vertex:not(.dim)")).to_have_count(1)
    pipeline.get_by_label("Only failed").click()
    expect(pipeline.locator("a.vertex.dim")).to_have_count(0)
    pipeline.locator("main").focus()
    pipeline.keyboard.press("j")
    expect(pipeline.locator('a.vertex[data-vertex="lint"]')).to_be_focused()
    pipeline.keyboard.press("j")
    expect(pipeline.locator('a.vertex[data-vertex="build"]')).to_be_focused()
    expect(pipeline.locator('a.vertex[data-vertex="lint"]')).to_have_class(re.compile("dim"))
    expect(pipeline.locator('a.vertex[data-vertex="scan"]')).not_to_have_class(re.compile("dim"))


def test_the_graph_is_made_larger_and_fitted_again(pipeline: Page) -> None:
    picture = pipeline.locator(".graph-picture")
    before = int(picture.get_attribute("width") or 0)
    pipeline.get_by_label("Larger").click()
    assert int(picture.get_attribute("width") or 0) > before
    pipeline.keyboard.press("f")
    assert int(picture.get_attribute("width") or 0) == before


def test_many_variants_of_a_job_are_one_vertex_until_they_are_opened(page: Page, server: Server, start: Start) -> None:
    run_id = start(WIDE.format(numbers=", ".join(map(str, range(12)))), wait=True)
    page.goto(f"{server.url}/workflows/{run_id}")
    expect(page.locator("a.vertex")).to_have_count(2)
    expect(page.locator("a.vertex").first).to_contain_text("12")
    expect(page.locator("a.vertex").first).to_contain_text("1 failed, 11 succeeded")
    page.locator("a.vertex").first.click()
    expect(page.locator("a.vertex")).to_have_count(13)


def test_of_very_many_jobs_the_table_is_shown_and_the_graph_drawn_when_asked_for(
    page: Page, server: Server, start: Start
) -> None:
    waiting = "\n".join(f'  job-{each}: {{needs: gate, image: "busybox:1", commands: [echo]}}' for each in range(311))
    run_id = start(f'name: many\njobs:\n  gate: {{image: "busybox:1", commands: [sleep 600]}}\n{waiting}\n')
    page.goto(f"{server.url}/workflows/{run_id}")
    expect(page.get_by_text("312 jobs: the table is shown.")).to_be_visible()
    expect(page.locator("a.vertex")).to_have_count(0)
    assert page.locator("#jobs tbody tr").count() == 312
    page.get_by_role("button", name="Draw anyway").click()
    expect(page.locator("a.vertex")).to_have_count(312)


# --- what goes on by itself


def test_title_favicon_graph_and_jobs_follow_the_run_to_its_end(page: Page, server: Server, start: Start) -> None:
    run_id = start(SLOW.format(name="followed"))
    until(server, run_id, "second", "running")
    page.goto(f"{server.url}/workflows/{run_id}")
    expect(page).to_have_title("◔ Running · followed · OrcaOps")
    expect(page.locator("a.vertex.status-running")).to_have_count(1)
    bar = page.locator("rect[data-from]")
    expect(bar).not_to_have_attribute("width", bar.get_attribute("width") or "")
    page.evaluate("window.sameDocument = true")
    server.ask(f"/orcaops/workflows/{run_id}/cancel", {"reason": "enough"})
    expect(page).to_have_title("⊘ Cancelled · followed · OrcaOps")
    expect(page.locator("#favicon")).to_have_attribute("href", re.compile("cancelled"))
    expect(page.locator("a.vertex.status-cancelled")).to_have_count(2)
    expect(page.locator("#jobs tbody .status-cancelled")).to_have_count(2)
    expect(page.get_by_role("link", name="Rerun all")).to_be_visible()
    assert page.evaluate("window.sameDocument") is True


def test_a_run_appears_in_an_open_list_within_two_seconds_and_focus_stays(
    page: Page, server: Server, start: Start
) -> None:
    page.goto(f"{server.url}/workflows")
    caught_up(page)
    page.keyboard.press("j")
    focused = page.evaluate("document.activeElement.getAttribute('href')")

    def row_of_a_run() -> Locator:
        return page.locator(f"#row-{start(SLOW.format(name='appears'))}")

    assert soonest(row_of_a_run, _SOON_S) < _SOON_S
    assert page.evaluate("document.activeElement.getAttribute('href')") == focused


def test_the_log_of_a_run_goes_on_and_stays_where_the_reader_is(page: Page, server: Server, start: Start) -> None:
    text = """
name: talks
jobs:
  talk: {image: "busybox:1", commands: ["seq 1 200", "sleep 600"]}
  reply: {image: "busybox:1", needs: talk, commands: ["echo reply"]}
"""
    run_id = start(text)
    until(server, run_id, "talk", "running")
    page.goto(f"{server.url}/workflows/{run_id}/log")
    expect(page.locator("#run-log tbody tr")).to_have_count(200)
    expect(page.locator("#log-state")).to_have_text("200 lines, following")
    page.locator("#run-log").evaluate("box => { box.scrollTop = 0; }")
    expect(page.locator("#log-state")).to_contain_text("paused")
    page.keyboard.press("t")
    expect(page.locator("#run-log time").first).to_be_visible()
    server.ask(f"/orcaops/workflows/{run_id}/cancel", {"force": True})
    expect(page.locator("#log-state")).to_contain_text("complete")
    assert page.locator("#run-log").evaluate("box => box.scrollTop") == 0


# --- acts


def test_a_run_is_cancelled_in_a_dialog_by_key(page: Page, server: Server, start: Start) -> None:
    run_id = start(SLOW.format(name="stopped"))
    until(server, run_id, "second", "running")
    page.goto(f"{server.url}/workflows/{run_id}")
    page.locator("main").focus()
    page.keyboard.press("x")
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("Cancel this run?")
    dialog.get_by_role("button", name="Cancel the run").click()
    expect(page).to_have_title("⊘ Cancelled · stopped · OrcaOps")


def test_tabs_are_reached_by_number(pipeline: Page) -> None:
    for key, part in (("3", "#jobs"), ("4", "/spec"), ("5", "/log"), ("6", "/history")):
        pipeline.keyboard.press(key)
        pipeline.wait_for_url(f"**{part}")


def test_a_finding_leads_to_its_place_in_the_text(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/workflows/new")
    page.locator("#text").fill('name: x\njobs:\n  a:\n    image: "busybox:1"\n    commands: [echo]\n    need: b\n')
    page.get_by_role("button", name="Check").click()
    place = page.get_by_role("link", name="line 6, column 5")
    expect(place).to_be_visible()
    page.wait_for_load_state()  # a press is heard once its scripts have run
    place.click()
    expect(page.locator("#text")).to_be_focused()
    selected = "field => field.value.slice(field.selectionStart, field.selectionEnd)"
    assert page.locator("#text").evaluate(selected) == "need: b"


def test_a_failed_run_is_repeated_in_part_from_its_page_without_scripts(
    plain_page: Page, server: Server, start: Start
) -> None:
    run_id = start(WIDE.format(numbers="1, 2, 3"), wait=True)
    plain_page.goto(f"{server.url}/workflows/{run_id}")
    expect(plain_page.locator("#trouble")).to_contain_text("all (3)")
    expect(plain_page.locator("#timeline svg a")).to_have_count(3)
    plain_page.get_by_role("link", name="Rerun failed jobs").click()
    expect(plain_page.get_by_text("2 run, 2 are kept.")).to_be_visible()
    plain_page.get_by_role("button", name="Run again").click()
    plain_page.wait_for_url(f"**/workflows/{run_id}")
    expect(plain_page.get_by_text("2 of 2")).to_be_visible()


# --- for everybody


@pytest.mark.parametrize(
    ("theme", "paths"),
    [("light", ("", "/log", "/spec", "/history", "/nodes/test-unit-3.14", "/rerun")), ("dark", ("", "/log"))],
)
def test_axe_finds_nothing_serious_on_any_page_of_a_run(
    tabs: Tabs, server: Server, axe: Callable[[Page], list[str]], theme: str, paths: tuple[str, ...]
) -> None:
    tabs.context.add_cookies([{"name": "theme", "value": theme, "url": server.url}])
    run_id = server.newest_run("ci-pipeline")
    page = tabs.open(f"{server.url}/workflows")
    found = {"list": axe(page)}
    for path in paths:
        page.goto(f"{server.url}/workflows/{run_id}{path}")
        if not path:
            expect(page.locator("a.vertex")).to_have_count(12)
        found[path] = axe(page)
    page.goto(f"{server.url}/workflows/new?from={run_id}")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("What it would do")).to_be_visible()
    found["new"] = axe(page)
    assert {where: what for where, what in found.items() if what} == {}


def test_no_page_of_a_run_scrolls_sideways_on_a_telephone(tabs: Tabs, server: Server) -> None:
    run_id = server.newest_run("ci-pipeline")
    page = tabs.open()
    page.set_viewport_size({"width": 360, "height": 740})
    wide: list[str] = []
    for path in (
        "",
        f"/{run_id}",
        f"/{run_id}/spec",
        f"/{run_id}/log",
        f"/{run_id}/history",
        f"/{run_id}/rerun",
        "/new",
    ):
        page.goto(f"{server.url}/workflows{path}")
        if has_sideways_scroll(page):
            wide.append(path)
    assert wide == []
