"""Secrets over HTTP: names only, and warnings where a value stands in a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core import EngineSettings
from tests.orcaops_mcp.api.conftest import submitted

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2

VALUE = "hunter2-hunter2"


@pytest.fixture
def settings(tmp_path: Path) -> EngineSettings:
    given = {"TOKEN": VALUE, "PIN": "1234"}
    return EngineSettings.model_validate({"home": tmp_path / "home", "backend": "simulated", "secrets": given})


async def test_names_are_listed_with_where_they_come_from_and_no_value(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/orcaops/secrets")
    assert answer.json() == {
        "items": [
            {"name": "PIN", "source": "environment", "set_at": None, "masked": False},
            {"name": "TOKEN", "source": "environment", "set_at": None, "masked": True},
        ]
    }
    assert VALUE not in answer.text


async def test_a_submit_and_a_dry_run_warn_alike_and_the_record_keeps_it(http: httpx2.AsyncClient) -> None:
    request = {
        "image": "busybox",
        "command": ["true"],
        "env": {"API_KEY": "abc-def-ghi"},
        "secrets": ["PIN", "TOKEN"],
    }
    dry = (await http.post("/orcaops/jobs?dry_run=true", json=request)).json()
    job = await submitted(http, "true", env=request["env"], secrets=request["secrets"], wait_s=20)
    assert len(dry["warnings"]) == 2
    assert job["warnings"] == dry["warnings"]
    assert "`orcaops secrets set API_KEY`" in dry["warnings"][0]
    assert "PIN has less than 6 bytes" in dry["warnings"][1]
