"""Servers of the simulation: images that stay up and listen, and the programs that ask whether they do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from core.backends.simulated.process import whole_number

if TYPE_CHECKING:
    from core.backends.simulated.control import Program
    from core.backends.simulated.process import Io, Run
    from core.backends.simulated.shell import Shell

SERVER_PORTS: Final = {
    "mariadb": (3306,),
    "memcached": (11211,),
    "mongo": (27017,),
    "mysql": (3306,),
    "nginx": (80,),
    "postgres": (5432,),
    "rabbitmq": (5672,),
    "redis": (6379,),
}
"""Images that serve, by the last part of their name, and the ports they say they serve."""

HEALTHY_IMAGE: Final = "simulated/healthy"
"""An image of a server with a health check of its own."""

PORT: Final = 8000
"""Where a server listens that nobody told otherwise."""


def _serve(shell: Shell, argv: list[str], io: Io) -> Run:
    """``serve [PORT]…``: listen after SIMULATE_READY_AFTER seconds, for SIMULATE_SECONDS or for ever."""
    world = shell.world
    ports = [number for text in argv[1:] if (number := whole_number(text)) is not None] or [PORT]
    lasts, ready_after = world.steering.take_seconds(math.inf), world.steering.ready_after
    io.out(b"[simulated] starting\n")
    if lasts <= ready_after:
        yield from shell.pause(lasts)
        return 0
    yield from shell.pause(ready_after)
    world.listening.update(ports)
    io.out(f"[simulated] ready to accept connections on {', '.join(map(str, ports))}\n".encode())
    yield from shell.pause(lasts - ready_after)
    return 0


def _httpd(shell: Shell, argv: list[str], io: Io) -> Run:
    """Busybox's web server: ``httpd -f -p PORT``."""
    port = next((argv[at + 1] for at, word in enumerate(argv[:-1]) if word == "-p"), "80")
    return (yield from _serve(shell, ["serve", port], io))


def _ask(shell: Shell, argv: list[str], io: Io) -> int:
    """Whether the server of this container listens, as clients such as ``pg_isready`` tell."""
    if shell.world.listening:
        io.out(b"accepting connections\n")
        return 0
    io.err(f"{argv[0]}: no response\n".encode())
    return 2


SERVERS: Final[dict[str, Program]] = {
    "httpd": _httpd,
    "mongosh": _ask,
    "mysqladmin": _ask,
    "pg_isready": _ask,
    "rabbitmq-diagnostics": _ask,
    "redis-cli": _ask,
    "serve": _serve,
}
"""The programs by name."""
