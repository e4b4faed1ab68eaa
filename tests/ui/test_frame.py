"""What holds for every page, in either theme, on a wide screen and a narrow one, with scripts and without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import has_sideways_scroll

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.ui.conftest import Server, Tabs

PAGES: Final[dict[str, Callable[[Server], str]]] = {
    "jobs": lambda _: "/jobs",
    "failed jobs": lambda _: "/jobs?status=failed&status=timed_out",
    "no job matches": lambda _: "/jobs?q=nothing-like-it",
    "run a job": lambda _: "/jobs/new",
    "run again with changes": lambda server: f"/jobs/new?from={server.newest('green-tests')}",
    "cancel": lambda server: f"/jobs/{server.newest('long-build')}/cancel",
    "job that failed": lambda server: f"/jobs/{server.newest('failing-tests')}",
    "job that runs": lambda server: f"/jobs/{server.newest('growing-log')}",
    "job that waits": lambda server: f"/jobs/{server.newest('needs-the-gpu')}",
    "job with a long log": lambda server: f"/jobs/{server.newest('million-lines')}",
    "job with hostile output": lambda server: f"/jobs/{server.newest('hostile-output')}",
    "job's details": lambda server: f"/jobs/{server.newest('failing-tests')}?tab=details",
    "job's artifacts": lambda server: f"/jobs/{server.newest('green-tests')}?tab=artifacts",
    "job's events": lambda server: f"/jobs/{server.newest('failing-tests')}?tab=events",
    "workflows": lambda _: "/workflows",
    "run a workflow": lambda _: "/workflows/new",
    "run that failed": lambda server: f"/workflows/{server.newest_run('ci-pipeline')}",
    "run that runs": lambda server: f"/workflows/{server.newest_run('release')}",
    "templates": lambda _: "/templates",
    "template": lambda _: "/templates/pytest",
    "artifacts": lambda _: "/artifacts",
    "analytics": lambda _: "/analytics",
    "system": lambda _: "/system",
    "connect": lambda _: "/connect",
    "login": lambda _: "/login",
}
"""Every page, by what it shows."""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_in_both_themes_and_fits_a_narrow_screen(
    tabs: Tabs, server: Server, axe: Callable[[Page], list[str]], name: str
) -> None:
    page = tabs.open(server.url + PAGES[name](server))
    page.wait_for_load_state("load")
    found: dict[str, object] = {}
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found[theme] = axe(page)
    page.set_viewport_size({"width": 360, "height": 740})
    found["scrolls sideways"] = has_sideways_scroll(page)
    assert found == {"light": [], "dark": [], "scrolls sideways": False}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_its_heading_and_the_way_on_without_scripts(plain_page: Page, server: Server, name: str) -> None:
    answer = plain_page.goto(server.url + PAGES[name](server))
    assert answer is not None
    assert answer.ok
    assert plain_page.locator("main h1").count() == 1
    assert plain_page.get_by_role("link", name="Workflows", exact=True).first.is_visible()
    assert not plain_page.locator("#live").is_visible()


def test_a_page_that_is_not_there_says_what_was_looked_for_and_leads_on(
    tabs: Tabs, server: Server, axe: Callable[[Page], list[str]]
) -> None:
    tabs.expect_problem("404")
    page = tabs.open(f"{server.url}/jobs/job_00000000000000000000000aa")
    assert page.locator("h1").inner_text() == "Not found"
    assert page.get_by_role("link", name="Jobs", exact=True).count() >= 1
    assert axe(page) == []


def test_a_theme_is_chosen_by_button_and_stays(page: Page, plain_page: Page, server: Server) -> None:
    for each in (page, plain_page):
        each.goto(f"{server.url}/jobs?status=failed")
        for theme, ground in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(14, 20, 24)"), ("system", None)):
            each.get_by_role("button", name="Theme").click()
            expect(each.locator("html")).to_have_attribute("data-theme", theme)
            each.wait_for_load_state()  # with its styles
            assert each.url.endswith("/jobs?status=failed")
            seen = each.evaluate("getComputedStyle(document.documentElement).backgroundColor")
            assert ground in (seen, None)


def test_the_keys_are_listed_by_a_key_and_never_fire_while_one_types(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/jobs")
    page.keyboard.press("?")
    help_ = page.locator("#keys")
    expect(help_).to_be_visible()
    assert "next, previous row" in help_.inner_text()
    page.keyboard.press("Escape")
    expect(help_).not_to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("x?jr")
    expect(page.locator("#search")).to_have_value("x?jr")
    assert not help_.is_visible()
    assert page.locator('tr[aria-selected="true"]').count() == 0
    page.keyboard.press("Escape")
    expect(page.locator("#search")).not_to_be_focused()


def test_the_first_stop_of_the_tab_key_leads_to_the_content(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/jobs")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator("#page")).to_be_focused()


def test_eight_tabs_at_once_all_load_and_follow(tabs: Tabs, server: Server) -> None:
    opened = [tabs.open(f"{server.url}/jobs") for _ in range(8)]
    job_id = server.submit("echo", "seen by all", name="seen-by-all")
    for each in opened:
        each.bring_to_front()
        each.locator(f"#row-{job_id}").wait_for()
        expect(each.locator("#live")).to_have_text("live")
