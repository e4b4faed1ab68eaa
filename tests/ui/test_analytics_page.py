"""Figures in a browser: drawings that say what the tables say, in either theme, with scripts and without."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.ui.conftest import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.ui.conftest import Server

_COLOURS = """
place => {
  const canvas = document.querySelector(`[data-plot=${place}] canvas`);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Set();
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] === 255) seen.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
  }
  return [...seen];
}
"""


def test_bars_have_the_colours_of_their_results_and_take_those_of_the_theme(page: Page, server: Server) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(f"{server.url}/analytics?range=30d")
    expect(page.locator("[data-plot] canvas")).to_have_count(2)
    light = page.evaluate(_COLOURS, "runs")
    assert {"24,126,106", "211,32,10"} <= set(light)  # succeeded, failed
    page.emulate_media(color_scheme="dark")
    wait_until(page, f"({_COLOURS})('runs').includes('60,227,193')")
    assert "24,126,106" not in page.evaluate(_COLOURS, "runs")


def test_pointing_at_a_day_says_what_its_row_says(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/analytics?range=30d")
    plot = page.locator("[data-plot=runs] .u-over")
    plot.hover(position={"x": 200, "y": 60})
    said = page.locator("[data-readout=runs]")
    expect(said).to_have_text(
        re.compile(r"^\w{3} \d\d \w{3}: Succeeded [\d,]+ · Failed [\d,]+ · Timed out [\d,]+ · Cancelled [\d,]+$")
    )
    day, *counts = re.findall(r"^[^:]+|[\d,]+(?= ·|$)", said.inner_text())
    row = page.locator("#runs-table tbody tr").filter(has=page.locator(f'th:text-is("{day}")'))
    assert [text.strip() for text in row.locator("td").all_text_contents()] == counts


def test_a_table_opens_by_keyboard_and_a_number_in_it_leads_to_its_jobs(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/analytics?range=30d")
    page.get_by_text("Show as table").first.focus()
    page.keyboard.press("Enter")
    table = page.locator("#runs-table")
    expect(table).to_be_visible()
    number = table.locator("tbody a").first
    count = int(number.inner_text())
    number.click()
    page.wait_for_url("**/jobs?since=*")
    assert 1 <= page.locator("table.jobs tbody tr").count() <= max(count, 50)


def test_a_period_is_chosen_and_stays_in_the_address(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/analytics")
    page.get_by_role("link", name="7 days").click()
    page.wait_for_url("**/analytics?range=7d")
    expect(page.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "page")
    page.go_back()
    page.wait_for_url("**/analytics")


def test_drawings_follow_the_width_of_the_page(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/analytics?range=30d")
    canvas = page.locator("[data-plot=took] canvas")
    expect(canvas).to_be_visible()
    page.set_viewport_size({"width": 400, "height": 800})
    wait_until(page, "document.querySelector('[data-plot=took] canvas').getBoundingClientRect().width < 400")


def test_without_scripts_the_tables_say_everything(plain_page: Page, server: Server) -> None:
    plain_page.goto(f"{server.url}/analytics?range=30d")
    plain_page.get_by_text("Show as table").first.click()
    expect(plain_page.locator("#runs-table tbody tr").first).to_be_visible()
    assert plain_page.locator("#runs-table tbody tr").count() >= 30
    assert plain_page.locator("canvas").count() == 0


def test_a_text_is_copied_from_the_page_about_connecting(page: Page, server: Server) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{server.url}/connect")
    page.locator("[data-copy=pipe-claude]").click()
    wait_until(page, "navigator.clipboard.readText().then(text => text.startsWith('claude mcp add orcaops -- '))")
