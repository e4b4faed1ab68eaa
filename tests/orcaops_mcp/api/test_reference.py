"""The pages on the REST API say what it does: one is made from its document, the commands of the other are run."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from orcaops_mcp.api.reference import reference_page

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tests.orcaops_mcp.api.conftest import Served

ACCEPT = "ACCEPT_SNAPSHOTS"
DOCS = Path(__file__).resolve().parents[3] / "docs"
REFERENCE = DOCS / "reference" / "rest-api.md"
HOW_TO = DOCS / "how-to" / "use-the-rest-api.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:8787"


async def test_the_reference_is_what_the_document_says(api: FastAPI) -> None:
    page = reference_page(api.openapi())
    if os.environ.get(ACCEPT):
        await anyio.Path(REFERENCE).write_text(page, encoding="utf-8")
    written = await anyio.Path(REFERENCE).read_text(encoding="utf-8")
    assert written == page, f"{REFERENCE.name} is not what the document says; set {ACCEPT}=1 to accept it"


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
async def test_the_commands_of_the_page_do_what_it_says(served: Served, tmp_path: Path) -> None:
    page = await anyio.Path(HOW_TO).read_text(encoding="utf-8")
    blocks = BLOCK.findall(page)
    assert len(blocks) > 8
    folder = tmp_path / "project"
    folder.mkdir()
    for name, text in {"main.py": "print(1)\n", "data.csv": "1\n"}.items():
        (folder / name).write_text(text, encoding="utf-8")
    script = "\n".join(["set -eu", *blocks]).replace(ADDRESS, served.url)
    with anyio.fail_after(60):
        done = await anyio.run_process(["sh", "-c", script], cwd=folder, check=False)
    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 0, said
    for line in ("hello", "event: end", '"replayed":true', "checked", "HTTP/1.1 304", "build │ built", "flowchart LR"):
        assert line in said, said
