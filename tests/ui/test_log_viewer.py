"""The log viewer in a real browser: any line at once, search of all, a follow that stays put, text that stays text."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, cast

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import drawn, has_sideways_scroll

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.ui.conftest import Server, Tabs

pytestmark = pytest.mark.browser

LINES = 1_000_000
HEAP_BYTES = 60 * 1024 * 1024


def open_log(page: Page, server: Server, name: str, query: str = "") -> str:
    job_id = server.newest(name)
    page.goto(f"{server.url}/jobs/{job_id}{query}")
    expect(page.locator(".log-rows .line .t").first).to_be_visible()
    return job_id


def line(page: Page, number: int) -> str:
    return page.locator(f'.line[data-line="{number}"] .t').inner_text()


def foot(page: Page) -> str:
    return page.locator(".log-foot").inner_text()


def top_line(page: Page) -> int:
    expect(page.locator(".log-foot")).to_contain_text(re.compile(r"Lines [\d,]+"))
    found = re.search(r"Lines ([\d,]+)\u2013", foot(page))
    assert found is not None
    return int(found[1].replace(",", ""))


def found_words(page: Page) -> str:
    return page.locator('[data-part="found"]').inner_text()


def heap_bytes(page: Page) -> int:
    """What scripts hold on to, without what only waits to be thrown away."""
    session = page.context.new_cdp_session(page)
    send = cast("Callable[[str], dict[str, Any]]", session.send)  # pyright: ignore[reportUnknownMemberType] - its types stop there
    send("HeapProfiler.collectGarbage")
    return int(send("Runtime.getHeapUsage")["usedSize"])


def sought(page: Page, text: str, total: str) -> None:
    page.keyboard.press("/")
    page.locator("[data-search]").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator('[data-part="found"]')).to_contain_text(re.compile(rf"of {total}$"))


def test_any_line_of_a_million_is_reached_by_its_address(page: Page, long_log_server: Server) -> None:
    job_id = long_log_server.newest("million-lines")
    page.goto(f"{long_log_server.url}/jobs/{job_id}?tab=events")
    began = time.monotonic()
    page.goto(f"{long_log_server.url}/jobs/{job_id}#L900000")
    expect(page.locator('.line[data-line="900000"].picked')).to_be_visible()
    took = time.monotonic() - began
    print(f"line 900,000 by its address: {took:.2f} s")  # noqa: T201 - a figure of the suite's report
    assert "900000" in page.locator('.line[data-line="900000"]').inner_text()
    expect(page.locator(".log-foot")).to_contain_text(f"of {LINES:,} · complete")


def test_walking_over_a_million_lines_keeps_few_of_them(tabs: Tabs, long_log_server: Server) -> None:
    page = tabs.open()
    open_log(page, long_log_server, "million-lines")
    box = page.locator(".log-box")
    box.focus()
    for part in range(1, 21):
        page.evaluate(
            "part => { const b = document.querySelector('.log-box'); b.scrollTop = b.scrollHeight * part / 21 }", part
        )
        expect(page.locator(".line.waiting")).to_have_count(0)
    page.keyboard.press("End")
    expect(page.locator(f'.line[data-line="{LINES}"]')).to_be_visible()
    assert page.locator(".log-rows > *").count() < 120
    heap = heap_bytes(page)
    print(f"heap after 20 jumps over a million lines: {heap / 1e6:.1f} MB")  # noqa: T201 - a figure of the suite's report
    assert heap < HEAP_BYTES
    page.keyboard.press("Home")
    expect(page.locator('.line[data-line="1"]')).to_be_visible()


def test_a_search_counts_the_whole_log_and_goes_from_match_to_match(page: Page, long_log_server: Server) -> None:
    open_log(page, long_log_server, "million-lines", "#L900000")
    expect(page.locator('.line[data-line="900000"]')).to_be_visible()
    began = time.monotonic()
    sought(page, "assertionerror", r"20,000")
    print(f"search of a million lines: {time.monotonic() - began:.2f} s")  # noqa: T201 - a figure of the suite's report
    first = found_words(page)
    assert first.startswith("18,00")
    assert "AssertionError" in page.locator(".line.current").inner_text()
    page.keyboard.press("Enter")
    expect(page.locator('[data-part="found"]')).not_to_have_text(first)
    page.keyboard.press("Shift+Enter")
    expect(page.locator('[data-part="found"]')).to_have_text(first)
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator('[data-part="found"]')).not_to_have_text(first)
    expect(page).to_have_url(re.compile("q=assertionerror"))
    page.locator('.flag:has(input[name="only"])').click()
    expect(page.locator(".log-foot")).to_contain_text("20,000 shown")
    expect(page.locator(".log-rows .line .t").first).to_be_visible()
    expect(page.locator(".line.waiting")).to_have_count(0)
    assert all("AssertionError" in text for text in page.locator(".log-rows .line .t").all_inner_texts())


def test_a_search_begins_where_the_reader_is_while_rows_in_sight_are_still_on_their_way(
    page: Page, long_log_server: Server
) -> None:
    page.route(re.compile(r"[?&]first=900001\b"), lambda _: None)
    open_log(page, long_log_server, "million-lines", "#L900000")
    expect(page.locator('.line[data-line="900000"]')).to_be_visible()
    expect(page.locator(".line.waiting").first).to_be_visible()
    expect(page.locator(".log-foot")).to_contain_text("Lines 899,9")
    sought(page, "assertionerror", r"20,000")
    assert found_words(page).startswith("18,00")


def test_picking_lines_makes_an_address_that_leads_back_to_them(page: Page, server: Server) -> None:
    open_log(page, server, "failing-tests")
    page.locator('.line[data-line="3"] a.n').click()
    expect(page).to_have_url(re.compile("#L3$"))
    page.locator('.line[data-line="6"] a.n').click(modifiers=["Shift"])
    expect(page).to_have_url(re.compile("#L3-L6$"))
    page.reload()
    expect(page.locator(".line.picked")).to_have_count(4)


def test_a_running_log_is_followed_until_the_reader_moves_and_again_at_its_end(page: Page, server: Server) -> None:
    open_log(page, server, "growing-log")
    expect(page.locator(".log-foot")).to_contain_text("following")
    before = top_line(page)
    expect(page.locator(".log-foot")).not_to_contain_text(f"Lines {before:,}\u2013")
    page.locator(".log-box").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".log-foot")).to_contain_text("paused")
    drawn(page)
    at = top_line(page)
    text, total = line(page, at), foot(page)
    expect(page.locator(".log-foot")).not_to_have_text(total)
    assert (top_line(page), line(page, at)) == (at, text)
    page.keyboard.press("w")
    page.set_viewport_size({"width": 1280, "height": 700})
    expect(page.locator(".log-foot")).to_contain_text("paused")
    page.keyboard.press("G")
    expect(page.locator(".log-foot")).to_contain_text("following")
    page.keyboard.press("f")
    expect(page.locator(".log-foot")).to_contain_text("paused")


@pytest.mark.hostile("B35")
def test_whatever_a_job_prints_is_text_and_harms_nothing(page: Page, server: Server) -> None:
    open_log(page, server, "hostile-output")
    expect(page.locator(".line.waiting")).to_have_count(0)
    texts = page.locator(".log-rows .line .t").all_inner_texts()
    assert any(text.startswith("<script>") for text in texts)
    assert any("<U+202E>" in text for text in texts)
    assert not any(re.search("[\u202e\u200b\x1b\x07]", text) for text in texts)
    assert page.title().endswith("hostile-output · OrcaOps")
    assert page.locator(".log-rows img, .log-rows script").count() == 0
    page.keyboard.press("w")
    page.keyboard.press("G")
    expect(page.locator(".log-foot")).to_contain_text("complete")
    assert not has_sideways_scroll(page)


def test_times_wrap_and_copy_are_there_by_key(tabs: Tabs, server: Server) -> None:
    tabs.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = tabs.open()
    open_log(page, server, "failing-tests", "#L5-L7")
    expect(page.locator(".line.picked")).to_have_count(3)
    page.keyboard.press("t")
    expect(page.locator('.line[data-line="5"] .at')).to_have_text(re.compile(r"\d\d:\d\d:\d\d\.\d{3}"))
    page.keyboard.press("t")
    expect(page.locator('.line[data-line="5"] .at')).to_have_text(re.compile(r"\+\d+\.\d{3}s"))
    page.keyboard.press("t")
    expect(page.locator('.line[data-line="5"] .at')).to_have_text("")
    page.keyboard.press("c")
    expect(page.locator("#toast")).to_have_text("Copied")
    copied = str(page.evaluate("navigator.clipboard.readText()"))
    assert [text.rstrip() for text in copied.splitlines()] == [line(page, number).rstrip() for number in (5, 6, 7)]


def test_groups_are_folded_and_opened_and_open_for_whoever_looks_into_them(page: Page, server: Server) -> None:
    text = "echo start; echo ::group::Install; seq 30; echo ::endgroup::; echo ::group::Test; seq 40; echo end"
    job_id = server.submit("sh", "-c", text)
    server.ask(f"/orcaops/jobs/{job_id}/wait?timeout_s=30")
    page.goto(f"{server.url}/jobs/{job_id}")
    install = page.get_by_role("button", name="Install")
    expect(install).to_be_enabled()
    expect(install).to_have_attribute("aria-expanded", "true")
    install.focus()
    page.keyboard.press("Enter")
    expect(install).to_have_attribute("aria-expanded", "false")
    expect(install).to_be_focused()
    expect(install).to_have_attribute("data-hides", "31 lines")
    expect(page.locator('.line[data-line="2"] + .line')).to_have_attribute("data-line", "34")
    expect(page.locator(".log-foot")).to_contain_text("31 folded")
    sought(page, "17", "2")
    expect(page.locator('.line[data-line="19"].current')).to_be_visible()
    expect(install).to_have_attribute("aria-expanded", "true")
    page.locator("[data-search]").fill("")
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    expect(page.locator(".log-rows .line")).to_have_count(3)
    page.keyboard.press("z")
    expect(page.locator(".log-foot")).to_contain_text("of 75 · complete")


def test_one_stream_and_one_step_are_views_of_their_own(page: Page, server: Server) -> None:
    open_log(page, server, "failing-tests")
    page.locator('select[name="stream"]').select_option("stderr")
    expect(page.locator(".log-rows .line.err").first).to_be_visible()
    expect(page.locator(".log-rows .line:not(.err)")).to_have_count(0)
    expect(page).to_have_url(re.compile("stream=stderr"))
    page.locator('select[name="stream"]').select_option("")
    expect(page).not_to_have_url(re.compile("stream="))
    expect(page.locator('.log-rows .line[data-line="5"]')).to_be_visible()
    page.locator('select[name="step"]').select_option("1")
    expect(page.locator(".log-foot")).to_contain_text("shown")
    expect(page.locator('.log-rows .line[data-line="1"]')).to_have_count(0)


def test_the_first_error_is_a_key_away(page: Page, server: Server) -> None:
    open_log(page, server, "million-lines", "#L20000")
    page.keyboard.press("e")
    expect(page.locator(".line.picked")).to_be_visible()
    assert re.search("error|FAIL", page.locator(".line.picked").inner_text(), re.IGNORECASE)
    expect(page.locator("#failure a")).to_have_text(re.compile(r"First error at line \d+"))


def test_nothing_of_a_coloured_log_is_hard_to_read_in_either_theme(
    page: Page, server: Server, axe: Callable[[Page], list[str]]
) -> None:
    open_log(page, server, "million-lines", "?q=processed#L10000")
    expect(page.locator(".line.current")).to_be_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        assert (scheme, axe(page)) == (scheme, [])


def test_a_narrow_window_does_not_scroll_sideways(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    open_log(page, server, "failing-tests")
    assert not has_sideways_scroll(page)


def test_without_scripts_head_and_tail_and_any_window_are_there(plain_page: Page, server: Server) -> None:
    job_id = server.newest("million-lines")
    plain_page.goto(f"{server.url}/jobs/{job_id}")
    numbers = plain_page.locator(".log-plain .line .n").all_inner_texts()
    assert (numbers[0], numbers[-1], len(numbers)) == ("1", "20000", 700)
    plain_page.locator('input[name="q"]').fill("AssertionError")
    plain_page.keyboard.press("Enter")
    expect(plain_page.locator(".log-note").first).to_contain_text("lines match")
    plain_page.locator(".log-plain .line .n").nth(3).click()
    expect(plain_page).to_have_url(re.compile(r"\?first=\d+#L\d+$"))
