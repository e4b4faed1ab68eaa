"""Containers that stand in networks of ours, on the real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.backends.base import LABEL_HOME
from core.backends.services import NetworkRequest
from tests.core.backends.docker.conftest import ended, output_of, started

if TYPE_CHECKING:
    from core.backends.docker.backend import DockerBackend
    from tests.core.backends.docker.conftest import Requests

pytestmark = pytest.mark.docker

SERVER = ("sh", "-c", "mkdir -p /www; cd /www; hostname > me; exec httpd -f -p 8080")
ASK = 'for host in own shared; do until wget -q -O /dev/null "http://$host:8080/me"; do :; done; echo "$host"; done'


async def test_a_container_in_two_networks_finds_the_servers_of_both_by_name(
    backend: DockerBackend, home_id: str, request_for: Requests
) -> None:
    networks = {name: f"{home_id}-{name}" for name in ("own", "shared")}
    for name in networks.values():
        await backend.create_network(NetworkRequest(name, {LABEL_HOME: home_id}))
    servers = [
        await started(backend, request_for(*SERVER, attached_to=network, aliases=(alias,)))
        for alias, network in networks.items()
    ]

    asking = request_for("sh", "-c", ASK, attached_to=networks["own"], also_in=(networks["shared"],))
    container_id = await started(backend, asking)
    state = await ended(backend, container_id)

    assert state.exit_code == 0
    assert [frame.body for frame in await output_of(backend, container_id)] == [b"own\n", b"shared\n"]
    for server in (container_id, *servers):
        await backend.remove(server)
    for name in networks.values():
        await backend.remove_network(name)
    assert await backend.list_networks(home_id) == []
