"""The page of a run's moves: of any number of them a part is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core import NodeEvent, WorkflowEvent
from core.store.node_changes import NodeMove
from core.testing.factories import a_node, a_workflow_run, a_workflow_source
from tests.orcaops_mcp.web.conftest import words_of

if TYPE_CHECKING:
    import httpx2

    from core import Engine

_PAGER = re.compile(r'<a class="button"(?: rel="(\w+)")? href="(\?attempt[^"]*)"')
_MOVED = re.compile(r"<td>(job-\d+|the run)</td>")


async def test_of_very_many_moves_the_last_are_shown_and_all_are_reached_by_pages(
    engine: Engine, pages: httpx2.AsyncClient
) -> None:
    ledger = engine._parts.workflow_ledger
    names = [f"job-{number}" for number in range(1, 621)]
    nodes = [a_node(name, position=number) for number, name in enumerate(names)]
    run = (await ledger.submit(a_workflow_run(), a_workflow_source(), nodes)).run.workflow_id
    await ledger.move(run, WorkflowEvent.START, by="engine")
    await ledger.move_nodes(run, [NodeMove(name, NodeEvent.START) for name in names], by="engine")
    address = f"/workflows/{run}/history"
    last = await pages.get(address)
    assert _MOVED.findall(last.text) == names[120:]
    assert "Moves 123 to 622" in words_of(last)
    links = {kind: href.replace("&amp;", "&") for kind, href in _PAGER.findall(last.text)}
    assert list(links) == ["prev"]
    first = await pages.get(address + links["prev"])
    assert _MOVED.findall(first.text)[:4] == ["the run", "the run", "job-1", "job-2"]
    onward = {kind: href.replace("&amp;", "&") for kind, href in _PAGER.findall(first.text)}
    assert list(onward) == ["next", ""]
    assert _MOVED.findall((await pages.get(address + onward["next"])).text) == names[498:]
    assert _MOVED.findall((await pages.get(address + onward[""])).text) == names[120:]
