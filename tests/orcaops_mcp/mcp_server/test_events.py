"""Clients of both protocol eras hear of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.types import ResourceListChangedNotification, ResourceUpdatedNotification

from core import NodeEvent, WorkflowEvent
from core.store.node_changes import NodeMove
from core.testing.factories import a_node
from orcaops_mcp.mcp_server import events as events_module
from orcaops_mcp.mcp_server.events import node_uri, workflow_uri
from tests.orcaops_mcp.conftest import call
from tests.orcaops_mcp.mcp_server.stored_runs import moved, under_way

if TYPE_CHECKING:
    from core import Engine
    from orcaops_mcp.mcp_server.server import OrcaServer


async def test_a_listener_of_the_2026_era_hears_of_a_job_and_its_log(server: OrcaServer) -> None:
    async with Client(server, mode="2026-07-28") as client:
        job = await call(client, "orcaops_submit_job", image="busybox", commands=["sleep 1", "echo hi", "sleep 600"])
        uris = [f"orcaops://jobs/{job['job_id']}", f"orcaops://jobs/{job['job_id']}/logs"]
        heard: set[str] = set()
        with anyio.fail_after(25):
            async with client.listen(resources_list_changed=True, resource_subscriptions=uris) as events:
                await call(client, "orcaops_cancel_job", job_id=job["job_id"])
                async for event in events:
                    heard.add(getattr(event, "uri", "list"))
                    if {uris[0], "list"} <= heard:
                        break


async def test_a_listener_hears_of_a_run_and_of_its_nodes(server: OrcaServer, engine: Engine) -> None:
    workflow_id = await under_way(engine, [a_node("build"), a_node("lib / inner", job="inner", position=1)])
    uris = [workflow_uri(workflow_id), node_uri(workflow_id, "lib / inner")]
    heard: set[str] = set()
    async with Client(server, mode="2026-07-28") as client:
        with anyio.fail_after(25):
            async with client.listen(resources_list_changed=True, resource_subscriptions=uris) as events:
                await moved(engine, workflow_id, NodeMove("lib / inner", NodeEvent.START))
                async for event in events:
                    heard.add(getattr(event, "uri", "list"))
                    if heard == set(uris):
                        break
                await moved(engine, workflow_id, NodeMove("build", NodeEvent.SKIP))
                await moved(engine, workflow_id, NodeMove("lib / inner", NodeEvent.SUCCEED))
                await engine._parts.workflow_ledger.move(workflow_id, WorkflowEvent.SUCCEED, by="engine")
                async for event in events:
                    if getattr(event, "uri", "list") == "list":
                        break


@pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")
async def test_a_subscriber_of_the_handshake_era_hears_of_its_job_until_it_unsubscribes(server: OrcaServer) -> None:
    heard: list[str] = []
    news = anyio.Event()

    async def listen(message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            heard.append(str(message.params.uri))
            news.set()
        elif isinstance(message, ResourceListChangedNotification):
            heard.append("list")

    async with Client(server, mode="legacy", message_handler=listen) as client:
        assert client.server_capabilities is not None
        assert client.server_capabilities.resources is not None
        assert client.server_capabilities.resources.subscribe is True
        job = await call(client, "orcaops_submit_job", image="busybox", command=["sleep", "600"])
        other = await call(client, "orcaops_submit_job", image="busybox", command=["true"])
        uri = f"orcaops://jobs/{job['job_id']}"
        await client.subscribe_resource(uri)  # pyright: ignore[reportDeprecated] - the handshake era has no other way
        with anyio.fail_after(25):
            await call(client, "orcaops_cancel_job", job_id=job["job_id"])
            await news.wait()
            await client.unsubscribe_resource(uri)  # pyright: ignore[reportDeprecated] - same
    assert uri in heard
    assert f"orcaops://jobs/{other['job_id']}" not in heard


@pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")
async def test_a_connection_subscribes_to_a_bounded_number_of_resources(
    server: OrcaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "_SUBSCRIPTIONS", 2)
    async with Client(server, mode="legacy") as client:
        for name in ("a", "b", "a"):
            await client.subscribe_resource(f"orcaops://jobs/{name}")  # pyright: ignore[reportDeprecated] - as above
        for uri, said in (("orcaops://jobs/c", "has 2 subscriptions"), ("orcaops://jobs/" + "x" * 5000, "4096")):
            with pytest.raises(MCPError, match=said):
                await client.subscribe_resource(uri)  # pyright: ignore[reportDeprecated] - as above
        await client.unsubscribe_resource("orcaops://jobs/a")  # pyright: ignore[reportDeprecated] - as above
        await client.subscribe_resource("orcaops://jobs/c")  # pyright: ignore[reportDeprecated] - as above
