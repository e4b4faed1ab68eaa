"""Words to whoever started the process: systemd, by the datagram socket it names."""

from __future__ import annotations

import contextlib
import os
import socket


def tell_supervisor(state: str) -> None:
    """Send ``READY=1`` or ``STOPPING=1`` to systemd; nothing happens if it does not listen."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
        notifier.settimeout(0)
        notifier.sendto(state.encode(), name)
