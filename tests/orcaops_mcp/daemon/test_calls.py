"""How many requests of one connection may be under way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from orcaops_mcp import __version__
from orcaops_mcp.daemon import mcp_door
from orcaops_mcp.daemon.calls import MOST_CALLS, CallsUnderWay
from orcaops_mcp.mcp_server.sdk import error_message, message_of
from tests.orcaops_mcp.daemon.engines import MODERN, Wire, connected, running

if TYPE_CHECKING:
    from pathlib import Path


def _request(number: int, method: str, **params: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params | MODERN}).encode() + b"\n"


async def _answer(wire: Wire) -> dict[str, Any]:
    while True:
        said = await wire.read()
        if "id" in said:
            return said


@pytest.mark.hostile("B15")
async def test_ten_thousand_calls_in_a_burst_are_answered_each_and_those_too_many_with_a_refusal(home: Path) -> None:
    async with running(home), connected(home, version=__version__) as wire, connected(home, version="") as other:
        job_id = (await wire.call(1, "orcaops_submit_job", image="busybox", command=["sleep", "600"]))["job_id"]
        arguments = {"ids": [job_id], "timeout_s": 50}
        refused: list[dict[str, Any]] = []
        with anyio.fail_after(80):
            async with anyio.create_task_group() as tasks:

                async def burst() -> None:
                    for number in range(2, 10_002):
                        await wire.write(_request(number, "tools/call", name="orcaops_wait", arguments=arguments))

                tasks.start_soon(burst)
                refused += [await _answer(wire) for _ in range(10_000 - MOST_CALLS)]
            assert {answer["id"] for answer in refused} == set(range(2 + MOST_CALLS, 10_002))
            error = json.loads(refused[0]["result"]["content"][0]["text"])["error"]
            assert (refused[0]["result"]["isError"], error["code"], error["retryable"]) == (True, "busy", True)
            assert "256 requests" in error["message"]
            assert "orcaops_wait" in error["hint"]
            assert "orcaops_wait" in await other.tools()
            await wire.write(_request(20_000, "tools/list"))
            assert (await _answer(wire))["error"]["code"] == -32000
            await other.call(2, "orcaops_cancel_job", job_id=job_id, grace_s=0)
            assert {(await _answer(wire))["id"] for _ in range(MOST_CALLS)} == set(range(2, 2 + MOST_CALLS))
            assert "orcaops_wait" in await wire.tools(20_001)


def test_what_is_answered_or_cancelled_counts_no_more_and_the_same_id_counts_each_time() -> None:
    calls = CallsUnderWay()
    same = message_of(_request(1, "tools/list"))
    assert [calls.refuse(same) for _ in range(MOST_CALLS)] == [None] * MOST_CALLS
    assert calls.refuse(same) is not None
    calls.note_answer(error_message(1, -1, "no"))
    assert calls.refuse(same) is None
    assert calls.refuse(same) is not None
    cancelled = b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}'
    assert calls.refuse(message_of(cancelled)) is None
    assert calls.refuse(same) is None
    assert calls.refuse(same) is not None


async def test_one_connection_more_than_there_may_be_is_told_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_door, "_CONNECTIONS", 1)
    async with running(home), connected(home, version=__version__) as wire:
        async with connected(home) as second:
            await second.write(b'{"orcaops":1}\n')
            error = (await second.read())["error"]
        assert (error["code"], error["retryable"]) == ("busy", True)
        assert "serves 1 callers at once" in error["message"]
        assert "orcaops_wait" in await wire.tools()
