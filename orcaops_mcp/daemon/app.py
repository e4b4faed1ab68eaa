"""One ASGI application behind the guards: MCP at /mcp, the dashboard's pages and REST beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mcp.server.transport_security import TransportSecuritySettings

from orcaops_mcp.daemon.guards import guarded
from orcaops_mcp.daemon.guards.request import wants_page
from orcaops_mcp.intake.dashboard import is_nowhere, is_page

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from orcaops_mcp.daemon.guards import Rules
    from orcaops_mcp.mcp_server.server import OrcaServer

MCP_PATH: Final = "/mcp"
"""Where MCP is served."""


def build_app(server: OrcaServer, rest: ASGIApp, pages: ASGIApp, rules: Rules) -> ASGIApp:
    """The application for every socket of the process that speaks HTTP.

    Args:
        server: What answers at /mcp, while its session manager runs.
        rest: What answers everywhere else.
        pages: What answers where pages are, and to browsers that ask for what is nowhere.
        rules: Who may come in.
    """
    # The SDK's own guard is off when bound beyond loopback; ours holds always, so its is not needed.
    mcp = server.streamable_http_app(
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False)
    )

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path == MCP_PATH:
            await mcp(scope, receive, send)
        elif scope["type"] == "http" and (is_page(path) or (is_nowhere(path) and wants_page(scope))):
            await pages(scope, receive, send)
        else:
            await rest(scope, receive, send)

    return guarded(choose, rules)
