"""Workflow files as an agent asks about them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client

from orcaops_mcp.intake.caller import Caller
from orcaops_mcp.mcp_server.server import build_server
from orcaops_mcp.mcp_server.state import already_open
from tests.orcaops_mcp.conftest import error_of, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from core import Engine

TOOL = "orcaops_validate_workflow"
PIPELINE = """\
name: ci
inputs: {tag: {type: string, required: true}}
jobs:
  build: {image: busybox:1.36, env: {TAG: "${{ inputs.tag }}"}, commands: ['echo "$TAG"']}
  test:
    image: python:${{ matrix.python }}-slim
    needs: build
    matrix: {python: ["3.11", "3.12"]}
    commands: [python -m unittest]
  mend: {image: busybox:1.36, needs: test, if: failure(), commands: ["true"]}
  notify: {image: busybox:1.36, on_complete: always, commands: ["true"]}
"""
FAULTY = """\
jobs:
  build: {image: busybox:1.36, commands: ["true"], tiemout: 5}
  test: {image: busybox:1.36, needs: biuld, commands: ["true"]}
  deploy:
    image: busybox:1.36
    if: "${{ github.ref == \\"x\\" }}"
    commands: ["true"]
"""
CALLER = "jobs: {lib: {uses: ./lib/common.yaml}}\n"
CALLED = 'jobs: {inner: {image: "busybox:1.36", commands: ["true"]}}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "lib").mkdir(parents=True)
    for name, text in {"ci.yaml": PIPELINE, "caller.yaml": CALLER, "lib/common.yaml": CALLED}.items():
        (folder / name).write_text(text, encoding="utf-8")
    (tmp_path / "outside.yaml").write_text(CALLED, encoding="utf-8")
    return folder


@pytest.fixture
async def chat(engine: Engine, folder: Path) -> AsyncGenerator[Client]:
    """A client that stands in a folder of this machine and may only look."""
    caller = Caller("agent", may_change=False, folder=folder)
    async with Client(build_server(already_open(engine), caller=caller)) as client:
        yield client


async def ask(client: Client, **arguments: Any) -> tuple[str, dict[str, Any]]:
    result = await client.call_tool(TOOL, arguments)
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return text_of(result), result.structured_content


async def test_a_file_in_order_is_answered_with_its_plan(client: Client) -> None:
    text, facts = await ask(client, spec=PIPELINE, inputs={"tag": "v1"})
    assert facts["valid"] is True
    assert facts["counts"] == {"error": 0, "warning": 0, "info": 0}
    plan = facts["plan"]
    assert plan["counts"] == {"jobs": 4, "nodes": 5, "run": 4, "skip": 1, "depend": 0, "fail": 0}
    assert plan["order"] == [["build"], ["test"], ["mend"], ["notify"]]
    assert plan["critical_path"][:2] == ["build", "test"]
    nodes = {node["id"]: node for node in plan["nodes"]}
    assert nodes["test-3.11"]["matrix"] == {"python": "3.11"}
    assert nodes["test-3.12"]["after"] == ["build"]
    assert (nodes["mend"]["act"], nodes["notify"]["finally"]) == ("skip", True)
    assert plan["images"] == ["busybox:1.36", "python:3.11-slim", "python:3.12-slim"]
    for said in (
        "ci is in order.",
        "4 jobs, 5 nodes",
        "Order: build > test > mend > notify",
        "test (3.11) [test-3.11]",
    ):
        assert said in text


async def test_what_is_assumed_decides_what_would_run(client: Client) -> None:
    text, facts = await ask(client, spec=PIPELINE, inputs={"tag": "v1"}, assume={"test[python=3.12]": "failure"})
    acts = {node["id"]: node["act"] for node in facts["plan"]["nodes"]}
    assert (acts["mend"], acts["notify"]) == ("run", "run")
    assert facts["plan"]["status"] in ("failed", "partial")
    assert "test[python=3.12]=failure" in text


async def test_every_fault_is_told_at_once_with_place_hint_and_fix(client: Client) -> None:
    text, facts = await ask(client, spec=FAULTY)
    assert facts["valid"] is False
    assert "plan" not in facts
    found = {finding["code"]: finding for finding in facts["findings"]}
    assert set(found) == {"E002", "E011", "E101"}
    unknown = found["E011"]
    assert (unknown["line"], unknown["column"], unknown["path"]) == (3, 38, "jobs.test.needs")
    assert unknown["hint"] == "did you mean 'build'?"
    assert unknown["fix"]["edits"] == [{"line": 3, "column": 38, "end_line": 3, "end_column": 43, "text": "build"}]
    lines = text.splitlines()
    assert lines[0].startswith("workflow has 3 errors.")
    assert len(lines) == 4
    assert 'Fix: replace 3:38-3:43 by "build"' in text


async def test_a_workflow_as_an_object_is_taken_too(client: Client) -> None:
    spec = {"jobs": {"a": {"image": "busybox:1.36", "commands": ["true"]}}}
    assert (await ask(client, spec=spec))[1]["valid"] is True


async def test_a_file_in_order_says_which_inputs_its_plan_needs(client: Client) -> None:
    text, facts = await ask(client, spec=PIPELINE)
    assert facts["valid"] is True
    assert "plan" not in facts
    assert [finding["path"] for finding in facts["input_findings"]] == ["inputs.tag"]
    assert "inputs.tag: required, and missing" in text
    _, wrong = await ask(client, spec=PIPELINE, inputs={"tag": ["hunter2"], "tga": 1})
    assert [finding["path"] for finding in wrong["input_findings"]] == ["inputs.tga", "inputs.tag"]
    assert "hunter2" not in json.dumps(wrong)


async def test_a_file_below_the_callers_folder_is_read_with_what_it_calls(chat: Client, folder: Path) -> None:
    _, facts = await ask(chat, path="ci.yaml", inputs={"tag": "v1"})
    assert (facts["file"], facts["valid"]) == ("ci.yaml", True)
    for path in ("caller.yaml", str(folder / "caller.yaml"), "./lib/../caller.yaml"):
        text, facts = await ask(chat, path=path)
        assert (facts["file"], facts["valid"]) == ("caller.yaml", True)
        assert "calls 1 node of another file" in text


@pytest.mark.parametrize("uses", ["../outside.yaml", "./absent.yaml", "./lib", "./link.yaml"])
async def test_a_called_file_lies_below_the_folder_or_is_a_finding(chat: Client, folder: Path, uses: str) -> None:
    (folder / "link.yaml").symlink_to(folder.parent / "outside.yaml")
    _, facts = await ask(chat, spec=f"jobs: {{lib: {{uses: {uses}}}}}\n")
    assert [finding["code"] for finding in facts["findings"]] == ["E150"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("../outside.yaml", "out of the folder"),
        ("/etc/passwd", "out of the folder"),
        ("link.yaml", "out of the folder"),
        ("absent.yaml", "no such file"),
        ("lib", "not a file"),
        (".", "not a file"),
        ("pipe", "not a file"),
        ("a\0b", "not the path of a file"),
        ("x" * 5000, "path"),
        ("ci.yaml/x", "cannot be read"),
    ],
)
async def test_a_path_that_is_no_workflow_below_the_folder_is_refused(
    chat: Client, folder: Path, path: str, said: str
) -> None:
    (folder / "link.yaml").symlink_to(folder.parent / "outside.yaml")
    os.mkfifo(folder / "pipe")
    error = error_of(await chat.call_tool(TOOL, {"path": path}))
    assert error["code"] == "invalid_argument"
    assert said in error["message"]
    assert error["hint"]


async def test_the_engines_own_home_is_not_shown(engine: Engine, tmp_path: Path) -> None:
    caller = Caller("agent", folder=tmp_path)
    async with Client(build_server(already_open(engine), caller=caller)) as client:
        error = error_of(await client.call_tool(TOOL, {"path": "home/orcaops.db"}))
    assert "own home" in error["message"]


async def test_who_stands_in_no_folder_gives_the_text(client: Client) -> None:
    error = error_of(await client.call_tool(TOOL, {"path": "ci.yaml"}))
    assert "no folder" in error["message"]
    assert "spec" in error["hint"]
    for arguments in ({}, {"spec": PIPELINE, "path": "ci.yaml"}):
        assert "not both" in error_of(await client.call_tool(TOOL, arguments))["message"]


@pytest.mark.parametrize("assume", [{"tset": "failure"}, {"test": "explodes"}])
async def test_what_cannot_be_assumed_is_refused(client: Client, assume: dict[str, str]) -> None:
    result = await client.call_tool(TOOL, {"spec": PIPELINE, "inputs": {"tag": "v"}, "assume": assume})
    assert error_of(result)["code"] == "invalid_argument"


@pytest.mark.parametrize(
    "spec",
    [
        "", "[]", "jobs: {", "\0", "a: &a [*a]", "jobs: {a: {image: x, commands: ['${{']}}", "x" * 1_100_000,
        "- " * 60_000, "jobs: {" + ", ".join(f"j{n}: {{imag: b}}" for n in range(3000)) + "}",
        "jobs: {a: {image: b, commands: [c], matrix: {x: [" + ", ".join(map(str, range(250))) + "]}}}",
        'jobs: {a: {image: "b:1", commands: [c], matrix: {x: [.inf, .nan, [1, {a: b}]]}}}',
        "jobs: {a: {image: '\\u202e<untrusted-output>', commands: [c]}}",
    ],
)  # fmt: skip
async def test_whatever_is_sent_the_answer_stays_small(client: Client, spec: str) -> None:
    result = await client.call_tool(TOOL, {"spec": spec} if spec else {"spec": "~"})
    assert not result.is_error
    assert len(text_of(result).encode()) < 20_000
    assert len(json.dumps(result.structured_content)) < 100_000
    assert "\u202e" not in text_of(result)
