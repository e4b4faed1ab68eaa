"""The pages about the engine itself and about how to connect to it."""

from __future__ import annotations

import html
import json
import re
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING

import anyio.to_thread
import httpx2
import pytest

from core import open_engine
from orcaops_mcp.settings import Configuration, load_configuration
from orcaops_mcp.web.app import build_web
from orcaops_mcp.web.system_page import SWAGGER
from tests.orcaops_mcp.web.conftest import HTML, ByHeader, words_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    return load_configuration(
        {"ORCAOPS_PORT": "9000", "ORCAOPS_SECRET_TOKEN": "hunter2"},
        {"home": str(tmp_path / "home"), "backend": "simulated"},
    )


@pytest.fixture
async def served(configuration: Configuration) -> AsyncGenerator[httpx2.AsyncClient]:
    """Pages over an engine that was configured as the process configures its own."""
    async with open_engine(configuration.engine()) as engine:
        app = await anyio.to_thread.run_sync(build_web, engine, configuration)
        transport = httpx2.ASGITransport(app=ByHeader(app))
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8787", headers=HTML) as client:
            yield client


def copied(page: httpx2.Response) -> dict[str, str]:
    """The texts to copy, by their ids."""
    found = re.findall(r'<pre id="([\w-]+)"[^>]*>(.*?)</pre>', page.text, re.DOTALL)
    return {name: html.unescape(text) for name, text in found}


async def test_the_system_page_checks_what_doctor_checks_in_the_same_words(
    served: httpx2.AsyncClient, configuration: Configuration
) -> None:
    words = words_of(await served.get("/system"))
    home = configuration.settings.home
    for said in (
        "OK core",
        "OK configuration valid",
        f"OK home {home}",
        "OK containers simulated 1",
        "OK queue 0 running, 0 queued",
    ):
        assert said in words
    assert re.search(r"OK engine pid \d+, version \S+, http://127.0.0.1:8787", words)


async def test_what_is_wrong_stands_there_with_how_to_mend_it(
    served: httpx2.AsyncClient, configuration: Configuration
) -> None:
    configuration.settings.home.chmod(0o755)
    page = await served.get("/system")
    assert "Warning home" in words_of(page)
    assert any("chmod 700" in text for text in copied(page).values())


async def test_settings_are_told_with_their_origin_and_secrets_by_name_only(served: httpx2.AsyncClient) -> None:
    page = await served.get("/system")
    words = words_of(page)
    assert "port 9000 ORCAOPS_PORT" in words
    assert "backend simulated command line" in words
    assert "TOKEN" in words
    assert "hunter2" not in page.text


async def test_who_may_only_look_does_not_see_the_settings(served: httpx2.AsyncClient) -> None:
    page = await served.get("/system", headers={"Test-Caller": "visitor"})
    assert page.status_code == 200
    words = words_of(page)
    assert "Shown to those who may do more than look." in words
    assert "ORCAOPS_PORT" not in words


async def test_limits_retention_and_libraries_with_their_licences_are_told(served: httpx2.AsyncClient) -> None:
    page = await served.get("/system")
    words = words_of(page)
    assert "Runs go after 30 days" in words
    assert "htmx.org 4.0.1 0BSD" in words
    licences = re.findall(r'href="(/static/vendor/[^"?]+LICENSE)', page.text)
    assert len(licences) >= 4
    assert all([(await served.get(licence)).status_code == 200 for licence in licences])
    assert 'href="/docs/LICENSE">Apache-2.0' in page.text


def test_the_page_that_tries_rest_is_of_the_version_that_is_told() -> None:
    bundle = files("orcaops_mcp.api") / "static" / "swagger" / "swagger-ui-bundle.js"
    assert f'"{SWAGGER.version}"' in bundle.read_text(encoding="utf-8")


async def test_an_engine_that_a_program_opened_says_so(pages: httpx2.AsyncClient) -> None:
    words = words_of(await pages.get("/system"))
    assert "A program opened this engine and configured it." in words
    assert "OK containers simulated 1" in words


async def test_each_program_is_told_in_its_own_form(served: httpx2.AsyncClient, configuration: Configuration) -> None:
    page = await served.get("/connect")
    texts = copied(page)
    arguments = ["mcp", "--home", str(configuration.settings.home)]
    assert json.loads(texts["pipe-cursor"])["mcpServers"]["orcaops"]["args"] == arguments
    assert json.loads(texts["pipe-code"])["servers"]["orcaops"]["type"] == "stdio"
    assert tomllib.loads(texts["pipe-codex"])["mcp_servers"]["orcaops"]["args"] == arguments
    assert texts["pipe-claude"].endswith(f"orcaops mcp --home {configuration.settings.home}")
    assert json.loads(texts["http-code"])["servers"]["orcaops"]["url"] == "http://127.0.0.1:8787/mcp"
    assert texts["http-claude"] == "claude mcp add --transport http orcaops http://127.0.0.1:8787/mcp"
    assert set(re.findall(r'data-copy="([\w-]+)"', page.text)) == set(texts)
