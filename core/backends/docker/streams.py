"""Answers of the engine that are read as they come, by a thread that a cancelled task can always get back."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio
import anyio.to_thread
import urllib3.exceptions

from core.backends.docker.faults import connection_fault
from core.tasks import until_cancelled

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from types import TracebackType

    import requests

    from core.backends.docker.client import EngineClient

T = TypeVar("T")


class EngineStream:
    """An answer whose body is still coming. Made by `opened`.

    A reader blocked in `recv` is freed by shutting the socket down; closing it from another thread would wait for the
    reader.
    """

    def __init__(self, limiter: anyio.CapacityLimiter) -> None:
        self._limiter = limiter
        self._response: requests.Response | None = None
        self._interrupted = False

    async def run(self, body: Callable[[], T]) -> T:
        """Run ``body``, which reads from this stream, in a thread, and return what it returns.

        Cancelling interrupts the stream and waits for ``body`` to return: it is never left running.
        """
        work = _Work(body)
        async with anyio.create_task_group() as group:
            group.start_soon(until_cancelled, self._interrupt_when_cancelled)
            await anyio.to_thread.run_sync(work, limiter=self._limiter)
            group.cancel_scope.cancel()
        return work.result()

    def read(self, size: int) -> bytes:
        """The next bytes of the body, at most ``size``, as soon as there are some; empty at its end.

        Raises:
            BackendUnavailableError: The connection broke, or the stream was interrupted, before the end.
            BackendTimeoutError: The engine stayed silent for too long.
        """
        try:
            return self._raw.read1(size)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise connection_fault(error) from error

    def bulk(self) -> tuple[Callable[[int], bytes], bool]:
        """A faster `read`: what the socket has, and whether chunk framing (RFC 9112, 7.1) is still in it.

        http.client takes such a body apart chunk by chunk; the engine makes a chunk of every log line.
        """
        below: Any = self._raw._fp  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - urllib3 has no public way
        return below.fp.read1, bool(below.chunked)

    def be_patient(self) -> None:
        """Let the engine be silent for as long as it likes."""
        connection = self._raw.connection
        if connection is not None and connection.sock is not None:
            connection.sock.settimeout(None)

    def interrupt(self) -> None:
        """End the stream under its reader; from any thread, any number of times."""
        self._interrupted = True
        if self._response is not None:
            _shut_down(self._response)

    def open(self, send: Callable[[], requests.Response]) -> None:
        """Take the answer of ``send``; closes it at once if the stream was interrupted meanwhile."""
        self._response = response = send()
        if self._interrupted:  # looked at after the answer was noted: `interrupt` does it the other way round
            response.close()

    def close(self) -> None:
        """Close the connection, read to the end or not."""
        self.interrupt()
        if self._response is not None:
            self._response.close()

    @property
    def is_open(self) -> bool:
        """Whether there is a connection to close."""
        return self._response is not None

    @property
    def headers(self) -> Any:
        """The answer's headers."""
        return None if self._response is None else self._response.headers

    @property
    def _raw(self) -> urllib3.HTTPResponse:
        if self._response is None or self._response.raw is None:
            raise ValueError("the stream is not open")
        return self._response.raw

    async def _interrupt_when_cancelled(self) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            self.interrupt()


@asynccontextmanager
async def opened(client: EngineClient, send: Callable[[], requests.Response]) -> AsyncGenerator[EngineStream]:
    """Send a request and hold its answer open while the context lasts.

    Args:
        client: Whose threads to use.
        send: Sends the request; called in a worker thread.

    Raises:
        APIError: The engine refused.
        BackendUnavailableError: It does not answer.
        BackendTimeoutError: It is too slow.
    """
    stream = EngineStream(client.streams)
    try:
        await anyio.to_thread.run_sync(stream.open, send, abandon_on_cancel=True, limiter=client.streams)
        yield stream
    finally:
        stream.interrupt()
        if stream.is_open:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(stream.close, limiter=client.streams)


def _shut_down(response: requests.Response) -> None:
    try:
        response.raw.shutdown()
    except (OSError, RuntimeError, ValueError):  # it has ended by itself
        return


class _Work(Generic[T]):
    """A call whose outcome is kept, so that no exception of it passes through a task group."""

    def __init__(self, body: Callable[[], T]) -> None:
        self._body = body
        self._value: list[T] = []
        self._error: tuple[Exception, TracebackType | None] | None = None

    def __call__(self) -> None:
        try:
            self._value.append(self._body())
        except Exception as error:  # noqa: BLE001 - raised again by `result`
            self._error = (error, error.__traceback__)

    def result(self) -> T:
        if self._error is not None:
            raise self._error[0].with_traceback(self._error[1])
        return self._value[0]
