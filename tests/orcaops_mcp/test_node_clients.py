"""Programs of other people: the Inspector, the TypeScript SDK, the conformance suites."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from orcaops_mcp.mcp_server.tools import ALL_TOOLS
from tests.orcaops_mcp.daemon.engines import stop, surroundings
from tests.orcaops_mcp.served import served

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = pytest.mark.node

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".cache" / "node-tools"
ORCAOPS = Path(sys.executable).parent / "orcaops"
_INSPECTED = ("--format", "json", "--connect-timeout", "60000")
_JOB = {"image": "busybox:latest", "commands": ["echo one", "echo two >&2; exit 3"], "wait_s": 30}
_2025 = (
    "server-initialize", "ping", "tools-list", "resources-list", "prompts-list", "dns-rebinding-protection",
    "server-sse-multiple-streams", "completion-complete", "resources-subscribe", "resources-unsubscribe",
    "tools-call-simple-text", "tools-call-error",
)  # fmt: skip
_2026 = (
    "tools-list", "resources-list", "prompts-list", "completion-complete", "sep-2164-resource-not-found", "caching",
    "http-header-validation", "dns-rebinding-protection", "server-sse-multiple-streams",
    "input-required-result-unsupported-methods", "input-required-result-ignore-extra-params",
    "input-required-result-missing-input-response", "input-required-result-validate-input",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def the_programs_are_there() -> None:
    if not (TOOLS / "stamp").exists():
        pytest.skip("the Node programs are not installed; run `make node-tools`")


async def _run(program: str, *arguments: str, expected: int = 0) -> str:
    with anyio.fail_after(100):
        result = await anyio.run_process([str(TOOLS / "bin" / program), *arguments], check=False)
    said = result.stdout.decode() + result.stderr.decode()
    assert result.returncode == expected, said[-4000:]
    return result.stdout.decode()


async def _inspect(target: list[str], *arguments: str, expected: int = 0) -> dict[str, Any]:
    said = await _run("mcp-inspector", "--cli", *target, *arguments, *_INSPECTED, expected=expected)
    answer: dict[str, Any] = json.loads(said[said.index("{") :])
    return answer


def _stdio(home: Path) -> list[str]:
    return [str(ORCAOPS), "mcp", "--in-process", "--home", str(home), "--backend", "simulated"]


@pytest.fixture
def bridge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[list[str]]:
    """The bridge as a client starts it; its engine has gone when the test is over."""
    for name, value in surroundings().items():
        monkeypatch.setenv(name, value)
    yield [str(ORCAOPS), "mcp", "--home", str(tmp_path / "home"), "--backend", "simulated"]
    stop(tmp_path / "home")


def _result_of(answer: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = answer.get("result", answer)
    return result


async def test_the_inspector_finds_no_fault_in_the_tools(bridge: list[str]) -> None:
    answer = await _inspect(bridge, "--method", "tools/list", "--strict")
    assert [tool["name"] for tool in _result_of(answer)["tools"]] == [tool.name for tool in ALL_TOOLS]


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_the_inspector_gets_the_outcome_of_a_failed_job(bridge: list[str], era: str) -> None:
    arguments = ["--method", "tools/call", "--tool-name", "orcaops_submit_job", "--tool-args-json", json.dumps(_JOB)]
    answer = await _inspect(bridge, "--protocol-era", era, *arguments)
    outcome = json.loads(_result_of(answer)["content"][0]["text"])
    assert outcome["failure"]["kind"] == "exit"
    assert outcome["exit_code"] == 3
    assert [step["exit_code"] for step in outcome["steps"]] == [0, 3]
    assert "two" in outcome["log_tail"]


async def test_the_inspector_works_over_http_with_the_token(tmp_path: Path) -> None:
    arguments = ["--method", "tools/call", "--tool-name", "orcaops_submit_job", "--tool-args-json", json.dumps(_JOB)]
    async with served(tmp_path) as server:
        target = [server.url, "--transport", "http", "--header", f"Authorization: Bearer {server.token}"]
        answer = await _inspect(target, *arguments)
    assert json.loads(_result_of(answer)["content"][0]["text"])["exit_code"] == 3


@pytest.mark.parametrize("through", ["the bridge", "one process"])
async def test_the_typescript_sdk_of_most_hosts_gets_answers_and_errors(
    bridge: list[str], tmp_path: Path, through: str
) -> None:
    script = ROOT / "tests" / "node" / "typescript_client.mjs"
    server = bridge if through == "the bridge" else _stdio(tmp_path / "other")
    said = await _run("node", str(script), str(TOOLS), *server)
    got = json.loads(said.splitlines()[-1])
    assert got["tools"] == [tool.name for tool in ALL_TOOLS]
    assert json.loads(got["outcome"]["content"][0]["text"])["failure"]["kind"] == "exit"
    assert got["refused"]["isError"] is True
    assert "did you mean timeout_s?" in got["refused"]["content"][0]["text"]
    assert {template["name"] for template in got["resourceTemplates"]} >= {"job", "job-log", "job-artifact"}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("program", "version", "scenarios"),
    [
        ("conformance-0.1", None, _2025),
        ("conformance-0.2", "2025-11-25", ("server-session-lifecycle",)),
        ("conformance-0.2", "2026-07-28", _2026),
    ],
    ids=["2025-11-25", "2025-11-25 sessions", "2026-07-28"],
)
async def test_the_conformance_scenarios_pass(
    tmp_path: Path, program: str, version: str | None, scenarios: tuple[str, ...]
) -> None:
    failed: dict[str, str] = {}
    options = ["--spec-version", version] if version else []
    async with served(tmp_path, "--no-token", patience_s=500) as server:
        for scenario in scenarios:
            command = [str(TOOLS / "bin" / program), "server", "--url", server.url, "--scenario", scenario, *options]
            result = await anyio.run_process(command, check=False, cwd=tmp_path)
            if result.returncode != 0:
                failed[scenario] = (result.stdout + result.stderr).decode()[-1500:]
    assert failed == {}


@pytest.mark.slow
async def test_a_stateless_server_fails_only_the_checks_that_need_a_tool_made_for_them(tmp_path: Path) -> None:
    async with served(tmp_path, "--no-token") as server:
        arguments = ["--scenario", "server-stateless", "--spec-version", "2026-07-28", "-o", str(tmp_path / "checks")]
        program = str(TOOLS / "bin" / "conformance-0.2")
        await anyio.run_process([program, "server", "--url", server.url, *arguments], check=False, cwd=tmp_path)
    (report,) = [path async for path in anyio.Path(tmp_path / "checks").rglob("checks.json")]
    failed = {check["id"] for check in json.loads(await report.read_text()) if check["status"] == "FAILURE"}
    assert failed == {"sep-2575-server-rejects-undeclared-capability", "sep-2575-missing-capability-http-400"}
