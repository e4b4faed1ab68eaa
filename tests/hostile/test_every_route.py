"""Whatever the route, who may not come in does not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx2
import pytest

from tests.orcaops_mcp.served import served

if TYPE_CHECKING:
    from pathlib import Path

    from tests.orcaops_mcp.served import Served

pytestmark = [pytest.mark.slow, pytest.mark.hostile("B23")]

_PAGES = (
    "/",
    "/jobs",
    "/jobs/new",
    "/jobs/job_none",
    "/workflows",
    "/workflows/new",
    "/workflows/wf_none",
    "/artifacts",
    "/templates",
    "/analytics",
    "/system",
    "/connect",
    "/events",
    "/docs",
    "/openapi.json",
    "/static/css/base.css",
    "/mcp",
)
_QUESTIONS = {"/orcaops/workflows/plan", "/orcaops/workflows/validate"}
"""Posted, and changing nothing."""


async def _routes(http: httpx2.AsyncClient, server: Served) -> list[tuple[str, str]]:
    """Every method and path that there is, ids filled in with such as there are not."""
    document = (await http.get(_at(server, "/openapi.json"))).json()
    rest = [
        (method.upper(), re.sub(r"\{[^}]+\}", "none", path))
        for path, methods in document["paths"].items()
        for method in methods
        if method in {"get", "post", "put", "patch", "delete"}
    ]
    return [*rest, *(("GET", path) for path in _PAGES), ("POST", "/mcp"), ("POST", "/jobs/job_none/cancel")]


def _at(server: Served, path: str) -> str:
    return server.url.removesuffix("/mcp") + path


async def test_a_foreign_host_or_page_gets_nothing_from_any_route(tmp_path: Path) -> None:
    async with served(tmp_path) as server, httpx2.AsyncClient(timeout=30) as http:
        routes = await _routes(http, server)
        assert len(routes) > 60
        answers: dict[tuple[str, str, str], int] = {}
        for method, path in routes:
            for name, headers in (("host", {"Host": "evil.example"}), ("origin", {"Origin": "http://evil.example"})):
                sent = await http.request(method, _at(server, path), headers=server.headers | headers)
                answers[method, path, name] = sent.status_code
        assert {key: status for key, status in answers.items() if status != {"host": 421, "origin": 403}[key[2]]} == {}


async def test_nothing_is_changed_without_the_token_or_by_a_form_of_another_page(tmp_path: Path) -> None:
    async with served(tmp_path) as server, httpx2.AsyncClient(timeout=30) as http:
        routes = [(method, path) for method, path in await _routes(http, server) if method != "GET"]
        routes.sort(key=lambda route: route[1].endswith("/stop"))  # last, in case it does
        bare = {(method, path): (await http.request(method, _at(server, path))).status_code for method, path in routes}
        changing = {key: status for key, status in bare.items() if key[1] not in _QUESTIONS}
        assert {key: status for key, status in changing.items() if status not in {401, 403}} == {}
        plain = server.headers | {"Content-Type": "text/plain", "Accept": "application/json, text/event-stream"}
        forms = {
            (method, path): (await http.request(method, _at(server, path), content=b"{}", headers=plain)).status_code
            for method, path in routes
        }
        assert {key: status for key, status in forms.items() if status < 400 or status >= 500} == {}
