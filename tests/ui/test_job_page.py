"""A job's page in a real browser: it follows the job, asks before it acts, and says the same without scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import has_sideways_scroll, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.ui.conftest import Server, Tabs

pytestmark = pytest.mark.browser

_NOTIFICATIONS = """
window.told = [];
window.Notification = class {
  static permission = "default";
  static async requestPermission() { return (this.permission = "granted"); }
  constructor(title, { tag }) { window.told.push([title, tag]); }
};
"""
"""What a browser with a screen has; this one shows none."""


def test_status_title_and_favicon_change_by_themselves_and_the_log_comes_to_its_end(page: Page, server: Server) -> None:
    job_id = server.submit("sh", "-c", "echo first; sleep 1000", name="watched")
    page.goto(f"{server.url}/jobs/{job_id}")
    expect(page).to_have_title("◔ Running · watched · OrcaOps")
    expect(page.locator("#favicon")).to_have_attribute("href", re.compile("running.svg"))
    expect(page.locator(".log-rows .line .t").first).to_have_text("first")
    expect(page.locator(".log-foot")).to_contain_text("following")
    server.ask(f"/orcaops/jobs/{job_id}/cancel", {"reason": "seen enough"})
    expect(page).to_have_title("⊘ Cancelled · watched · OrcaOps")
    expect(page.locator("#favicon")).to_have_attribute("href", re.compile("cancelled.svg"))
    expect(page.locator("#job-state")).to_contain_text("Cancelled by rest: seen enough")
    expect(page.locator(".log-foot")).to_contain_text("complete")


def test_a_running_job_is_cancelled_from_its_page_after_a_question(page: Page, server: Server) -> None:
    job_id = server.submit("sleep", "1000", name="to-cancel")
    page.goto(f"{server.url}/jobs/{job_id}")
    expect(page).to_have_title(re.compile("Running"))
    page.keyboard.press("x")
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("Cancel this job?")
    dialog.locator("#reason").fill("not needed")
    dialog.get_by_role("button", name="Cancel the job").click()
    expect(page.locator("#job-state")).to_contain_text("Cancelled by ui: not needed")
    expect(page).to_have_title("⊘ Cancelled · to-cancel · OrcaOps")


def test_tabs_are_gone_through_by_keys(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/jobs/{server.newest('green-tests')}")
    for key, words in (("2", "As a command"), ("3", "Download all"), ("4", "Every change"), ("1", "complete")):
        expect(page.locator("#job-tabs a").first).to_be_visible()
        page.keyboard.press(key)
        expect(page.locator("main")).to_contain_text(words)
        page.wait_for_load_state()  # keys are heard once its scripts have run


def test_a_step_leads_to_its_first_line(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/jobs/{server.newest('failing-tests')}")
    expect(page.locator(".log-rows .line .t").first).to_be_visible()
    step = page.locator("#step-1 a")
    first = step.get_attribute("data-line")
    step.click()
    expect(page.locator(f'.line.picked[data-line="{first}"]')).to_be_visible()
    page.locator("#failure a[data-line]").click()
    expect(page.locator(".line.picked")).to_contain_text("AssertionError")


def test_a_failed_job_gives_a_text_for_the_chat(tabs: Tabs, server: Server) -> None:
    tabs.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = tabs.open()
    job_id = server.newest("failing-tests")
    page.goto(f"{server.url}/jobs/{job_id}")
    page.get_by_role("button", name="copy prompt").click()
    expect(page.locator("#toast")).to_have_text("Copied")
    assert f"The OrcaOps job {job_id}" in str(page.evaluate("navigator.clipboard.readText()"))


def test_files_are_looked_at_and_fetched(page: Page, server: Server) -> None:
    job_id = server.newest("green-tests")
    page.goto(f"{server.url}/jobs/{job_id}?tab=artifacts")
    page.get_by_role("link", name="Preview out/coverage.png").click()
    picture = page.locator("img.picture")
    expect(picture).to_be_visible()
    wait_until(page, "document.querySelector('img.picture').naturalWidth > 0")
    page.goto(f"{server.url}/jobs/{job_id}/preview/out/report.html")
    expect(page.locator("pre.preview")).to_contain_text("<")
    page.goto(f"{server.url}/jobs/{job_id}/preview/out/times.csv")
    expect(page.locator(".preview th").first).to_be_visible()
    page.goto(f"{server.url}/jobs/{job_id}?tab=artifacts")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download out/report.html").click()
    assert download.value.suggested_filename == "report.html"


def test_looks_at_files_are_accessible_and_fit_a_narrow_window(
    page: Page, server: Server, axe: Callable[[Page], list[str]]
) -> None:
    job_id = server.newest("green-tests")
    for name in ("coverage.png", "times.csv", "report.html"):
        page.set_viewport_size({"width": 1280, "height": 820})
        page.goto(f"{server.url}/jobs/{job_id}/preview/out/{name}")
        expect(page.locator("main h1")).to_have_text(f"out/{name}")
        assert (name, axe(page)) == (name, [])
        page.set_viewport_size({"width": 360, "height": 740})
        assert (name, has_sideways_scroll(page)) == (name, False)


def test_without_scripts_every_fact_and_action_is_there(plain_page: Page, server: Server) -> None:
    job_id = server.submit("sleep", "1000", name="plain")
    plain_page.goto(f"{server.url}/jobs/{job_id}")
    plain_page.get_by_role("link", name="Cancel").click()
    plain_page.get_by_role("button", name="Cancel the job").click()
    expect(plain_page).to_have_url(f"{server.url}/jobs/{job_id}")
    failed = server.newest("failing-tests")
    plain_page.goto(f"{server.url}/jobs/{failed}")
    expect(plain_page.locator("#failure")).to_contain_text("First error at line")
    expect(plain_page.locator(".log-plain")).to_contain_text("AssertionError")
    plain_page.get_by_role("link", name="Artifacts 2").click()
    expect(plain_page.locator("main")).to_contain_text("Download all")


def test_who_asked_for_it_is_told_of_a_jobs_end_once(tabs: Tabs, server: Server) -> None:
    page = tabs.open()
    page.add_init_script(_NOTIFICATIONS)
    job_id = server.submit("sleep", "600", name="long-one")
    page.goto(f"{server.url}/jobs/{job_id}")
    bell = page.get_by_role("button", name="Tell me when it ends")
    expect(bell).to_have_attribute("aria-pressed", "false")
    assert page.evaluate("Notification.permission") == "default"
    bell.click()
    expect(page.locator("#toast")).to_have_text("You will be told when it ends")
    expect(bell).to_have_attribute("aria-pressed", "true")
    server.ask(f"/orcaops/jobs/{job_id}", method="DELETE")
    expect(page.locator(".job-head .status")).to_have_text("Cancelled")
    expect(bell).to_have_count(0)
    wait_until(page, "window.told.length > 0")
    assert page.evaluate("window.told") == [["Cancelled: long-one", job_id]]
    page.reload()
    assert page.evaluate("window.told") == []
