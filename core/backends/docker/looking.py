"""Whether a service takes connections, found out from inside its container.

The engine's own process may stand anywhere: on the Docker host, in a container beside it, on a machine far away. Only
on a Linux host, and not in a container, do addresses of a bridge network lead anywhere from there. What always works is
a command inside the container. It has to do with what images have: a POSIX shell reads the kernel's table of sockets
with nothing but its builtins, and that also tells what listens on the loopback alone, which a connection from inside
would not. For images without a shell a second container looks, made of another local image, in the same network
namespace.
"""

from __future__ import annotations

import logging
import re
import secrets
from typing import TYPE_CHECKING, Any, Final

from docker.errors import APIError

from core.backends.base import LABEL_HOME
from core.backends.docker import output
from core.backends.docker.client import container_path
from core.backends.docker.execute import execute
from core.backends.docker.faults import refusal
from core.backends.services import Executed
from core.errors import ContainerLostError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.backends.docker.client import EngineClient

_LOG: Final = logging.getLogger(__name__)

_LIMIT_S: Final = 10.0
_NO_MEANS: Final = 97
_CANNOT_RUN: Final = frozenset({126, 127})
_HELPER_MEMORY: Final = 64 * 1024 * 1024

_SOCKETS: Final = """
for table in /proc/net/tcp /proc/net/tcp6; do
  [ -r "$table" ] || continue
  while read -r _ local _ state _; do
    case $state in 0A) echo "$local" ;; esac
  done <"$table"
done
exit 0
"""
"""Prints the local address, in hexadecimal, of every socket that listens (proc(5), /proc/net/tcp)."""

_ASK: Final = f"""
unset http_proxy HTTP_PROXY all_proxy ALL_PROXY
has() {{ command -v "$1" >/dev/null 2>&1; }}
if has curl; then curl -s -o /dev/null -m 5 -w 'HTTP/1 %{{http_code}}' "http://$1:$2$3"
elif has bash; then bash -c 'exec 3<>"/dev/tcp/$0/$1" &&
  printf "GET %s HTTP/1.0\\r\\nHost: %s\\r\\n\\r\\n" "$2" "$0" >&3 &&
  read -r -t 5 line <&3 && echo "$line"' "$1" "$2" "$3"
elif has python3; then python3 -c '
import http.client, sys
there = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=5)
there.request("GET", sys.argv[3])
print("HTTP/1", there.getresponse().status)' "$1" "$2" "$3"
elif has nc; then printf 'GET %s HTTP/1.0\\r\\nHost: %s\\r\\n\\r\\n' "$3" "$1" | nc -w 5 "$1" "$2"
elif has wget; then wget -S -O /dev/null "http://$1:$2$3" 2>&1
else exit {_NO_MEANS}
fi
exit 0
"""
"""Asks for a path with whatever program there is, and prints how the answer begins."""

_STATUS: Final = re.compile(r"HTTP/[0-9.]+ +([0-9]{3})")
_LISTENING: Final = re.compile(r"([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})")
_LOOPBACKS: Final = re.compile(r"[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F|0{31}1|7F[0-9A-F]{6}")
"""The kernel prints the four bytes of each word in the machine's order: 127.0.0.1 is 0100007F or 7F000001."""


async def listening(client: EngineClient, container_id: str, helper_image: str) -> frozenset[int] | None:
    """The ports that are open to the network; see `ServiceVerbs.listening`."""
    looked = await _look(client, container_id, helper_image, ["sh", "-c", _SOCKETS])
    if looked is None:
        return None
    return open_ports(looked.output)


def open_ports(table: str) -> frozenset[int]:
    """The ports of a table of listening addresses, without those that listen on the loopback alone."""
    found = (_LISTENING.fullmatch(line.strip()) for line in table.splitlines())
    return frozenset(
        int(match[2], 16) for match in found if match is not None and _LOOPBACKS.fullmatch(match[1]) is None
    )


async def http_status(client: EngineClient, container_id: str, port: int, path: str, helper_image: str) -> int | None:
    """What it answers to a path; see `ServiceVerbs.http_status`."""
    address = await _address(client, container_id)
    looked = await _look(client, container_id, helper_image, ["sh", "-c", _ASK, "ask", address, str(port), path])
    return None if looked is None else status_in(looked.output)


def status_in(text: str) -> int:
    """The first status line in a text; 0 if there is none."""
    match = _STATUS.search(text)
    return int(match[1]) if match else 0


async def _look(client: EngineClient, container_id: str, helper_image: str, argv: list[str]) -> Executed | None:
    """Run a program in the container, or beside it when the container has not the means; None if neither has."""
    for place in (execute, _beside(helper_image)):
        executed = await place(client, container_id, argv, _LIMIT_S)
        if executed.exit_code not in {*_CANNOT_RUN, _NO_MEANS}:
            return executed
    return None


def _beside(image: str) -> Any:
    """As `execute`, in a container of another image that shares the first one's network."""

    async def run(client: EngineClient, container_id: str, argv: list[str], _: float) -> Executed:
        inspected = await _inspected(client, container_id)
        if not inspected["State"]["Running"]:
            return Executed(None, "")
        payload = _looker(image, inspected, argv)
        name = f"{inspected['Name'].removeprefix('/')}-look-{secrets.token_hex(4)}"
        try:
            answer = await client.request("POST", "/containers/create", params={"name": name}, body=payload)
        except APIError as error:
            raise refusal(error) from error
        helper: str = answer.json()["Id"]
        try:
            return await _run_looker(client, helper)
        finally:
            await _remove(client, helper)

    return run


async def _run_looker(client: EngineClient, helper: str) -> Executed:
    try:
        await client.request("POST", container_path(helper, "start"), repeatable=False)
        answer = await client.request("POST", container_path(helper, "wait"), lasting_s=_LIMIT_S)
    except APIError as error:
        _LOG.debug("a helper could not look: %s", error)
        return Executed(127, "")
    frames = await output.tail(client, helper, 1000)
    text = b"".join(frame.body for frame in frames).decode("utf-8", "replace")
    return Executed(answer.json()["StatusCode"], text)


def _looker(image: str, inspected: Mapping[str, Any], argv: list[str]) -> dict[str, Any]:
    """A container that can do nothing but look: no capability, nothing written, the labels of what it looks at."""
    labels: dict[str, str] = inspected["Config"]["Labels"] or {}
    return {
        "Image": image,
        "Entrypoint": argv,
        "Cmd": [],
        "Labels": labels if LABEL_HOME in labels else {},
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {
            "NetworkMode": f"container:{inspected['Id']}",
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "ReadonlyRootfs": True,
            "Memory": _HELPER_MEMORY,
            "MemorySwap": _HELPER_MEMORY,
            "PidsLimit": 32,
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "1"}},
        },
    }


async def _remove(client: EngineClient, helper: str) -> None:
    try:
        await client.request("DELETE", container_path(helper), params={"v": 1, "force": 1})
    except APIError as error:
        if error.status_code not in {404, 409}:
            raise refusal(error) from error


async def _address(client: EngineClient, container_id: str) -> str:
    """Where it is found on its network; the loopback if it has no address."""
    inspected = await _inspected(client, container_id)
    networks: Mapping[str, Mapping[str, str]] = inspected["NetworkSettings"]["Networks"] or {}
    return next((network["IPAddress"] for network in networks.values() if network.get("IPAddress")), "127.0.0.1")


async def _inspected(client: EngineClient, container_id: str) -> Mapping[str, Any]:
    try:
        return (await client.request("GET", container_path(container_id, "json"))).json()
    except APIError as error:
        if error.status_code == 404:
            raise ContainerLostError from error
        raise refusal(error) from error
