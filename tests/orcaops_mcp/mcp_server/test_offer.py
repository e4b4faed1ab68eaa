"""What clients see before they call anything."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from mcp import Client

from core import InvalidArgumentError
from orcaops_mcp.mcp_server.server import build_server
from orcaops_mcp.mcp_server.state import already_open
from orcaops_mcp.mcp_server.tools import ALL_TOOLS
from orcaops_mcp.mcp_server.toolset import ToolChoice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp.types import Tool

    from core import Engine

SNAPSHOTS = Path(__file__).resolve().parents[2] / "snapshots" / "tools"
ACCEPT = "ACCEPT_SNAPSHOTS"
"""Set this variable to 1 to write the snapshots anew; then read the difference before it is committed."""

_NAMES = {
    "orcaops_submit_job", "orcaops_wait", "orcaops_get_job_status", "orcaops_stream_logs",
    "orcaops_get_failure_summary", "orcaops_cancel_job", "orcaops_rerun", "orcaops_list_runs",
    "orcaops_list_artifacts", "orcaops_get_artifact", "orcaops_upload_files", "orcaops_get_system_status",
    "orcaops_list_templates", "orcaops_save_template", "orcaops_validate_workflow", "orcaops_get_workflow_status",
    "orcaops_cancel_workflow", "orcaops_run_workflow",
}  # fmt: skip


async def _tools(client: Client) -> list[Tool]:
    return (await client.list_tools()).tools


def _wire(tool: Tool) -> dict[str, Any]:
    return tool.model_dump(mode="json", by_alias=True, exclude_none=True)


async def test_the_default_set_is_on_offer(client: Client) -> None:
    assert {tool.name for tool in await _tools(client)} == _NAMES


async def test_the_list_costs_less_than_6000_tokens(client: Client) -> None:
    listed = json.dumps([_wire(tool) for tool in await _tools(client)], separators=(",", ":"))
    assert len(listed) / 4 < 6000


async def test_every_tool_says_what_it_is_and_what_it_does_to_the_world(client: Client) -> None:
    for tool in await _tools(client):
        assert tool.title
        assert tool.description
        assert len(tool.description) < 1000
        hints = tool.annotations
        assert hints is not None
        given = (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint)
        assert None not in given
        assert re.fullmatch(r"orcaops_[a-z_]{1,32}", tool.name)


async def test_what_reads_changes_nothing_and_only_cancel_destroys(client: Client) -> None:
    tools = await _tools(client)
    writes = {tool.name for tool in tools if tool.annotations and not tool.annotations.read_only_hint}
    destroys = {tool.name for tool in tools if tool.annotations and tool.annotations.destructive_hint}
    assert writes == {
        "orcaops_submit_job", "orcaops_cancel_job", "orcaops_rerun", "orcaops_upload_files", "orcaops_save_template",
        "orcaops_cancel_workflow", "orcaops_run_workflow",
    }  # fmt: skip
    assert destroys == {"orcaops_cancel_job", "orcaops_cancel_workflow"}


async def test_schemas_are_flat_closed_and_free_of_what_clients_refuse(client: Client) -> None:
    for tool in await _tools(client):
        assert tool.input_schema["additionalProperties"] is False
        for schema in _schemas(tool.input_schema):
            assert not {"$ref", "$defs", "anyOf", "oneOf", "allOf", "const", "patternProperties"} & schema.keys(), (
                tool.name
            )
            assert isinstance(schema["type"], str), tool.name
            assert schema["type"] != "array" or "items" in schema


async def test_every_argument_is_described(client: Client) -> None:
    for tool in await _tools(client):
        for name, schema in tool.input_schema.get("properties", {}).items():
            assert schema.get("description"), f"{tool.name}.{name}"


@pytest.mark.parametrize("name", sorted(_NAMES))
async def test_the_tool_is_as_it_was_reviewed(engine: Engine, name: str) -> None:
    async with Client(build_server(already_open(engine))) as client:
        tool = next(tool for tool in await _tools(client) if tool.name == name)
    seen = json.dumps(_wire(tool), indent=2, ensure_ascii=False) + "\n"
    snapshot = SNAPSHOTS / f"{name}.json"
    if os.environ.get(ACCEPT) == "1":
        snapshot.write_text(seen, encoding="utf-8")
    assert seen == snapshot.read_text(encoding="utf-8"), f"changed on purpose? run the tests with {ACCEPT}=1"


def test_there_is_no_snapshot_of_a_tool_that_is_gone() -> None:
    assert {path.stem for path in SNAPSHOTS.glob("*.json")} == {tool.name for tool in ALL_TOOLS}


async def test_read_only_leaves_what_changes_nothing(engine: Engine) -> None:
    async with Client(build_server(already_open(engine), ToolChoice(read_only=True))) as client:
        names = {tool.name for tool in await _tools(client)}
        refused = await client.call_tool("orcaops_submit_job", {"image": "busybox", "command": ["true"]})
    assert "orcaops_wait" in names
    assert "orcaops_submit_job" not in names
    assert refused.is_error


async def test_single_tools_can_be_chosen(engine: Engine) -> None:
    async with Client(build_server(already_open(engine), ToolChoice(tools=["orcaops_wait"]))) as client:
        assert [tool.name for tool in await _tools(client)] == ["orcaops_wait"]


@pytest.mark.parametrize(
    ("choice", "saying"),
    [
        (ToolChoice(tools=["orcaops_wat"]), "did you mean orcaops_wait?"),
        (ToolChoice(toolsets=["everything"]), "there are default"),
    ],
)
def test_a_choice_of_what_does_not_exist_is_refused(choice: ToolChoice, saying: str) -> None:
    with pytest.raises(InvalidArgumentError, match=re.escape(saying)):
        choice.of(ALL_TOOLS)


async def test_the_instructions_fit_and_name_only_tools_that_exist(client: Client) -> None:
    instructions = client.instructions or ""
    assert 500 < len(instructions.encode()) < 2048
    assert set(re.findall(r"orcaops_[a-z_]+", instructions)) <= _NAMES


async def test_the_server_says_who_it_is(client: Client) -> None:
    assert client.server_info is not None
    assert (client.server_info.name, client.server_info.title) == ("orcaops", "OrcaOps")
    assert client.server_info.version


def _schemas(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema and all schemas of arguments and items in it; of a free-form object nothing below it."""
    yield schema
    for inner in cast("dict[str, dict[str, Any]]", schema.get("properties", {})).values():
        yield from _schemas(inner)
    if "items" in schema:
        yield from _schemas(schema["items"])
