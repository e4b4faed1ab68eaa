"""Workflow runs through each door."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import anyio

from core import Engine, OrcaOpsError, RerunRequest, WorkflowFilter, WorkflowLogQuery, WorkflowRequest, check_workflow
from tests.doors.cli_door import CliCaller
from tests.doors.http import expect, sse_events
from tests.doors.mcp_door import McpCaller
from tests.doors.workflow_story import UNKNOWN_RUN, Ended

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx2

_PREFIXED = re.compile(r"^(?:\d+: )?(\S+) │ (.*)$")


def _ended(record: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]]) -> Ended:
    told = frozenset((str(node["id"]), str(node["status"])) for node in nodes)
    return Ended(str(record["status"]), record.get("outputs") or {}, told)


class PythonRuns:
    """`core.Engine` itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def run(self, text: str, tag: str) -> str:
        return (await self._engine.run_workflow(WorkflowRequest(text=text, tags=(tag,)))).run.workflow_id

    async def ended(self, workflow_id: str) -> Ended:
        await self._engine.wait_for_runs([workflow_id])
        run, nodes = await self._engine.workflow_state(workflow_id)
        told = frozenset((node.node_id, node.status.value) for node in nodes)
        return Ended(run.status.value, run.outputs, told)

    async def lines(self, workflow_id: str) -> Sequence[tuple[str, str]]:
        page = await self._engine.read_workflow_log(workflow_id, WorkflowLogQuery())
        return [(each.node_id, each.line.text) for each in page.lines]

    async def cause(self, workflow_id: str) -> tuple[str, int]:
        cause = (await self._engine.workflow_summary(workflow_id)).cause
        assert cause is not None
        assert cause.node.exit_code is not None
        return cause.node.node_id, cause.node.exit_code

    async def resume(self, workflow_id: str) -> Sequence[str]:
        again = await self._engine.rerun_workflow(workflow_id, RerunRequest(selection="failed"))
        return [node.node_id for node in again.plan.nodes if node.keeps]

    async def stop(self, workflow_id: str) -> None:
        await self._engine.cancel_workflow(workflow_id, reason="enough")

    async def listed(self, tag: str) -> Sequence[tuple[str, str]]:
        page = await self._engine.list_workflows(WorkflowFilter(tag=tag))
        return [(run.name, run.status.value) for run in page.items]

    async def refused(self, text: str) -> Sequence[str]:
        return [finding.code for finding in check_workflow(text).findings]

    async def missing(self) -> str:
        try:
            await self._engine.get_workflow(UNKNOWN_RUN)
        except OrcaOpsError as error:
            return error.code
        raise AssertionError("there is no such run")


class RestRuns:
    """The routes below /orcaops/workflows."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def run(self, text: str, tag: str) -> str:
        body = {"spec": text, "tags": [tag]}
        return str(expect(201, await self._client.post("/orcaops/workflows", json=body))["workflow_id"])

    async def ended(self, workflow_id: str) -> Ended:
        while not (await self._get(workflow_id, "/wait", timeout_s=30))["met"]:
            pass
        record = await self._get(workflow_id)
        return _ended(record, record["jobs"])

    async def lines(self, workflow_id: str) -> Sequence[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        async with self._client.stream("GET", f"/orcaops/workflows/{workflow_id}/logs/stream") as response:
            async for event, data in sse_events(response):
                if event == "log":
                    line: dict[str, Any] = json.loads(data)
                    found.append((line["node"], line["text"]))
        return found

    async def cause(self, workflow_id: str) -> tuple[str, int]:
        cause = (await self._get(workflow_id, "/summary"))["failures"][0]
        return str(cause["node"]["id"]), int(cause["node"]["exit_code"])

    async def resume(self, workflow_id: str) -> Sequence[str]:
        body = {"selection": "failed"}
        again = expect(201, await self._client.post(f"/orcaops/workflows/{workflow_id}/rerun", json=body))
        return [str(node["node_id"]) for node in again["plan"]["nodes"] if node["keeps"]]

    async def stop(self, workflow_id: str) -> None:
        response = await self._client.post(f"/orcaops/workflows/{workflow_id}/cancel", json={"reason": "enough"})
        assert response.status_code in {200, 202}

    async def listed(self, tag: str) -> Sequence[tuple[str, str]]:
        page = expect(200, await self._client.get("/orcaops/workflows", params={"tag": tag}))
        return [(run["name"], run["status"]) for run in page["items"]]

    async def refused(self, text: str) -> Sequence[str]:
        error = expect(422, await self._client.post("/orcaops/workflows", json={"spec": text}))["error"]
        return [str(finding["code"]) for finding in error["findings"]]

    async def missing(self) -> str:
        return str(expect(404, await self._client.get(f"/orcaops/workflows/{UNKNOWN_RUN}"))["error"]["code"])

    async def _get(self, workflow_id: str, below: str = "", **query: Any) -> dict[str, Any]:
        return expect(200, await self._client.get(f"/orcaops/workflows/{workflow_id}{below}", params=query))


class McpRuns(McpCaller):
    """The MCP tools."""

    async def run(self, text: str, tag: str) -> str:
        return str((await self.facts("orcaops_run_workflow", spec=text, tags=[tag]))["workflow_id"])

    async def ended(self, workflow_id: str) -> Ended:
        while not (await self.facts("orcaops_wait", ids=[workflow_id], timeout_s=30))["done"]:
            pass
        record = await self.facts("orcaops_get_workflow_status", workflow_id=workflow_id, nodes="all")
        return _ended(record, record["nodes"])

    async def lines(self, workflow_id: str) -> Sequence[tuple[str, str]]:
        text = await self.text("orcaops_stream_logs", id=workflow_id)
        return [(found[1], found[2]) for found in map(_PREFIXED.match, text.splitlines()) if found]

    async def cause(self, workflow_id: str) -> tuple[str, int]:
        cause = (await self.facts("orcaops_get_failure_summary", id=workflow_id))["failed"][0]
        return str(cause["node"]), int(cause["exit_code"])

    async def resume(self, workflow_id: str) -> Sequence[str]:
        again = await self.facts("orcaops_rerun", id=workflow_id, **{"from": "failed"})
        return [node for group in again["keeps"] for node in group["nodes"]]

    async def stop(self, workflow_id: str) -> None:
        await self.facts("orcaops_cancel_workflow", workflow_id=workflow_id, reason="enough")

    async def listed(self, tag: str) -> Sequence[tuple[str, str]]:
        rows = (await self.facts("orcaops_list_runs", kind="workflows", tag=tag))["workflows"]
        return [(row["name"], row["status"]) for row in rows]

    async def refused(self, text: str) -> Sequence[str]:
        error = await self.error("orcaops_run_workflow", spec=text)
        return [str(finding["code"]) for finding in error["findings"]]

    async def missing(self) -> str:
        return str((await self.error("orcaops_get_workflow_status", workflow_id=UNKNOWN_RUN))["code"])


class CliRuns(CliCaller):
    """The `orcaops workflow` commands."""

    async def run(self, text: str, tag: str) -> str:
        return (await self.call("workflow", "run", "-d", "--tag", tag, await self._file(text))).decode().strip()

    async def ended(self, workflow_id: str) -> Ended:
        await self.call("workflow", "watch", workflow_id)
        record: dict[str, Any] = json.loads(await self.call("workflow", "status", "--json", workflow_id))
        return _ended(record, record["jobs"])

    async def lines(self, workflow_id: str) -> Sequence[tuple[str, str]]:
        text = (await self.call("workflow", "logs", "-f", workflow_id)).decode()
        return [(found[1], found[2]) for found in map(_PREFIXED.match, text.splitlines()) if found]

    async def cause(self, workflow_id: str) -> tuple[str, int]:
        cause = json.loads(await self.call("workflow", "why", "--json", workflow_id))["failures"][0]
        return str(cause["node"]["id"]), int(cause["node"]["exit_code"])

    async def resume(self, workflow_id: str) -> Sequence[str]:
        again = json.loads(await self.call("workflow", "resume", "--json", workflow_id))
        return [str(node["node_id"]) for node in again["plan"]["nodes"] if node["keeps"]]

    async def stop(self, workflow_id: str) -> None:
        await self.call("workflow", "cancel", "--reason", "enough", workflow_id)

    async def listed(self, tag: str) -> Sequence[tuple[str, str]]:
        rows = json.loads(await self.call("workflow", "list", "--json", "--tag", tag))["items"]
        return [(row["name"], row["status"]) for row in rows]

    async def refused(self, text: str) -> Sequence[str]:
        error = await self.refusal(7, "workflow", "run", "--json", await self._file(text))
        return [str(finding["code"]) for finding in error["findings"]]

    async def missing(self) -> str:
        return str((await self.refusal(3, "workflow", "status", "--json", UNKNOWN_RUN))["code"])

    async def _file(self, text: str) -> str:
        path = anyio.Path(self.folder / "flow.yaml")
        await path.write_text(text)
        return str(path)
