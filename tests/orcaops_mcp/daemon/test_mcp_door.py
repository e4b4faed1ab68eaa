from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from orcaops_mcp import __version__
from orcaops_mcp.daemon.mcp_door import MAX_FRAME
from tests.orcaops_mcp.daemon.engines import HELLO, Wire, connected, running

if TYPE_CHECKING:
    from pathlib import Path


def _line(**message: Any) -> bytes:
    return json.dumps(message).encode() + b"\n"


async def _is_well(wire: Wire) -> bool:
    return "orcaops_wait" in await wire.tools(77)


@pytest.mark.parametrize(
    "first",
    [
        b"\n", b"\0\0\0\n", b"{\n", b"[]\n", b"null\n", b"GET / HTTP/1.1\r\n", b"\xff\xfe\n", b"[" * 60_000 + b"\n",
        b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n', b'{"orcaops":1,"control":"explode"}\n',
        b'{"orcaops":1,"read_only":"perhaps"}\n', b'{"orcaops":1,"tools":"orcaops_wat"}\n',
        b'{"orcaops":1,"backend":"docker"}\n',
    ],
)  # fmt: skip
async def test_a_first_line_that_is_no_greeting_gets_the_reason_and_touches_nobody(home: Path, first: bytes) -> None:
    async with running(home), connected(home, version=__version__) as other:
        async with connected(home) as wire:
            await wire.write(first)
            error = (await wire.read())["error"]
            assert error["message"]
            assert error["hint"]
            assert await wire.ends()
        assert await _is_well(other)


@pytest.mark.parametrize("first", [b"", b'{"orcaops":1', b"x" * 200_000])
async def test_half_a_greeting_or_an_endless_one_is_let_go(home: Path, first: bytes) -> None:
    async with running(home), connected(home, version=__version__) as other:
        async with connected(home) as wire:
            await wire.write(first)
        async with connected(home) as wire:
            await wire.write(b"y" * 200_000)
            assert await wire.ends()
        assert await _is_well(other)


async def test_who_says_nothing_is_let_go_and_who_has_greeted_may_be_silent(home: Path) -> None:
    async with running(home), connected(home, version=__version__) as quiet:
        async with connected(home) as wire:
            assert await wire.ends()
        assert await _is_well(quiet)


@pytest.mark.hostile("B1")
async def test_rubbish_after_the_greeting_is_passed_over(home: Path) -> None:
    rubbish = [b"", b"{", b"null", b"42", b"[" * 100_000, b"\xff\xfe\x00", b'{"jsonrpc":"2.0","id":"\\ud800"}']
    async with running(home), connected(home, version=__version__) as wire:
        await wire.write(b"\n".join(rubbish) + b"\n")
        assert await _is_well(wire)


@pytest.mark.hostile("B2", "B4")
async def test_a_request_that_cannot_be_read_is_answered_so_that_nobody_waits(home: Path) -> None:
    bodies = [b'"\\ud800"', b"\xff", b"[" * 5000 + b"]" * 5000, b"1" * 5000, b"{"]
    async with running(home), connected(home, version=__version__) as wire:
        for body in bodies:
            for line in (
                b'{"id": 5, "method": "ping", "params": %b}',
                b'{"method": "ping", "params": %b, "id": "five"}',
            ):
                await wire.write(line % body + b"\n")
                refused = await wire.read()
                assert refused["id"] in {5, "five"}
                assert refused["error"]["code"] == -32600
                assert "half a surrogate" in refused["error"]["message"]
        await wire.write(b'{"id": 5, "result": "\\ud800"}\n')
        assert await _is_well(wire)


@pytest.mark.parametrize("is_last", [False, True])
@pytest.mark.hostile("B3")
async def test_a_message_that_is_too_long_is_an_error_to_its_sender_who_goes_on(home: Path, *, is_last: bool) -> None:
    padding = b"x" * MAX_FRAME
    head = b'{"jsonrpc":"2.0",' + (b"" if is_last else b'"id":5,') + b'"method":"tools/call","params":{"id":"no","a":"'
    async with running(home), connected(home, version=__version__) as wire, connected(home, version="") as other:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wire.write, head + padding + (b'"},"id":5}\n' if is_last else b'"}}\n'))
            assert await _is_well(other)
        refused = await wire.read()
        assert refused["id"] == 5
        assert str(MAX_FRAME) in refused["error"]["message"]
        assert await _is_well(wire)


async def test_a_long_message_without_an_id_ends_its_connection_and_no_other(home: Path) -> None:
    async with running(home), connected(home, version=__version__) as other:
        async with connected(home, version=__version__) as wire:
            await wire.write(b'{"params":{"id":5},"a":"' + b"x" * MAX_FRAME + b'"}\n')
            assert await wire.ends()
        assert await _is_well(other)


async def test_a_message_of_some_megabytes_is_understood(home: Path) -> None:
    async with running(home), connected(home, version=__version__) as wire:
        answer = await wire.ask(
            1, "tools/call", name="orcaops_submit_job", arguments={"image": "busybox", "script": "#" * 3_000_000}
        )
        assert answer["result"]["isError"] is True
        assert "256 KiB" in answer["result"]["content"][0]["text"]


@pytest.mark.fault("F39")
async def test_a_reader_that_never_reads_holds_up_nobody(home: Path) -> None:
    async with running(home), connected(home, version=__version__) as stuck, connected(home, version="") as other:
        for number in range(300):
            await stuck.write(_line(jsonrpc="2.0", id=number, method="tools/list", params={}))
        assert await _is_well(other)


async def test_both_eras_are_served_side_by_side(home: Path) -> None:
    async with running(home), connected(home, version="") as modern, connected(home, version="") as legacy:
        await legacy.write(_line(jsonrpc="2.0", id=0, method="initialize", params=HELLO))
        assert (await legacy.read())["result"]["serverInfo"]["name"] == "orcaops"
        await legacy.write(_line(jsonrpc="2.0", method="notifications/initialized"))
        await legacy.write(_line(jsonrpc="2.0", id=1, method="tools/list"))
        offered = (await legacy.read())["result"]["tools"]
        assert [tool["name"] for tool in offered] == await modern.tools()


async def test_each_connection_has_the_tools_it_asked_for(home: Path) -> None:
    async with (
        running(home),
        connected(home, read_only="true", tools="orcaops_wait, orcaops_cancel_job") as few,
        connected(home, read_only=False) as all_of_them,
        connected(home, read_only=True, tools=["orcaops_wait"]) as others,
    ):
        assert await few.tools() == ["orcaops_wait"]
        assert len(await all_of_them.tools()) > 10
        assert await others.tools() == ["orcaops_wait"]


async def test_what_a_connection_leaves_open_is_as_the_engine_is_configured(home: Path) -> None:
    async with running(home, read_only=True, tools=["orcaops_wait", "orcaops_cancel_job"]):
        async with connected(home, version="") as wire:
            assert await wire.tools() == ["orcaops_wait"]
        async with connected(home, read_only="false") as wire:
            assert await wire.tools() == ["orcaops_cancel_job", "orcaops_wait"]


async def test_a_job_seen_by_one_connection_is_seen_by_all(home: Path) -> None:
    async with running(home), connected(home, version="") as one, connected(home, version="") as other:
        job = await one.call(1, "orcaops_submit_job", image="busybox", command=["echo", "hi"], wait_s=20)
        seen = await other.call(1, "orcaops_get_job_status", job_id=job["job_id"])
        assert seen["status"] == job["status"] == "success"
