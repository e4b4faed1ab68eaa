"""A real Chromium before a real server. A page that reports anything wrong fails its test."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import anyio
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from core.testing.demo import DemoSize, fill_demo_home
from orcaops_mcp import places

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request

ORCAOPS: Final = Path(sys.executable).parent / "orcaops"
PATIENCE_S: Final = 30.0
_ANSWER_S: Final = 2 * PATIENCE_S  # an answer may wait for what it tells for as long as a test does
_PATIENCE_MS: Final = PATIENCE_S * 1000
_START_S: Final = 120.0
_ARGUMENTS: Final = (
    *("--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--disable-dev-shm-usage", "--disable-domain-reliability"),
)
_OURS: Final = ("http://127.0.0.1", "data:", "blob:")
_WATCH: Final = """
window.__refused = [];
document.addEventListener("securitypolicyviolation",
  (e) => window.__refused.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
window.__refreshes = 0;
document.addEventListener("orcaops:refreshed", () => { window.__refreshes += 1; });
"""
_NEXT_FRAME: Final = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
_FAILED: Final = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


@dataclass(frozen=True)
class Server:
    """A running engine with its dashboard.

    Attributes:
        url: Where it answers.
        home: Its folder.
    """

    url: str
    home: Path

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> dict[str, Any]:
        """Ask REST."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - the server's own address
            self.url + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=_ANSWER_S) as answer:  # noqa: S310 - as above
            content: dict[str, Any] = json.load(answer)
        return content

    def submit(self, *command: str, **more: Any) -> str:
        """Submit a job; its id."""
        request = {"image": "busybox", "command": list(command), **more}
        return str(self.ask("/orcaops/jobs", request)["job_id"])

    def newest(self, name: str) -> str:
        """The id of the newest job of a name."""
        return str(self.ask(f"/orcaops/jobs?name={name}&limit=1")["items"][0]["job_id"])

    def newest_run(self, name: str) -> str:
        """The id of the newest workflow run of a name."""
        return str(self.ask(f"/orcaops/workflows?name={name}&limit=1")["items"][0]["workflow_id"])


def _serving(home: Path, *options: str) -> Generator[Server]:
    command = [str(ORCAOPS), "serve", "--home", str(home), "--port", "0", *options]
    with (home.parent / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield Server(_address(home, process), home)
        finally:
            process.terminate()
            process.wait(timeout=_START_S)


def _address(home: Path, process: subprocess.Popen[bytes]) -> str:
    note, deadline = home / places.NOTE, time.monotonic() + _START_S
    while not note.exists():
        said = (home.parent / "server.log").read_text(errors="replace")
        assert process.poll() is None, f"the server ended:\n{said}"
        assert time.monotonic() < deadline, f"the server did not begin to answer:\n{said}"
        time.sleep(0.05)
    return str(json.loads(note.read_text())["url"])


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """The small demo home: 400 jobs, a run of every kind, a log that grows; nobody is asked for a token."""
    yield from _serving(tmp_path_factory.mktemp("demo") / "home", "--demo", "--demo-size", "small", "--no-token")


@pytest.fixture(scope="session")
def long_log_server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A demo home of few jobs, one of them with a log of a million lines."""
    home = tmp_path_factory.mktemp("long") / "home"
    filling = functools.partial(fill_demo_home, home, DemoSize(jobs=40, runs=2, log_lines=1_000_000, logs=5))
    with ThreadPoolExecutor(1) as threads:  # the browser's driver has a loop in this one
        threads.submit(anyio.run, filling).result()
    yield from _serving(home, "--backend", "simulated", "--no-token")


@pytest.fixture(scope="session")
def empty_server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A home in which nothing has run, with containers that are computed; a token is asked for."""
    yield from _serving(tmp_path_factory.mktemp("empty") / "home", "--backend", "simulated")


@pytest.fixture(scope="session")
def browser() -> Generator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        message = "no Chromium: run scripts/browser"
        assert "CI" not in os.environ, message
        pytest.skip(message)
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=program, args=list(_ARGUMENTS))
        yield launched
        launched.close()


@dataclass
class Watched:
    """A page, and what it reported.

    Attributes:
        page: The page.
        problems: Errors on its console, requests that leave this machine, what its policy refused.
    """

    page: Page
    problems: list[str]


class Tabs:
    """Opens pages that are watched, in one context with the same cookies.

    Args:
        context: Where they are opened.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self._watched: list[Watched] = []
        # what Chromium says of every load under way when a container's network comes or goes on this machine
        self._expected = ["net::ERR_NETWORK_CHANGED"]
        context.add_init_script(_WATCH)
        context.set_default_timeout(_PATIENCE_MS)

    def open(self, address: str = "") -> Page:
        """A new tab, at an address if one is given."""
        watched = Watched(self.context.new_page(), [])
        self._watched.append(watched)
        page, problems = watched.page, watched.problems

        def heard(message: ConsoleMessage) -> None:
            if message.type == "error":
                problems.append(f"console: {message.text}")

        def asked(request: Request) -> None:
            if not request.url.startswith(_OURS):
                problems.append(f"leaves this machine: {request.url}")

        page.on("console", heard)
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("request", asked)
        if address:
            page.goto(address)
        return page

    def expect_problem(self, part: str) -> None:
        """Bear problems that hold this text, such as a status that a test asks for."""
        self._expected.append(part)

    def problems(self) -> list[str]:
        """Everything that any of the pages reported."""
        found: list[str] = []
        for watched in self._watched:
            refused: list[str] = [] if watched.page.is_closed() else watched.page.evaluate("window.__refused || []")
            found += [*watched.problems, *(f"refused: {line}" for line in refused)]
        return [line for line in found if not any(part in line for part in self._expected)]


@pytest.fixture
def tabs(browser: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Tabs]:
    """Pages with scripts; a test in which one of them reports a problem fails."""
    context = browser.new_context(viewport={"width": 1280, "height": 820}, locale="en-GB", timezone_id="UTC")
    opened = Tabs(context)
    yield opened
    if request.node.stash.get(_FAILED, False):
        for number, page in enumerate(context.pages):
            page.screenshot(path=tmp_path / f"page-{number}.png")
        print(f"pictures of the pages are in {tmp_path}")  # noqa: T201 - shown with the failure
    problems = opened.problems()
    context.close()
    assert problems == []


@pytest.fixture
def page(tabs: Tabs) -> Page:
    """One page of `tabs`."""
    return tabs.open()


@pytest.fixture
def plain_page(browser: Browser) -> Generator[Page]:
    """A page in a browser without scripts."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 820})
    context.set_default_timeout(_PATIENCE_MS)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """What axe finds on a page that is serious or critical: rule, help and place of each."""
    rules = Axe()

    def look(page: Page) -> list[str]:
        answer = cast("dict[str, Any]", rules.run(page).response)  # pyright: ignore[reportUnknownMemberType] - its types stop there
        found: list[dict[str, Any]] = answer["violations"]
        return [
            f"{each['id']}: {each['help']}: {node['target']} {node.get('failureSummary', '')[:200]}"
            for each in found
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]

    return look


def drawn(page: Page) -> None:
    """Wait until what was done to a page is drawn, and what follows from its size."""
    page.evaluate(_NEXT_FRAME)


def wait_until(page: Page, expression: str) -> None:
    """Wait until an expression is true in a page: given as a function, since the policy of our pages refuses `eval`."""
    page.wait_for_function(f"() => {expression}")


def caught_up(page: Page) -> None:
    """Wait until a page that follows has looked at what happened before it listened: it is still from here on."""
    wait_until(page, "window.__refreshes > 0")


def soonest(begin: Callable[[], Locator], within_s: float) -> float:
    """The least time until what is begun is seen, of five at most: where others compute too, one may come late."""
    took: list[float] = []
    while not took or (min(took) >= within_s and len(took) < 5):
        awaited, began = begin(), time.monotonic()
        awaited.wait_for()
        took.append(time.monotonic() - began)
    return min(took)


def has_sideways_scroll(page: Page) -> bool:
    """Whether the page itself can be scrolled sideways."""
    drawn(page)
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
