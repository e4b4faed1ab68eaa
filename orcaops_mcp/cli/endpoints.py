"""Whether what agents and pages use answers where the command line is answered: MCP, and logs over WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orcaops_mcp.intake.checks import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orcaops_mcp.client.client import Client

_VERSION: Final = "2026-07-28"
_META: Final = {
    "io.modelcontextprotocol/protocolVersion": _VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "orcaops doctor", "version": "1"},
}
_ASKED: Final[dict[str, Any]] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": _META}}
_UPGRADE: Final = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "b3JjYW9wcyBkb2N0b3IuLg==",
}
_PROXY: Final = "If a proxy stands in between, let it pass"


def endpoint_checks(client: Client) -> Iterator[Check]:
    """Ask both; only of an engine that answers."""
    yield _mcp(client)
    yield _websocket(client)


def _mcp(client: Client) -> Check:
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": _VERSION,
        "Mcp-Method": "tools/list",
    }
    status = client.status_of("POST", "/mcp", headers=headers, content=_ASKED)
    if status == 200:
        return Check("mcp", "ok", "answers at /mcp")
    return Check("mcp", "failed", f"/mcp answers with status {status}", f"{_PROXY} /mcp as it is.")


def _websocket(client: Client) -> Check:
    """A log's stream is asked for, and left as soon as it is opened."""
    jobs = client.jobs({"limit": 1})["items"]
    if not jobs:
        return Check("websocket", "ok", "not tried: there is no job yet whose log could be followed")
    status = client.status_of("GET", f"/orcaops/jobs/{jobs[0]['job_id']}/logs/stream", headers=_UPGRADE)
    if status == 101:
        return Check("websocket", "ok", "logs can be followed")
    said = f"a log's stream over WebSocket is answered with status {status}"
    return Check("websocket", "warning", said, f"{_PROXY} the headers Connection and Upgrade; pages fall back to SSE.")
