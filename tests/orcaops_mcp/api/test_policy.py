"""Jobs that the operator's policy denies are refused in the one envelope, with the rule that said no."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core import EngineSettings
from tests.orcaops_mcp.api.conftest import BUSYBOX, error_of, submitted

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2


@pytest.fixture
def settings(tmp_path: Path) -> EngineSettings:
    home = tmp_path / "home"
    home.mkdir()
    (home / "policy.yaml").write_text("callers:\n  - who: operator\n    floor: trusted\nimages:\n  - allow: busybox\n")
    return EngineSettings(home=home, backend="simulated")


async def test_a_denied_job_is_told_the_rule(http: httpx2.AsyncClient) -> None:
    request = {"image": "alpine", "profile": "trusted"}
    for query in ({}, {"dry_run": "true"}):
        error = error_of(await http.post("/orcaops/jobs", json=request, params=query), 403)
        assert error["code"] == "policy_denied"
        assert [finding["path"] for finding in error["findings"]] == ["profile", "image"]
        assert "no rule for images fits it" in error["message"]


async def test_the_operator_may_what_others_may_not(http: httpx2.AsyncClient) -> None:
    request = {"image": BUSYBOX, "command": ["true"], "profile": "trusted", "capabilities": ["NET_RAW"]}
    assert (await http.post("/orcaops/jobs", json=request)).status_code == 403
    response = await http.post("/orcaops/jobs", json=request, headers={"Test-Caller": "operator"})
    assert response.status_code == 201
    sandbox = response.json()["spec"]["sandbox"]
    assert sandbox["profile"] == "trusted"
    assert "capabilities" in sandbox["loosened"]
    assert "policy.yaml:5: images: allow busybox" in sandbox["rules"]


async def test_a_record_says_how_a_job_is_held(http: httpx2.AsyncClient) -> None:
    job = await submitted(http, "true", network="none")
    assert job["spec"]["sandbox"]["loosened"] == ["root", "writable_root"]
