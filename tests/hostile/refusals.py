"""What every door answers to a job that nobody may run."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.orcaops_mcp.api.conftest import error_of as refused_by_rest
from tests.orcaops_mcp.conftest import error_of as refused_by_tool
from tests.orcaops_mcp.conftest import text_of

if TYPE_CHECKING:
    import httpx2
    from mcp import Client

    from core import Engine

CANARY = "hunter2-hunter2"
"""Stands in values that are refused, and never in what is answered."""

STATUS = {"invalid_spec": 422, "invalid_argument": 422, "not_admitted": 403, "policy_denied": 403}
SLOWEST_S = 30
"""An answer is asked for within a second; a busy machine is given ten."""


@dataclass(frozen=True)
class Doors:
    """REST and MCP of one engine."""

    engine: Engine
    http: httpx2.AsyncClient
    client: Client

    async def refuse(self, fields: dict[str, Any], saying: str = "", code: str = "invalid_spec") -> str:
        """Ask both doors to run a job; both have to refuse it, and nothing may be stored.

        Args:
            fields: Of the request, over a job that would be fine.
            saying: What the refusal has to name.
            code: Its code; the MCP tool may say ``invalid_argument`` where its own arguments do not take it.

        Returns:
            What REST said.
        """
        request = {"image": "busybox:latest", "command": ["true"], **fields}
        began = time.monotonic()
        response = await self.http.post("/orcaops/jobs", json=request)
        assert time.monotonic() - began < SLOWEST_S
        error = refused_by_rest(response, STATUS[code])
        assert error["code"] == code
        assert saying in error["message"]
        assert error["hint"]
        assert error["retryable"] is False
        assert CANARY not in response.text
        assert len(response.text) < 10_000
        answer = await self.client.call_tool("orcaops_submit_job", request)
        assert refused_by_tool(answer)["code"] in {code, "invalid_argument"}
        assert CANARY not in text_of(answer)
        assert (await self.engine.list_jobs()).items == ()
        message: str = error["message"]
        return message
