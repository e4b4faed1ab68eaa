"""`make demo`: a real MCP client runs a real job over stdio and shows what an agent would see.

It needs a container engine; everything it stores is in a temporary home and gone at the end.
"""

from __future__ import annotations

import functools
import json
import os
import shlex
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import anyio
from mcp import Client, StdioServerParameters
from mcp.types import TextContent

from orcaops_mcp import places

IMAGE: Final = "busybox:latest"
COMMAND: Final = Path(sys.executable).parent / "orcaops"
_LEAVING_S: Final = 15.0

_STEPS: Final = (
    'echo "building on $(uname -s) as $(id -un)"; mkdir -p out',
    'for n in 1 2 3 4 5 6; do echo "test $n of 6 … ok"; sleep 0.3; done',
    'echo "6 passed, 0 failed" | tee out/report.txt; sha256sum out/report.txt',
)


class DemoFailedError(Exception):
    """The demo cannot go on; the message says why and what to do."""


@dataclass(slots=True)
class Screen:
    """Writes to the terminal: plain, or with a little weight where colours are welcome."""

    styled: bool = field(default_factory=lambda: sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    began: float = field(default_factory=anyio.current_time)
    timings: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])

    def say(self, text: str = "", style: str = "") -> None:
        """Write a line."""
        sys.stdout.write(f"\x1b[{style}m{text}\x1b[0m\n" if self.styled and style else f"{text}\n")
        sys.stdout.flush()

    def part(self, title: str) -> None:
        """Begin a part."""
        self.say()
        self.say(f"▸ {title}", "1")

    def took(self, what: str) -> None:
        """Note how long the part took."""
        now = anyio.current_time()
        self.timings.append((what, now - self.began))
        self.began = now


async def main(home: Path) -> None:
    """Run the demo.

    Raises:
        DemoFailedError: The container engine is missing, or a call failed.
    """
    screen = Screen()
    screen.say("OrcaOps: a place for AI agents to run things", "1")
    screen.say("An MCP client starts the server over stdio, as Claude Code or an IDE would.")
    # The SDK hands down a few variables only; DOCKER_HOST and our own are needed too.
    variables = dict(os.environ) | {"ORCAOPS_TCP": "false"}
    server = StdioServerParameters(command=str(COMMAND), args=["mcp", "--home", str(home)], env=variables)
    async with Client(server, read_timeout_seconds=90) as client:
        await _meet(client, screen)
        job_id = await _submit(client, screen)
        await _follow(client, screen, job_id)
        await _look(client, screen, job_id)
        await _fetch(client, screen, job_id)
    _tell_times(screen)
    _tell_how_to_connect(screen)


async def _meet(client: Client, screen: Screen) -> None:
    tools = (await client.list_tools()).tools
    status = await _facts(client, "orcaops_get_system_status")
    containers = status["containers"]
    if not containers.get("available"):
        raise DemoFailedError(f"{containers.get('problem', 'No container engine.')}\n{containers.get('hint', '')}")
    engine = f"{containers['backend']} {containers.get('version', '')}".strip()
    screen.say(f"Connected to OrcaOps {status['version']}: {len(tools)} tools, containers run on {engine}.", "2")
    screen.took("start the server, list its tools")


async def _submit(client: Client, screen: Screen) -> str:
    screen.part("orcaops_submit_job")
    request = {"image": IMAGE, "commands": list(_STEPS), "artifacts": ["out/report.txt"], "name": "demo"}
    for number, step in enumerate(_STEPS, 1):
        screen.say(f"  step {number}  {step if len(step) <= 90 else step[:89] + '…'}")
    submitted = await _facts(client, "orcaops_submit_job", **request)
    screen.say(f"  → {submitted['job_id']} is {submitted['status']}")
    screen.took("submit the job, durably")
    job_id: str = submitted["job_id"]
    return job_id


async def _follow(client: Client, screen: Screen, job_id: str) -> None:
    screen.part("orcaops_stream_logs, following live")
    cursor, done = "1-1", False
    while not done:
        shown: list[str] = []

        arguments = {"id": job_id, "cursor": cursor, "follow_s": 20}
        live = functools.partial(_show_live, screen, shown)
        result = await client.call_tool("orcaops_stream_logs", arguments, progress_callback=live)
        lines, footer = _log(_text(result))
        for line in lines[len(shown) :]:
            screen.say(f"  │ {line}")
        cursor, done = footer["next_cursor"], footer["done"]
    screen.took("run the job and follow its log")


async def _show_live(
    screen: Screen,
    shown: list[str],
    progress: float,  # noqa: ARG001 - the SDK's signature
    total: float | None,  # noqa: ARG001 - the SDK's signature
    message: str | None,
) -> None:
    for line in (message or "").splitlines():
        shown.append(line)
        screen.say(f"  │ {line}")


async def _look(client: Client, screen: Screen, job_id: str) -> None:
    screen.part("orcaops_get_job_status")
    await _facts(client, "orcaops_wait", ids=[job_id])
    job = await _facts(client, "orcaops_get_job_status", job_id=job_id)
    screen.say(
        f"  {job['status']}, exit code {job.get('exit_code')}, {job.get('duration_s', 0):.1f} s in the container"
    )
    for step in job.get("steps", []):
        screen.say(f"  step {step['index'] + 1}: {step['status']}, exit code {step.get('exit_code')}")
    screen.took("wait for the end, read the record")
    if job["status"] != "success":
        summary = await _facts(client, "orcaops_get_failure_summary", id=job_id)
        raise DemoFailedError(f"The job did not succeed:\n{json.dumps(summary, indent=2)}")


async def _fetch(client: Client, screen: Screen, job_id: str) -> None:
    screen.part("orcaops_get_artifact out/report.txt")
    listed = await _facts(client, "orcaops_list_artifacts", id=job_id)
    artifact = listed["artifacts"][0]
    result = await client.call_tool("orcaops_get_artifact", {"id": job_id, "path": artifact["path"]})
    for line in _log(_text(result))[0]:
        if line:
            screen.say(f"  │ {line}")
    screen.say(f"  {artifact['size']} bytes, sha256 {artifact['sha256'][:16]}…")
    screen.took("fetch the artifact")


async def _facts(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    if result.is_error:
        raise DemoFailedError(f"{tool} answered: {_text(result)}")
    facts: dict[str, Any] = json.loads(_text(result))
    return facts


def _text(result: Any) -> str:
    return next(block.text for block in result.content if isinstance(block, TextContent))


def _log(text: str) -> tuple[list[str], dict[str, Any]]:
    """The fenced lines of a log answer, and its last line."""
    *lines, footer = text.split("\n")
    return lines[1:-1], json.loads(footer)


def _tell_times(screen: Screen) -> None:
    screen.part("What took how long")
    for what, seconds in screen.timings:
        screen.say(f"  {seconds:6.2f} s  {what}")


def _tell_how_to_connect(screen: Screen) -> None:
    entry = {"command": str(COMMAND), "args": ["mcp"]}
    screen.part("Connect your agent")
    screen.say(f"  Claude Code   claude mcp add orcaops -- {shlex.quote(str(COMMAND))} mcp")
    screen.say("  VS Code       .vscode/mcp.json")
    screen.say(f"                {json.dumps({'servers': {'orcaops': {'type': 'stdio', **entry}}})}")
    screen.say("  Cursor        .cursor/mcp.json")
    screen.say(f"                {json.dumps({'mcpServers': {'orcaops': entry}})}")


def _leaves(group: BaseExceptionGroup[DemoFailedError]) -> list[DemoFailedError]:
    found: list[DemoFailedError] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def run() -> int:
    """Run the demo and return the exit code."""
    with tempfile.TemporaryDirectory(prefix="orcaops-demo-") as home:
        failures: list[Exception] = []
        try:
            anyio.run(main, Path(home))
        except* DemoFailedError as group:
            failures.extend(_leaves(group))
        finally:
            places.leave(home)
            places.wait_until_gone(home, _LEAVING_S)
    for failure in failures:
        sys.stderr.write(f"\n{failure}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(run())
