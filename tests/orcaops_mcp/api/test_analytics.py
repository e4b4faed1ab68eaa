"""Figures of ended jobs over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.orcaops_mcp.api.conftest import error_of, submitted

if TYPE_CHECKING:
    import httpx2


async def test_figures_tell_of_a_period_and_of_the_one_before(http: httpx2.AsyncClient) -> None:
    await submitted(http, "true", name="good", wait_s=20)
    await submitted(http, "false", name="bad", wait_s=20)
    found = (await http.get("/orcaops/analytics", params={"range": "24h"})).json()
    assert (found["now"]["runs"], found["now"]["success_rate"], found["before"]["runs"]) == (2, 0.5, 0)
    assert found["now"]["jobs"] == {"success": 1, "failed": 1, "timed_out": 0, "cancelled": 0}
    assert len(found["intervals"]) in {24, 25}
    assert [(one["name"], one["failed"]) for one in found["failing"]] == [("bad", 1)]
    assert {one["name"] for one in found["slowest"]} == {"good", "bad"}
    assert found["sources"][0]["runs"] == 2


async def test_tables_are_as_long_as_was_asked_for(http: httpx2.AsyncClient) -> None:
    for name in ("one", "two", "three"):
        await submitted(http, "true", name=name, wait_s=20)
    found = (await http.get("/orcaops/analytics", params={"limit": 2})).json()
    assert len(found["slowest"]) == 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"range": "soon"}, "range: not a span of time, such as 90s, 10m, 2h or 7d"),
        ({"range": "1m"}, "range: from 1 hour to 400 days"),
        ({"limit": "0"}, "limit: "),
    ],
)
async def test_what_cannot_be_told_is_refused_with_its_name(
    http: httpx2.AsyncClient, asked: dict[str, str], said: str
) -> None:
    error = error_of(await http.get("/orcaops/analytics", params=asked), 422)
    assert said in error["message"]
