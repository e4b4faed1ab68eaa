"""What agents are told of secrets: warnings at once, and files without values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core import EngineSettings
from tests.orcaops_mcp.conftest import call, finished_job, text_of

if TYPE_CHECKING:
    from pathlib import Path

    from mcp import Client

VALUE = "hunter2-hunter2"


@pytest.fixture
def settings(tmp_path: Path) -> EngineSettings:
    return EngineSettings.model_validate(
        {"home": tmp_path / "home", "backend": "simulated", "secrets": {"TOKEN": VALUE, "PIN": "1234"}}
    )


@pytest.fixture
def era() -> str:
    return "auto"


async def test_an_agent_is_warned_and_sees_a_kept_file_without_the_value(client: Client) -> None:
    request = {"image": "busybox", "command": ["true"], "env": ["API_KEY=abc-def-ghi"], "secrets": ["PIN"]}
    dry = await call(client, "orcaops_submit_job", **request, dry_run=True)
    real = await call(client, "orcaops_submit_job", **request)
    assert len(dry["warnings"]) == 2
    assert real["warnings"] == dry["warnings"]
    job = await finished_job(client, 'echo "a $TOKEN b" > a.txt', artifacts=["a.txt"], secrets=["TOKEN"])
    shown = await client.call_tool("orcaops_get_artifact", {"id": job["job_id"], "path": "a.txt"})
    assert "a *** b" in text_of(shown)
    assert "Secrets are shown as ***." in text_of(shown)
    assert VALUE not in shown.model_dump_json()
    system = await call(client, "orcaops_get_system_status")
    assert system["secrets"] == ["PIN", "TOKEN"]
