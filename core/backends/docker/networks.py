"""Networks of the Docker Engine: made by name, adopted, removed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import anyio
from docker.errors import APIError

from core.backends.base import LABEL_HOME
from core.backends.docker.faults import is_transient, refusal, words_of
from core.backends.docker.states import moment
from core.backends.services import NetworkState
from core.errors import BackendError, ContainerNameTakenError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.backends.docker.client import EngineClient
    from core.backends.services import NetworkRequest

_POOL_HINT: Final = (
    "Remove networks that nobody uses (`docker network prune`), run fewer jobs with services at a time, or give "
    "Docker more addresses (default-address-pools in its daemon.json)."
)
_WITHOUT_HOST: Final = {"com.docker.network.bridge.inhibit_ipv4": "true"}
"""The machine gets no address in the network, by which what listens there on all addresses would be reached."""
_STILL_USED_S: Final = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Between two tries to remove a network: a container that is just being removed is attached for a moment longer."""


async def create(client: EngineClient, request: NetworkRequest) -> NetworkState:
    """Make a network or adopt it; see `ServiceVerbs.create_network`.

    Engines of the 20.10 line take any number of networks of one name, and check it only when asked to. So it is looked
    for first: a request that was repeated after a crash finds what the first one made.
    """
    if (known := await _find(client, request)) is not None:
        return known
    wanted = {
        "Name": request.name,
        "CheckDuplicate": True,
        "Driver": "bridge",
        "Internal": request.internal,
        "Options": dict(_WITHOUT_HOST) if request.internal else {},
        "Labels": dict(request.labels),
    }
    try:
        answer = await client.request("POST", "/networks/create", body=wanted, repeatable=False)
    except APIError as error:
        if error.status_code == 409 and (known := await _find(client, request)) is not None:
            return known
        raise _fault(error) from error
    return NetworkState(answer.json()["Id"], request.name, dict(request.labels), request.internal)


async def connect(client: EngineClient, name: str, container_id: str) -> None:
    """Put a container that has not started into a further network; may be repeated.

    It is not part of the request for the container: engines before API 1.44 take one network there. That the network is
    gone shows when the container is started.

    Raises:
        BackendError: The engine refused.
    """
    body = {"Container": container_id}
    try:
        await client.request("POST", f"/networks/{quote(name, safe='')}/connect", body=body)
    except APIError as error:
        if error.status_code == 403 and "already exists in network" in words_of(error):
            return
        raise _fault(error) from error


async def remove(client: EngineClient, name: str) -> None:
    """Remove the networks of that name that are ours; see `ServiceVerbs.remove_network`."""
    for network in await _listed(client, {"name": [name], "label": [LABEL_HOME]}):
        if network.name == name:
            await _remove(client, network.network_id)


async def list_owned(client: EngineClient, home_id: str) -> list[NetworkState]:
    """All networks of a home; see `ServiceVerbs.list_networks`."""
    return await _listed(client, {"label": [f"{LABEL_HOME}={home_id}"]})


async def _find(client: EngineClient, request: NetworkRequest) -> NetworkState | None:
    """The network of that name, if it is ours.

    Raises:
        ContainerNameTakenError: It is not.
    """
    named = [network for network in await _listed(client, {"name": [request.name]}) if network.name == request.name]
    for network in named:
        if all(network.labels.get(label) == value for label, value in request.labels.items()):
            return network
    if named:
        raise ContainerNameTakenError(f"There is a network named {request.name} that is not ours.")
    return None


async def _listed(client: EngineClient, filters: Mapping[str, list[str]]) -> list[NetworkState]:
    try:
        answer = await client.request("GET", "/networks", params={"filters": json.dumps(filters)})
    except APIError as error:
        raise refusal(error) from error
    return [_state(network) for network in answer.json()]


def _state(network: Mapping[str, Any]) -> NetworkState:
    return NetworkState(
        network_id=network["Id"],
        name=network["Name"],
        labels=network.get("Labels") or {},
        internal=bool(network.get("Internal")),
        created_at=moment(network.get("Created") or ""),
    )


async def _remove(client: EngineClient, network_id: str) -> None:
    for pause in (*_STILL_USED_S, None):
        try:
            await client.request("DELETE", f"/networks/{quote(network_id, safe='')}")
        except APIError as error:
            if error.status_code == 404:
                return
            if error.status_code != 403 or pause is None:  # 403 says that something in it still runs
                raise _fault(error) from error
            await anyio.sleep(pause)
        else:
            return


def _fault(error: APIError) -> BackendError:
    words = words_of(error)
    if is_transient(error):
        return refusal(error)
    hint = _POOL_HINT if "address pool" in words.lower() else ""
    return BackendError(f"The container engine refused the job's network: {words}", hint=hint)
