"""The one door to docker-py: short calls in worker threads, with a time limit and an error of ours for every fault.

docker-py brings the way to the engine (Unix socket, TCP with TLS, named pipe, SSH), the API version and the logins;
the calls themselves are the Engine API's own (https://docs.docker.com/reference/api/engine/).
"""

from __future__ import annotations

import functools
import json
import logging
import math
import random
import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

import anyio
import anyio.to_thread
import requests
import urllib3.exceptions
from docker import APIClient
from docker.auth import get_config_header  # pyright: ignore[reportUnknownVariableType] - half typed
from docker.constants import DEFAULT_UNIX_SOCKET, MINIMUM_DOCKER_API_VERSION
from docker.errors import DockerException, create_api_error_from_http_exception
from docker.transport import UnixHTTPAdapter
from docker.utils import kwargs_from_env

from core import portable
from core.backends.docker.faults import connection_fault
from core.backends.docker.unix_socket import UnixSocketAdapter
from core.errors import BackendError, BackendUnavailableError
from core.faultpoints import reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from core.settings import DockerSettings

_LOG: Final = logging.getLogger(__name__)

POOL_SIZE: Final = 128
"""Connections kept: more than may be in use at once, because a full pool closes them with a warning each."""

_CALLS: Final = 64
_STREAMS: Final = 1000
_PAUSES_S: Final = (0.05, 0.15)

Params = dict[str, str | int]


class EngineClient:
    """Calls on a Docker Engine that may be away.

    Building one reaches for nothing: the connection is made at the first call, and made anew after the engine was
    away (it may have come back with another version).

    Args:
        settings: Where the engine is and how long a short call may take.

    Attributes:
        streams: Threads that may block for long; apart, so that they never starve a short call.
    """

    def __init__(self, settings: DockerSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._way: _Way | None = None
        self._calls = anyio.CapacityLimiter(_CALLS)
        self.streams = anyio.CapacityLimiter(_STREAMS)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: object = None,
        data: bytes | Callable[[], Iterable[bytes]] | None = None,
        lasting_s: float = 0,
        repeatable: bool = True,
    ) -> requests.Response:
        """Make a short call and read its answer.

        Args:
            method: The HTTP method.
            path: Below the API's version, such as ``/info``.
            params: The query.
            body: Sent as JSON unless None.
            data: Sent as it is; what makes pieces is asked anew, in the thread, each time they are sent.
            lasting_s: How long the engine is expected to take over it, beside the time limit of any call.
            repeatable: Whether it may be sent again when the connection broke, not knowing what became of it.

        Raises:
            APIError: The engine answered with 400 or above.
            BackendUnavailableError: It does not answer.
            BackendTimeoutError: It is too slow.
        """
        content = data if body is None else json.dumps(body).encode()
        headers = None if body is None else {"Content-Type": "application/json"}
        limit = self._settings.call_timeout_s + lasting_s
        send = functools.partial(
            self.send, method, path, params=params, data=content, headers=headers, silence_s=limit, stream=False
        )
        limiter = self.streams if lasting_s else self._calls
        for pause in _PAUSES_S if repeatable else ():
            try:
                return await anyio.to_thread.run_sync(send, abandon_on_cancel=True, limiter=limiter)
            except BackendUnavailableError:
                await anyio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not a secret
        return await anyio.to_thread.run_sync(send, abandon_on_cancel=True, limiter=limiter)

    async def takes_connections(self) -> bool:
        """Whether the engine answers on a connection of its own; one that goes down takes none, and ends slowly."""
        try:
            await anyio.to_thread.run_sync(self._reached_anew, abandon_on_cancel=True, limiter=self._calls)
        except BackendUnavailableError:
            return False
        except BackendError:  # it is slow, which says nothing
            return True
        return True

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        data: bytes | Callable[[], Iterable[bytes]] | None = None,
        headers: Mapping[str, str] | None = None,
        silence_s: float | None = None,
        stream: bool = True,
    ) -> requests.Response:
        """Send a request from a worker thread; with ``stream`` the body is left to be read.

        Args:
            method: The HTTP method.
            path: Below the API's version.
            params: The query.
            data: The body, or what makes its pieces.
            headers: Beside the usual ones.
            silence_s: How long the engine may stay silent; None for the limit of a short call.
            stream: Whether to return as soon as the answer's headers are there.

        Raises:
            APIError: The engine answered with 400 or above.
            BackendUnavailableError: It does not answer.
            BackendTimeoutError: It is too slow.
        """
        way = self._connected()
        content = data() if callable(data) else data
        limit = self._settings.call_timeout_s
        timeout = (limit, limit if silence_s is None else silence_s)
        reach("docker", method, path, "asked")
        try:
            response = way.api.request(
                method, way.url + path, params=params, data=content, headers=headers, timeout=timeout, stream=stream
            )
            response.raise_for_status()
        except requests.HTTPError as error:
            create_api_error_from_http_exception(error)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            fault = connection_fault(error)
            if isinstance(fault, BackendUnavailableError):
                self._forget(way)
            raise fault from error
        reach("docker", method, path, "answered")
        return response

    def login_for(self, registry: str) -> Mapping[str, str]:
        """The header that carries the login for a registry, if Docker's configuration has one.

        Called from a worker thread: a credential helper may be run. The configuration is read anew, so that a
        `docker login` counts at once.
        """
        api = self._connected().api
        api.reload_config()
        try:
            header = get_config_header(api, registry)
        except DockerException as error:  # a helper that is named and not installed: the image may need no login
            _LOG.warning("the login for %s could not be looked up: %s", registry, error)
            return {}
        return {} if header is None else {"X-Registry-Auth": header.decode()}

    def close(self) -> None:
        """Close the connections that are idle; a later call makes others."""
        with self._lock:
            way, self._way = self._way, None
        if way is not None:
            way.api.close()

    def _connected(self) -> _Way:
        with self._lock:
            if self._way is not None:
                return self._way
        way = self._find_way()
        with self._lock:
            if self._way is None:
                self._way = way
        return way

    def _find_way(self) -> _Way:
        """Reach the engine and agree on a version; not under the lock, for a hung engine makes it last."""
        try:
            api = self._build()
            version: str = api.version(api_version=False)["ApiVersion"]
        except (DockerException, requests.RequestException, OSError) as error:
            raise connection_fault(error) from error
        return _Way(api, f"{api.base_url}/v{version}")

    def _reached_anew(self) -> None:
        self._find_way().api.close()

    def _build(self) -> APIClient:
        address: dict[str, Any] = (
            {"base_url": self._settings.base_url} if self._settings.base_url else dict(kwargs_from_env())
        )
        limit = self._settings.call_timeout_s
        # a version is named so that nothing is asked: the real one is agreed on over our own adapter
        api = APIClient(
            **address, version=MINIMUM_DOCKER_API_VERSION, timeout=math.ceil(limit), max_pool_size=POOL_SIZE
        )
        if api.base_url.startswith("http+docker:"):
            api.trust_env = False  # proxies and ~/.netrc have no say on a local socket, and are looked up at every call
            adapter = api.get_adapter(api.base_url)
            if isinstance(adapter, UnixHTTPAdapter):
                ours = UnixSocketAdapter(adapter.socket_path, size=POOL_SIZE)
                api.mount("http+docker://", ours)
        return api

    def _forget(self, way: _Way) -> None:
        with self._lock:
            if self._way is way:
                self._way = None


def engine_socket(settings: DockerSettings) -> str | None:
    """The path of the engine's socket on this machine; None when it is reached otherwise, and may be elsewhere."""
    own = "" if portable.IS_WINDOWS else DEFAULT_UNIX_SOCKET  # Windows' own is a named pipe
    address = settings.base_url or str(kwargs_from_env().get("base_url") or "") or own
    _, scheme, path = address.rpartition("unix:")
    return "/" + path.lstrip("/") if scheme else None


class _Way(NamedTuple):
    """How the engine is reached."""

    api: APIClient
    url: str
    """Address and version, put before every path."""


def container_path(container_id: str, verb: str = "") -> str:
    """The path of a container's resource, such as ``/containers/<id>/start``."""
    path = f"/containers/{quote(container_id, safe='')}"
    return f"{path}/{verb}" if verb else path
