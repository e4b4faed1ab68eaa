"""What comes in at a running engine's doors: lines of MCP with any arguments, requests of HTTP with any bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.from_thread
import anyio.to_thread
from hypothesis import strategies as st

from orcaops_mcp import __version__, places
from orcaops_mcp.daemon.process import Doors as EngineDoors
from orcaops_mcp.daemon.process import run_engine
from orcaops_mcp.mcp_server.tools import ALL_TOOLS
from orcaops_mcp.settings import load_configuration
from tests.fuzz.made_up import JOB_FILES, TEXTS, WORKFLOW_FILES, damaged, data, lossy
from tests.fuzz.target import Target
from tests.orcaops_mcp.daemon.engines import MODERN, connected

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from orcaops_mcp.mcp_server.toolset import AnyTool
    from tests.orcaops_mcp.daemon.engines import Wire

PATIENCE_S: Final = 60
"""For an answer that needs a second; a busy machine is given more."""

MOST_ANSWERED: Final = 2_000_000
"""Characters of an answer to something made up."""

_PATIENT: Final = frozenset({"wait_s", "timeout_s", "follow_s"})
_WORKFLOW: Final = "jobs: {build: {image: 'busybox:latest', commands: ['echo built', 'exit 1']}}"
_TOOLS: Final[dict[str, AnyTool]] = {tool.name: tool for tool in ALL_TOOLS}
_DEEP: Final = "[" * 150 + "]" * 150
_LONG: Final = '"' + "é" * 1_000_000 + '"'
_METHODS: Final = (
    *("tools/list", "resources/list", "resources/read", "resources/templates/list", "prompts/list", "prompts/get"),
    *(
        "completion/complete",
        "ping",
        "initialize",
        "server/discover",
        "logging/setLevel",
        "nowhere",
        "notifications/cancelled",
    ),
)


@dataclass
class Doors:
    """An engine with a job and a run that have ended.

    Attributes:
        home: Its home.
        wire: A conversation in MCP.
        known: Ids of what is there.
        number: Of the last question asked.
    """

    home: Path
    wire: Wire
    known: dict[str, str]
    number: int = 1_000_000_000

    def real(self, text: str) -> str:
        """A text with the names of what is there in their places."""
        for name, value in self.known.items():
            text = text.replace(f"<{name}>", value)
        return text.replace('"<deep>"', _DEEP).replace('"<long>"', _LONG)


@asynccontextmanager
async def open_doors(home: Path) -> AsyncGenerator[Doors]:
    """The doors of an engine in this process."""
    overrides = {"home": str(home), "backend": "simulated"}
    configuration = await anyio.to_thread.run_sync(lambda: load_configuration({}, overrides))
    opened = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_engine, configuration, EngineDoors(None, None, opened.set))
        await opened.wait()
        async with connected(home, version=__version__) as wire:
            yield await _known(home, wire)
        await anyio.to_thread.run_sync(places.leave, str(home))


async def _known(home: Path, wire: Wire) -> Doors:
    with anyio.fail_after(PATIENCE_S):
        job = await wire.call(1, "orcaops_submit_job", image="busybox:latest", command=["echo", "x"], wait_s=20)
        run = await wire.call(2, "orcaops_run_workflow", spec=_WORKFLOW, wait_s=20)
    return Doors(home, wire, {"job": job["job_id"], "run": run["workflow_id"]})


async def mcp_line(doors: Doors, line: bytes) -> None:
    """Whatever the line is, the next question is answered; an answer to it is JSON of bounded size."""
    doors.number += 1
    number = doors.number
    asked = doors.real(line.decode("latin-1")).encode("latin-1").replace(b"\n", b" ")
    with anyio.fail_after(PATIENCE_S):
        await doors.wire.write(asked + b"\n")
        request = {"jsonrpc": "2.0", "id": number, "method": "tools/list", "params": MODERN}
        await doors.wire.write(json.dumps(request).encode() + b"\n")
        while (answer := await doors.wire.read()).get("id") != number:
            judge(answer)


async def tool_call(doors: Doors, made: tuple[str, dict[str, Any]]) -> None:
    """Each call is answered once: with facts, or with the one envelope."""
    doors.number += 1
    number = doors.number
    name, arguments = made
    request = {
        "jsonrpc": "2.0",
        "id": number,
        "method": "tools/call",
        "params": {"name": name, "arguments": _impatient(arguments)} | MODERN,
    }
    with anyio.fail_after(PATIENCE_S):
        await doors.wire.write(doors.real(json.dumps(request)).encode() + b"\n")
        while True:
            answer = await doors.wire.read()
            judge(answer)
            if answer.get("id") == number:
                return
            if "id" not in answer and answer.get("method") is None:
                raise AssertionError(f"no answer to {request}")


def judge(answer: dict[str, Any]) -> None:
    """No internal error, and an error of a tool is the one envelope."""
    told = json.dumps(answer)
    assert len(told) < MOST_ANSWERED
    assert '"internal_error"' not in told.replace("\\", ""), told[:2000]
    assert answer.get("error", {}).get("code") != -32603, told[:2000]
    result: dict[str, Any] = answer.get("result") or {}
    if result.get("isError"):
        error = json.loads(result["content"][0]["text"])["error"]
        assert {"code", "message", "hint", "retryable"} <= error.keys()
        assert len(told) < 50_000


async def http_request(doors: Doors, sent: bytes) -> None:
    """An answer that is no failure of ours, or the end of the connection; and the door stays open."""
    path = await anyio.to_thread.run_sync(places.socket_path, str(doors.home), places.API_SOCKET)
    assert path is not None
    said = await _exchange(path, doors.real(sent.decode("latin-1")).encode("latin-1"))
    if said:
        status = re.match(rb"HTTP/1\.1 ([1-5][0-9]{2}) ", said)
        assert status is not None, said[:200]
        assert status[1] not in (b"500", b"502", b"504"), said[:2000]
    assert (await _exchange(path, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")).startswith(b"HTTP/1.1 200 ")


async def _exchange(path: str, sent: bytes) -> bytes:
    """What is answered first; nothing if the connection ends or the request is half a one."""
    with anyio.fail_after(PATIENCE_S):
        async with await anyio.connect_unix(path) as stream:
            try:
                await stream.send(sent)
                with anyio.move_on_after(0.5 if _is_half(sent) else PATIENCE_S):
                    return await stream.receive(65_536)
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return b""
    return b""


def _is_half(sent: bytes) -> bool:
    """Whether the server may rightly wait for more."""
    head, end, body = sent.partition(b"\r\n\r\n")
    told = re.search(rb"(?im)^content-length: *([0-9]{1,9}) *\r?$", head)
    return not end or b"chunked" in head.lower() or (told is not None and int(told[1]) > len(body))


def _impatient(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments, but nobody waits: that is tried elsewhere, and takes no thought."""
    return {name: 0 if name in _PATIENT and isinstance(value, int) else value for name, value in arguments.items()}


def _arguments(name: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Arguments of a tool: its own names with fitting and other values, and names that it has not."""
    tool = _TOOLS[name]
    names = sorted(tool.arguments.model_fields) or ["format"]
    values = st.one_of(_FITTING, data(names, 6), st.sampled_from(["<deep>", "<long>"]))
    made = st.dictionaries(st.sampled_from(names), values, max_size=5)
    strange = st.dictionaries(TEXTS, values, max_size=1)
    fitting: dict[str, Any] = {"image": "busybox:latest"} if "image" in names else {}
    return st.tuples(
        st.just(name),
        st.builds(dict[str, Any].__or__, st.just(fitting), made) | st.builds(dict[str, Any].__or__, made, strange),
    )


_FITTING: Final[st.SearchStrategy[Any]] = st.sampled_from([
    "<job>", "<run>", "<run>/build", "busybox:latest", ["true"], ["<job>", "<run>"], "echo hi", "same", 5, True,
    {"A": "1"}, ["A=1"], _WORKFLOW, ["*.txt"], "1-1", "2026-01-02T03:04:05Z", [{"run": "true"}],
])  # fmt: skip
_CALLS: Final[st.SearchStrategy[Any]] = st.one_of(
    st.sampled_from(sorted(_TOOLS)).flatmap(_arguments), st.tuples(TEXTS, st.just({}))
)
_FRAMES: Final = [
    json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, **MODERN}}).encode()
    for method in (*_METHODS, "tools/call")
    for params in (
        {"name": "orcaops_list_runs", "arguments": {"limit": 1}},
        {"uri": "orcaops://jobs/<job>", "level": "info"},
    )
]
_LINES: Final[st.SearchStrategy[Any]] = st.one_of(
    damaged(_FRAMES, [b'"\\ud800"', b"NaN", b"1e999", b"[" * 3000, b"{" * 300, b'"id":', b"null", b"\xff", b"-1"]),
    data(["jsonrpc", "id", "method", "params", "name", "arguments", "_meta"]).map(
        lambda value: json.dumps(value).encode()
    ),
    st.binary(max_size=100),
)
_PATHS: Final = (
    *(
        "/",
        "/orcaops",
        "/orcaops/jobs",
        "/orcaops/jobs/<job>",
        "/orcaops/jobs/<job>/logs",
        "/orcaops/jobs/<job>/failure",
    ),
    *(
        "/orcaops/jobs/<job>/artifacts",
        "/orcaops/jobs/<job>/cancel",
        "/orcaops/runs",
        "/orcaops/workflows",
        "/orcaops/artifacts",
    ),
    *(
        "/orcaops/workflows/<run>",
        "/orcaops/workflows/<run>/logs",
        "/orcaops/workflows/<run>/nodes/build",
        "/orcaops/system",
    ),
    *(
        "/orcaops/templates",
        "/orcaops/templates/x",
        "/orcaops/uploads",
        "/openapi.json",
        "/docs",
        "/jobs",
        "/jobs/<job>",
    ),
    *("/workflows", "/workflows/<run>", "/analytics", "/system", "/static/x.js", "/readyz", "/orcaops/metrics", "/mcp"),
)
_QUERIES: Final = (
    "limit",
    "cursor",
    "since",
    "until",
    "status",
    "q",
    "name",
    "tail",
    "pattern",
    "stream",
    "step",
    "range",
    "after",
)
_HEADERS: Final = (
    *(
        "Content-Type: application/json",
        "Content-Type: application/yaml",
        "Content-Type: multipart/form-data; boundary=x",
    ),
    *(
        "Range: bytes=5-1",
        "If-None-Match: *",
        "Last-Event-ID: -1",
        "Accept: text/event-stream",
        "Authorization: Bearer x",
    ),
    *(
        "Host: evil",
        "Origin: http://evil",
        "Transfer-Encoding: chunked",
        "Content-Length: -1",
        "Content-Length: 5",
        "Expect: 100-continue",
    ),
    *(
        "Upgrade: websocket",
        "Connection: upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: x",
        "Cookie: orcaops=x",
    ),
    *(
        "Idempotency-Key: \x7f",
        "Accept-Language: \xff",
        "Mcp-Session-Id: x",
        "Mcp-Protocol-Version: 2026-07-28",
        ": x",
        "X: y\r\n z",
    ),
)


@st.composite
def _requests(draw: st.DrawFn) -> bytes:
    method = draw(
        st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "PATCH", "TRACE", "get", "X" * 100])
    )
    path = draw(st.sampled_from(_PATHS))
    if draw(st.booleans()):
        path = path.replace("<job>", draw(TEXTS.map(_in_path))) + draw(
            st.sampled_from(["", "/", "/..", "/%2e%2e", "/%00"])
        )
    pairs = draw(st.lists(st.tuples(st.sampled_from(_QUERIES), TEXTS.map(_in_path)), max_size=3))
    query = "&".join(f"{name}={value}" for name, value in pairs)
    body = draw(
        st.one_of(
            st.just(b""), _CALLS.map(lambda call: json.dumps(call[1]).encode()), damaged([*JOB_FILES, *WORKFLOW_FILES])
        )
    )
    length = [f"Content-Length: {len(body)}"] if body or method == "POST" else []
    headers = [*draw(st.lists(st.sampled_from(_HEADERS), max_size=4)), *length, "Host: localhost"]
    head = "\r\n".join([f"{method} {path}{'?' + query if query else ''} HTTP/1.1", *headers, "", ""])
    return head.encode("latin-1", "replace") + body


def _in_path(text: str) -> str:
    """Percent-encoded but for what some clients leave as it is."""
    return "".join(
        mark if mark.isascii() and (mark.isalnum() or mark in "-._~%+*'") else _encoded(mark) for mark in text[:2000]
    )


def _encoded(mark: str) -> str:
    return "".join(f"%{byte:02X}" for byte in lossy(mark))


_Ask = Callable[[Doors, Any], Coroutine[Any, Any, None]]


def _asked(ask: _Ask, doors: Doors, made: Any) -> None:
    anyio.from_thread.run(ask, doors, made)


@dataclass(frozen=True, slots=True)
class DoorTarget:
    """A target that needs an engine: in a worker thread, `at` makes a target of it."""

    name: str
    inputs: st.SearchStrategy[Any]
    ask: _Ask
    quick: int = 25

    def at(self, doors: Doors) -> Target:
        """The target, its input sent to these doors by the loop that this thread was started from."""
        return Target(self.name, self.inputs, partial(_asked, self.ask, doors), self.quick)


TARGETS: Final = (
    DoorTarget("calls of MCP", _CALLS, tool_call, 80),
    DoorTarget("lines of MCP", _LINES, mcp_line, 40),
    DoorTarget("requests of HTTP", _requests(), http_request, 40),
)
