"""The list of jobs as it is used: live rows, filters, keys, questions, and the form that runs a job."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import anyio
from mcp import Client
from playwright.sync_api import Route, expect

from tests.ui.conftest import PATIENCE_S, caught_up, soonest, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.ui.conftest import Server, Tabs

_SOON_S = 2.0


def test_a_job_that_an_agent_submits_appears_within_two_seconds_and_its_status_changes_by_itself(
    page: Page, server: Server
) -> None:
    page.goto(f"{server.url}/jobs")
    caught_up(page)
    rows: list[Locator] = []

    def submit() -> Locator:
        rows.append(page.locator(f"#row-{_submit_by_mcp(server, 'sleep', '1')}"))
        return rows[-1]

    assert soonest(submit, _SOON_S) < _SOON_S
    expect(rows[0].locator(".status")).to_have_text("Succeeded")


def test_what_happened_before_a_page_began_to_listen_is_on_it_nevertheless(tabs: Tabs, server: Server) -> None:
    page = tabs.open()
    held = _hold(page, "**/events?*")
    page.goto(f"{server.url}/jobs")
    expect(page.locator("#live")).to_have_text("live")
    listening = held.next()
    job_id = server.submit("echo", "unheard", name="unheard")
    server.ask(f"/orcaops/jobs/{job_id}/wait?timeout_s=30")
    expect(page.locator(f"#row-{job_id}")).to_have_count(0)
    listening.continue_()
    expect(page.locator(f"#row-{job_id} .status")).to_have_text("Succeeded")


def test_a_second_tab_is_told_what_happened_before_the_first_listened_for_it(tabs: Tabs, server: Server) -> None:
    first = tabs.open(f"{server.url}/jobs")
    expect(first.locator("#live")).to_have_text("live")
    second = tabs.open()
    held = _hold(second, "**/static/js/live.js*")
    second.goto(f"{server.url}/jobs", wait_until="commit")
    second.locator("tr[data-href]").nth(3).wait_for()
    row = f"#row-{server.submit('echo', 'late', name='late')}"
    expect(first.locator(f"{row} .status")).to_have_text("Succeeded")
    assert second.locator(row).count() == 0
    held.next().continue_()
    expect(second.locator(f"{row} .status")).to_have_text("Succeeded")


def test_focus_and_selection_stay_while_rows_come(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/jobs")
    expect(page.locator("#live")).to_have_text("live")
    for _ in range(3):
        page.keyboard.press("j")
    chosen = page.locator('tr[aria-selected="true"]')
    before = chosen.get_attribute("id")
    focused = page.evaluate("document.activeElement.getAttribute('href')")
    job_id = server.submit("echo", "new", name="new-row")
    page.locator(f"#row-{job_id}").wait_for()
    assert chosen.get_attribute("id") == before
    assert page.evaluate("document.activeElement.getAttribute('href')") == focused
    page.keyboard.press("k")
    assert chosen.get_attribute("id") != before


def test_what_is_typed_into_the_search_stays_while_rows_come(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/jobs")
    page.keyboard.press("/")
    page.keyboard.type("half a wo")
    job_id = server.submit("echo", "new", name="meanwhile")
    page.locator(f"#row-{job_id}").wait_for()
    assert page.locator("#search").input_value() == "half a wo"
    assert page.evaluate("document.activeElement.id") == "search"


def test_a_paused_page_stays_as_it_is_until_it_goes_on(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/jobs")
    live = page.locator("#live")
    caught_up(page)
    live.click()
    expect(live).to_have_text("paused")
    job_id = server.submit("echo", "unseen", name="unseen")
    page.wait_for_timeout(1500)
    assert page.locator(f"#row-{job_id}").count() == 0
    live.click()
    page.locator(f"#row-{job_id}").wait_for()
    expect(live).to_have_text("live")


def test_chips_and_search_lead_to_addresses_that_hold_and_go_back(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/jobs")
    chip = page.locator(".chip", has_text="Failed")
    count = int(re.sub(r"\D", "", chip.locator(".count").inner_text()))
    assert count > 0
    chip.click()
    page.wait_for_url("**/jobs?status=failed")
    assert set(page.locator("tbody .status").all_inner_texts()) == {"Failed"}
    page.locator("#search").fill("million-lines")
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs?status=failed&q=million-lines*")
    assert page.locator("tbody tr").count() == 1
    page.go_back()
    page.wait_for_url("**/jobs?status=failed")
    assert page.locator("tbody tr").count() > 1


def test_without_scripts_the_list_is_filtered_paged_and_acted_on(plain_page: Page, server: Server) -> None:
    page = plain_page
    page.goto(f"{server.url}/jobs")
    assert page.locator("tbody tr").count() == 50
    first = page.locator("tbody tr").first.get_attribute("id")
    page.get_by_role("link", name="Older").click()
    page.wait_for_url("**/jobs?*")
    assert page.locator("tbody tr").first.get_attribute("id") != first
    job_id = server.submit("sleep", "600", name="to-be-cancelled")
    page.goto(f"{server.url}/jobs?q={job_id}")
    page.get_by_role("link", name="Cancel to-be-cancelled").click()
    expect(page.locator("h1")).to_have_text("Cancel this job?")
    page.get_by_label("Reason").fill("no longer wanted")
    page.get_by_role("button", name="Cancel the job").click()
    page.wait_for_url(f"**/jobs?q={job_id}")
    _wait_for(server, job_id, "cancelled")
    page.reload()
    assert page.locator(f"#row-{job_id} .status").inner_text() == "Cancelled"


def test_by_keyboard_a_job_is_cancelled_in_a_dialog_and_run_again(page: Page, server: Server) -> None:
    job_id = server.submit("sleep", "600", name="by-keyboard")
    page.goto(f"{server.url}/jobs?q={job_id}")
    page.keyboard.press("j")
    page.keyboard.press("x")
    dialog = page.locator("#dialog")
    _expect_question(page, "Cancel this job?")
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    page.keyboard.press("x")
    dialog.get_by_role("button", name="Cancel the job").click()
    expect(page.locator(f"#row-{job_id} .status")).to_have_text("Cancelled")
    page.wait_for_load_state()  # keys are heard once its scripts have run
    page.keyboard.press("j")
    page.keyboard.press("r")
    _expect_question(page, "Run this job again?")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/jobs/job_\w+$"))
    again = page.url.rpartition("/")[2]
    assert again != job_id
    server.ask(f"/orcaops/jobs/{again}", method="DELETE")


def test_a_question_and_a_selection_bear_a_refresh_that_is_under_way(tabs: Tabs, server: Server) -> None:
    job_id = server.submit("sleep", "600", name="asked-meanwhile")
    page = tabs.open()
    page.goto(f"{server.url}/jobs?q={job_id}")
    caught_up(page)
    held = _hold(page, f"**/jobs?q={job_id}")
    server.submit("echo", "a reason to look again")
    refresh = held.next()
    page.keyboard.press("j")
    page.keyboard.press("x")
    _expect_question(page, "Cancel this job?")
    assert page.url == f"{server.url}/jobs?q={job_id}"
    page.keyboard.press("Escape")
    seen = int(page.evaluate("window.__refreshes"))
    refresh.continue_()
    wait_until(page, f"window.__refreshes > {seen}")
    expect(page.locator(f"#row-{job_id}")).to_have_attribute("aria-selected", "true")
    server.ask(f"/orcaops/jobs/{job_id}", method="DELETE")


def test_enter_opens_the_selected_job(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/jobs")
    page.keyboard.press("G")
    chosen = page.locator('tr[aria-selected="true"]').get_attribute("data-href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{chosen}*")


def test_the_form_shows_faults_at_fields_and_the_same_as_a_command_while_one_types(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/jobs/new")
    page.get_by_role("textbox", name="Image").fill("busybox")
    page.get_by_label("Program", exact=True).fill("echo from the form")
    page.get_by_label("CPUs").fill("many")
    page.get_by_label("Name").focus()
    expect(page.locator("#cpus-problem")).to_have_text("must be a number")
    page.get_by_label("CPUs").fill("0.5")
    expect(page.locator("#cpus-problem")).to_have_text("")
    page.get_by_text("A program and its arguments").click()
    expect(page.locator("#equivalent")).to_have_text("orcaops run --cpus 0.5 busybox -- 'echo from the form'")
    page.get_by_text("Shell commands, one a line").click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url(re.compile(r"/jobs/job_\w+$"))
    spec = server.ask(f"/orcaops/jobs/{page.url.rpartition('/')[2]}")["spec"]
    assert (spec["image"], spec["cpus"]) == ("busybox", 0.5)


def test_a_visitor_logs_in_acts_and_logs_out(tabs: Tabs, empty_server: Server) -> None:
    token = (empty_server.home / "token").read_text().strip()
    page = tabs.open(f"{empty_server.url}/jobs")
    assert page.get_by_role("link", name="Run a job", exact=True).count() == 0
    page.get_by_role("link", name="Log in", exact=True).click()
    tabs.expect_problem("401")
    page.get_by_label("Token").fill("not the token")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("not known here")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/jobs")
    page.get_by_role("link", name="Run a job", exact=True).first.click()
    page.get_by_role("textbox", name="Image").fill("busybox")
    page.get_by_label("Program", exact=True).fill("true")
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url(re.compile(r"/jobs/job_\w+$"))
    assert all(kept.get("httpOnly") for kept in tabs.context.cookies() if kept.get("name", "").startswith("orcaops_"))
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/jobs")
    assert page.get_by_role("link", name="Rerun").count() == 0


def test_copying_says_so(tabs: Tabs, server: Server) -> None:
    tabs.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = tabs.open(f"{server.url}/jobs/new?from={server.newest('green-tests')}")
    shown = page.locator("#equivalent").inner_text()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#toast")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == shown


class _Held:
    """What a page asks for and does not get before it is let go on."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._routes: list[Route] = []

    def keep(self, route: Route) -> None:
        """Hold this one back."""
        self._routes.append(route)

    def next(self) -> Route:
        """The earliest that is held back, once there is one."""
        end = time.monotonic() + PATIENCE_S
        while not self._routes:
            assert time.monotonic() < end, "the page did not ask"
            self._page.wait_for_timeout(20)
        return self._routes.pop(0)


def _hold(page: Page, pattern: str) -> _Held:
    """Keep back what a page asks for from now on."""
    held = _Held(page)
    page.route(pattern, held.keep)
    return held


def _expect_question(page: Page, text: str) -> None:
    """The dialog is open, not only filled."""
    question = page.locator("#dialog[open] h1")
    expect(question).to_be_visible()
    expect(question).to_have_text(text)


def _submit_by_mcp(server: Server, *command: str) -> str:
    """What an agent does; in a thread, since the browser's driver has a loop in this one."""

    async def submit() -> str:
        async with Client(f"{server.url}/mcp") as client:
            answer = await client.call_tool("orcaops_submit_job", {"image": "busybox", "command": list(command)})
            assert answer.structured_content is not None
            return str(answer.structured_content["job_id"])

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(anyio.run, submit).result(timeout=60)


def _wait_for(server: Server, job_id: str, status: str) -> None:
    assert server.ask(f"/orcaops/jobs/{job_id}/wait?timeout_s=30")["job"]["status"] == status
