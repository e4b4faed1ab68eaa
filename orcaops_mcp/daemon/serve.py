"""Serve over TCP until told to stop."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final

import uvicorn

from orcaops_mcp.daemon.app import build_app

if TYPE_CHECKING:
    from types import FrameType

    from orcaops_mcp.daemon.door import Door
    from orcaops_mcp.mcp_server.server import OrcaServer
    from orcaops_mcp.settings import Settings

_GOODBYE_S: Final = 3


def _stay(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing about a signal; uvicorn has seen it."""


async def serve_tcp(server: OrcaServer, settings: Settings, door: Door) -> None:
    """Serve until SIGTERM or SIGINT; open streams get three seconds to end.

    Args:
        server: What is served.
        settings: Whose allowed hosts and origins apply.
        door: Where callers come in.
    """
    config = uvicorn.Config(
        build_app(server, settings, door.port, door.token),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_GOODBYE_S,
        ws="none",
        server_header=False,
    )
    # uvicorn raises the signal anew once it has shut down; that must not kill us before the engine is closed.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stay)
    await uvicorn.Server(config).serve(sockets=[door.listener])
