"""One ASGI application behind the guards: MCP at /mcp, everything else beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mcp.server.transport_security import TransportSecuritySettings

from orcaops_mcp.daemon.guards import guarded

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from orcaops_mcp.daemon.guards import Rules
    from orcaops_mcp.mcp_server.server import OrcaServer

MCP_PATH: Final = "/mcp"
"""Where MCP is served."""


def build_app(server: OrcaServer, rest: ASGIApp, rules: Rules) -> ASGIApp:
    """The application for every socket of the process that speaks HTTP.

    Args:
        server: What answers at /mcp, while its session manager runs.
        rest: What answers everywhere else.
        rules: Who may come in.
    """
    # The SDK's own guard is off when bound beyond loopback; ours holds always, so its is not needed.
    mcp = server.streamable_http_app(
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False)
    )

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        await (mcp if scope["path"] == MCP_PATH else rest)(scope, receive, send)

    return guarded(choose, rules)
