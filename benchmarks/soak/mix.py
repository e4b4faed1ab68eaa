"""The mix of work: each kind is a story with a known end, told by somebody who uses the server."""

from __future__ import annotations

import hashlib
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import anyio

from benchmarks.soak.guest import IMAGE, Unexpected, expect

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mcp import Client

    from benchmarks.soak.guest import Guest

_READERS: Final = 6
_COUNT: Final = "for i in $(seq 1 40); do echo line $i; done; sleep 0.3; for i in $(seq 41 60); do echo line $i; done"
_LINES: Final = [f"line {number}" for number in range(1, 61)]
_WEB: Final = {
    "image": IMAGE,
    "command": ["sh", "-c", "mkdir /www; cd /www; echo here > x; exec httpd -f -p 8080"],
    "ready": {"http": "8080/x"},
    "ready_timeout_s": 120,
}


async def _ends(guest: Guest, job_id: str, status: str, **facts: object) -> dict[str, Any]:
    """Follow a job to its end, and look whether its record says what it should."""
    _, end = await guest.followed(f"/orcaops/jobs/{job_id}")
    expect(f"the end told of {job_id}", end["status"], status)
    job = await guest.job(job_id)
    expect(f"the status of {job_id}", job["status"], status)
    for name, wanted in facts.items():
        expect(f"{name} of {job_id}", job.get(name), wanted)
    return job


async def _command(guest: Guest) -> None:
    job_id = await guest.submit("sh", "-c", _COUNT)
    lines, end = await guest.followed(f"/orcaops/jobs/{job_id}")
    expect(f"the log of {job_id}", lines, _LINES)
    expect(f"the end of {job_id}", (end["status"], end.get("exit_code")), ("success", 0))


async def _steps(guest: Guest) -> None:
    job_id = await guest.submit(
        commands=["echo one; echo answer=42 >> $ORCAOPS_OUTPUT", "echo two >&2", "sleep 0.2; echo three"]
    )
    lines, end = await guest.over_socket(f"/orcaops/jobs/{job_id}")
    expect(f"the end of {job_id}", end["status"], "success")
    expect(f"the log of {job_id}", sorted(lines), ["one", "three", "two"])
    job = await guest.job(job_id)
    expect(f"the outputs of {job_id}", job.get("outputs"), {"answer": "42"})


async def _failing(guest: Guest) -> None:
    job_id = await guest.submit(commands=["echo begun", "echo 'error: no such thing' >&2; exit 7", "echo never"])
    job = await _ends(guest, job_id, "failed", exit_code=7)
    expect(f"the failure of {job_id}", job["failure"]["kind"], "exit")
    await guest.ask("GET", f"/orcaops/jobs/{job_id}/failure")


async def _retried(guest: Guest) -> None:
    text = "echo try $ORCAOPS_ATTEMPT; [ $ORCAOPS_ATTEMPT -eq 2 ] || exit 9"
    job_id = await guest.submit("sh", "-c", text, retries=2, retry_delay_s=0.2)
    job = await _ends(guest, job_id, "success")
    expect(f"the attempt of {job_id}", job["attempt"], 2)


async def _cancelled(guest: Guest) -> None:
    job_id = await guest.submit("sh", "-c", "echo up; exec sleep 600", cancel_grace_s=1)
    async for name, _ in guest.events(f"/orcaops/jobs/{job_id}/logs/stream"):
        if name == "log":
            await guest.ask("DELETE", f"/orcaops/jobs/{job_id}")
        elif name == "end":
            break
    await _ends(guest, job_id, "cancelled")


async def _cancelled_early(guest: Guest) -> None:
    job_id = await guest.submit("sleep", "600", cancel_grace_s=0)
    await guest.ask("POST", f"/orcaops/jobs/{job_id}/cancel", json={"reason": "soak"})
    await _ends(guest, job_id, "cancelled")


async def _timed_out(guest: Guest) -> None:
    job_id = await guest.submit("sh", "-c", "echo slow; exec sleep 600", timeout_s=1, cancel_grace_s=1)
    await _ends(guest, job_id, "timed_out")


async def _served(guest: Guest) -> None:
    text = "wget -q -O - http://web:8080/x"
    job_id = await guest.submit("sh", "-c", text, services={"web": _WEB}, network="bridge")
    await _ends(guest, job_id, "success")


async def _artifacts(guest: Guest) -> None:
    text = "mkdir -p out; seq 1 2000 > out/a.txt; seq 1 20 > out/b.txt"
    job_id = await guest.submit("sh", "-c", text, artifacts=["out/*"], workdir="/work")
    await _ends(guest, job_id, "success")
    listed = (await guest.ask("GET", f"/orcaops/jobs/{job_id}/artifacts"))["items"]
    expect(f"the artifacts of {job_id}", len(listed), 2)
    whole = "".join(f"{number}\n" for number in range(1, 2001)).encode()
    path = next(each["path"] for each in listed if each["path"].endswith("a.txt"))
    answer = await guest.http.get(f"/orcaops/jobs/{job_id}/artifacts/{path}")
    expect(f"the bytes of {path} of {job_id}", hashlib.sha256(answer.content).digest(), hashlib.sha256(whole).digest())
    await guest.page(f"/artifacts?job={job_id}")


async def _flood(guest: Guest) -> None:
    job_id = await guest.submit("seq", "1", "20000", log_limit={"lines": 500})
    lines, end = await guest.followed(f"/orcaops/jobs/{job_id}")
    expect(f"the end of {job_id}", end["status"], "success")
    expect(f"the head of the log of {job_id}", lines[:500], [str(number) for number in range(1, 501)])
    expect(f"the last line of {job_id}", lines[-1], "20000")


async def _read_by_many(guest: Guest) -> None:
    job_id = await guest.submit("sh", "-c", _COUNT)
    path = f"/orcaops/jobs/{job_id}"

    async def follow(way: Callable[[str], Awaitable[tuple[list[str], dict[str, Any]]]]) -> None:
        lines, _ = await way(path)
        expect(f"the log of {job_id} to one of many", lines, _LINES)

    async def leave() -> None:
        async for _ in guest.events(f"{path}/logs/stream"):
            break

    async with AsyncExitStack() as dead, anyio.create_task_group() as tasks:
        await dead.enter_async_context(guest.that_never_reads(path))
        for _ in range(_READERS):
            tasks.start_soon(follow, guest.followed)
            tasks.start_soon(follow, guest.over_socket)
            tasks.start_soon(leave)


def _workflow(**jobs: Any) -> dict[str, Any]:
    return {"name": "soak", "defaults": {"image": IMAGE}, "jobs": jobs}


async def _workflow_ends(guest: Guest, run_id: str, status: str) -> None:
    _, end = await guest.followed(f"/orcaops/workflows/{run_id}")
    expect(f"the end of the run {run_id}", end["status"], status)
    await guest.page(f"/workflows/{run_id}")


async def _workflow_well(guest: Guest) -> None:
    run_id = await guest.run(
        _workflow(
            first={"commands": ["echo number=7 >> $ORCAOPS_OUTPUT"]},
            many={"needs": "first", "matrix": {"side": ["left", "right"]}, "commands": ["echo ${{ matrix.side }}"]},
            last={"needs": "many", "commands": ["echo done"]},
        )
    )
    await _workflow_ends(guest, run_id, "success")


async def _workflow_failing(guest: Guest) -> None:
    run_id = await guest.run(
        _workflow(
            bad={"commands": ["echo 'error: broken' >&2; exit 3"]},
            never={"needs": "bad", "commands": ["echo never"]},
            tidy={"on_complete": "always", "commands": ["echo tidy"]},
        )
    )
    await _workflow_ends(guest, run_id, "failed")


async def _workflow_cancelled(guest: Guest) -> None:
    run_id = await guest.run(
        _workflow(long={"commands": ["echo up; sleep 600"]}, next={"needs": "long", "commands": ["true"]})
    )
    async for name, _ in guest.events(f"/orcaops/workflows/{run_id}/logs/stream"):
        if name == "log":
            await guest.ask("POST", f"/orcaops/workflows/{run_id}/cancel", json={})
        elif name == "end":
            break
    await _workflow_ends(guest, run_id, "cancelled")


async def _uploaded(guest: Guest) -> None:
    files = [("files", ("src/a.txt", b"what was sent\n")), ("files", ("src/b.txt", b"x" * 100_000))]
    upload = await guest.ask("POST", "/orcaops/uploads", files=files)
    job_id = await guest.submit("cat", "src/a.txt", files=[upload["upload_id"]])
    lines, _ = await guest.followed(f"/orcaops/jobs/{job_id}")
    expect(f"the log of {job_id}", lines, ["what was sent"])


async def _agent(guest: Guest) -> None:
    async with guest.mcp() as client:
        await _use_tools(guest, client)


async def _use_tools(guest: Guest, client: Client) -> None:
    await client.list_tools()
    request = {"image": IMAGE, "commands": ["echo seen; exit 3"], "network": "none"}
    job_id: str = (await guest.tool(client, "orcaops_submit_job", **request))["job_id"]
    while (await guest.job(job_id))["status"] in ("queued", "running"):
        await guest.tool(client, "orcaops_wait", ids=[job_id], until="all_done", timeout_s=20)
    await guest.tool(client, "orcaops_get_failure_summary", id=job_id)
    await guest.tool(client, "orcaops_stream_logs", id=job_id)
    await guest.tool(client, "orcaops_list_runs")
    await _ends(guest, job_id, "failed", exit_code=3)


async def _watch(guest: Guest) -> None:
    async for _ in guest.events("/orcaops/events"):
        pass


async def _looked_at(guest: Guest) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_watch, guest)
        job_id = await guest.submit("sh", "-c", _COUNT)
        await _ends(guest, job_id, "success")
        for path in ("/jobs", f"/jobs/{job_id}", f"/jobs/{job_id}/log", "/workflows", "/analytics", "/system"):
            await guest.page(path)
        await guest.ask("GET", "/orcaops/jobs?limit=200")
        await guest.ask("GET", "/orcaops/analytics")
        tasks.cancel_scope.cancel()


async def _removed(guest: Guest) -> None:
    job_id = await guest.submit("sh", "-c", f"{_COUNT}; seq 1 100 > kept", artifacts=["kept"], workdir="/work")
    await _ends(guest, job_id, "success")
    await guest.ask("DELETE", f"/orcaops/runs/{job_id}")
    answer = await guest.http.get(f"/orcaops/jobs/{job_id}")
    if answer.status_code != 404:
        raise Unexpected(f"{job_id} is there although it was deleted")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work.

    Attributes:
        name: What it is called in faults.
        tell: Does it, and raises `Unexpected` if it does not end as it should.
        jobs: How many jobs it is.
    """

    name: str
    tell: Callable[[Guest], Awaitable[None]]
    jobs: int = 1


KINDS: Final = (
    Kind("command", _command),
    Kind("steps", _steps),
    Kind("failing", _failing),
    Kind("retried", _retried),
    Kind("cancelled", _cancelled),
    Kind("cancelled early", _cancelled_early),
    Kind("timed out", _timed_out),
    Kind("with a service", _served),
    Kind("artifacts", _artifacts),
    Kind("flood", _flood),
    Kind("read by many", _read_by_many),
    Kind("workflow", _workflow_well, jobs=4),
    Kind("failing workflow", _workflow_failing, jobs=2),
    Kind("cancelled workflow", _workflow_cancelled),
    Kind("uploaded", _uploaded),
    Kind("agent", _agent),
    Kind("looked at", _looked_at),
    Kind("removed", _removed),
)
ROUND_JOBS: Final = sum(kind.jobs for kind in KINDS)
"""Jobs of one piece of work of each kind."""
