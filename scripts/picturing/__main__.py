"""Takes the pictures in `docs/images`: `scripts/screenshots`, or with the names of some of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from playwright.sync_api import sync_playwright

from scripts.picturing.palette import indexed_png

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from playwright.sync_api import Browser, Page

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "images"
THEMES: Final = ("light", "dark")
WIDTH, HEIGHT = 1200, 760
_START_S: Final = 300.0
_PATIENCE_MS: Final = 60_000

_ANYWHERE: Final = """
pairs => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    for (const [here, there] of pairs) text.data = text.data.replaceAll(here, there);
  }
}
"""
"""Puts other folders in the place of this machine's."""


@dataclass(frozen=True)
class Picture:
    """One page to take a picture of.

    Attributes:
        path: Its address, from what is asked of the server.
        ready: A selector of what has to be there first.
        height: Of the picture.
    """

    path: Callable[[Server], str]
    ready: str
    height: int = HEIGHT


@dataclass(frozen=True)
class Server:
    """The demo that is served, and its folder."""

    url: str
    home: Path

    def newest(self, kind: str, name: str) -> str:
        """The id of the newest job or workflow run of a name."""
        with urllib.request.urlopen(f"{self.url}/orcaops/{kind}?name={name}&limit=1") as answer:  # noqa: S310 - ours
            item = cast("dict[str, Any]", json.load(answer)["items"][0])
        return str(item["job_id" if kind == "jobs" else "workflow_id"])


PICTURES: Final = {
    "jobs": Picture(lambda _: "/jobs", "table.jobs"),
    "job": Picture(lambda server: f"/jobs/{server.newest('jobs', 'failing-tests')}", "main h1"),
    "log": Picture(lambda server: f"/jobs/{server.newest('jobs', 'million-lines')}#L900133", "main h1"),
    "run": Picture(lambda server: f"/workflows/{server.newest('workflows', 'ci-pipeline')}", "main svg", 1000),
    "analytics": Picture(lambda _: "/analytics?range=7d", "[data-plot=took] canvas", 900),
    "system": Picture(lambda _: "/system", ".checks"),
}
"""By the names of the files."""


def main(names: list[str]) -> int:
    """Take the pictures of these names, all of them if none is named."""
    unknown = [name for name in names if name not in PICTURES]
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if unknown or program is None:
        said = (
            f"no picture is called {unknown[0]}; there are {', '.join(PICTURES)}" if unknown else "run scripts/browser"
        )
        sys.stderr.write(f"screenshots: {said}\n")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _served() as server, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--disable-gpu", "--hide-scrollbars"])
        for name in names or PICTURES:
            for theme in THEMES:
                file = FOLDER / f"dashboard-{name}-{theme}.png"
                file.write_bytes(indexed_png(_taken(browser, server, PICTURES[name], theme)))
                print(f"{file.relative_to(FOLDER.parents[1])}  {file.stat().st_size // 1024} KiB")
        browser.close()
    return 0


def _taken(browser: Browser, server: Server, picture: Picture, theme: str) -> bytes:
    context = browser.new_context(
        viewport={"width": WIDTH, "height": picture.height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    page.goto(server.url + picture.path(server))
    page.wait_for_selector(picture.ready)
    _settle(page)
    page.evaluate(_ANYWHERE, [[str(server.home), "/home/me/.orcaops"], [str(FOLDER.parents[1]), "/opt/orcaops"]])
    taken = page.screenshot(animations="disabled", caret="hide")
    context.close()
    return taken


def _settle(page: Page) -> None:
    """Until nothing about the page has changed for a while."""
    seen = b""
    for _ in range(6):
        page.wait_for_timeout(250)
        now = page.screenshot(animations="disabled", caret="hide")
        if now == seen:
            return
        seen = now


@contextmanager
def _served() -> Generator[Server]:
    with tempfile.TemporaryDirectory(prefix="orcaops-pictures-") as folder:
        home = Path(folder) / "demo"
        orcaops = Path(sys.executable).with_name("orcaops")
        command = [str(orcaops), "serve", "--demo", "--home", str(home), "--port", "0", "--no-token"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            note, deadline = home / "engine.json", time.monotonic() + _START_S
            while not note.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("screenshots: the demo did not begin to answer; try `orcaops serve --demo`")
                time.sleep(0.1)
            yield Server(json.loads(note.read_text())["url"], home)
        finally:
            process.terminate()
            process.wait(timeout=30)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
