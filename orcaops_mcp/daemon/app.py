"""One ASGI application: MCP at /mcp, health at /healthz, guards around both."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from orcaops_mcp.daemon.guards import HostGuard, TokenGuard
from orcaops_mcp.settings import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request

    from orcaops_mcp.mcp_server.server import OrcaServer
    from orcaops_mcp.settings import Settings


_HTTP: Final = 80


def build_app(server: OrcaServer, settings: Settings, port: int, token: str | None) -> Starlette:
    """The application for one server.

    Args:
        server: What answers at /mcp; its engine is opened with the application's lifespan.
        settings: Whose host, allowed hosts and origins apply.
        port: The port it is really served on.
        token: The bearer token; None asks for none.
    """
    # The SDK's own guard is off when bound beyond loopback; ours holds always, so its is not needed.
    mcp_app = server.streamable_http_app(
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False)
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with server.session_manager.run():
            yield

    names = host_names(settings)
    hosts = {f"{name}:{port}" for name in names}
    if port == _HTTP:
        hosts |= names
    hosts |= {host.lower() for host in settings.allowed_hosts}
    origins = {f"http://{name}:{port}" for name in names} | {origin.lower() for origin in settings.allowed_origins}
    middleware = [Middleware(HostGuard, hosts=hosts, origins=origins)]
    if token is not None:
        middleware.append(Middleware(TokenGuard, token=token))
    return Starlette(
        routes=[Route("/healthz", _health), Mount("/", app=mcp_app)], lifespan=lifespan, middleware=middleware
    )


def host_names(settings: Settings) -> set[str]:
    """Names under which clients reach the bound address, as they stand in a Host header."""
    bound = settings.host.lower()
    names = {"127.0.0.1", "localhost", "[::1]"}
    if bound not in LOOPBACK:
        names.add(f"[{bound}]" if ":" in bound else bound)
        names.add(socket.gethostname().lower())
    return names


async def _health(_: Request) -> PlainTextResponse:
    return PlainTextResponse("ok\n")
