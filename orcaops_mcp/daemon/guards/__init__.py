"""Who may come in by a socket, and how much of what they bring is borne.

Pure ASGI: the guards hold for every route, for HTTP and WebSockets, and gather nothing of a body.
"""

from orcaops_mcp.daemon.guards.chain import guarded
from orcaops_mcp.daemon.guards.connection import GuardedProtocol, GuardedWebSocket
from orcaops_mcp.daemon.guards.rules import Rules, host_names, rules_for

__all__ = ("GuardedProtocol", "GuardedWebSocket", "Rules", "guarded", "host_names", "rules_for")
