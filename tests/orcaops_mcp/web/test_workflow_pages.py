"""Pages of workflow runs as a browser without scripts gets them: every fact is there, and every act works."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from core import NodeEvent, WorkflowEvent, WorkflowRequest, WorkflowStatus, new_workflow_id
from core.store.node_changes import NodeMove
from core.testing.factories import a_node, a_workflow_run, a_workflow_source
from tests.core.engine.workflow.runs import conduct, ended, start, until
from tests.orcaops_mcp.web.conftest import post, words_of
from tests.orcaops_mcp.web.workflow_files import BROKEN, CHAIN, SLOW

if TYPE_CHECKING:
    import httpx2

    from core import Engine

_HREF = re.compile(r'href="([^"]*)"')


def links(page: httpx2.Response) -> list[str]:
    return [href.replace("&amp;", "&") for href in _HREF.findall(page.text)]


# --- the list


async def test_an_engine_without_runs_shows_three_ways_to_start(pages: httpx2.AsyncClient) -> None:
    page = await pages.get("/workflows")
    assert page.status_code == 200
    assert "No workflow has run yet" in words_of(page)
    assert "orcaops workflow run ci.yaml" in words_of(page)
    assert "/workflows/new" in links(page)


async def test_runs_are_listed_with_their_jobs_and_the_last_runs_of_each_workflow(
    engine: Engine, pages: httpx2.AsyncClient
) -> None:
    broken = await conduct(engine, BROKEN)
    for _ in range(2):
        await conduct(engine, CHAIN)
    page = await pages.get("/workflows")
    said = words_of(page)
    assert "Workflows 3 runs" in said
    assert "chain 2/2 succeeded" in said
    assert "ci 0/1 succeeded" in said
    assert f"/workflows/{broken.run.workflow_id}" in links(page)
    assert f'aria-label="{broken.run.counts.success} ok' in page.text
    assert "Partial 1" in said
    assert "Succeeded 2" in said


async def test_the_list_is_narrowed_by_status_name_text_tag_and_who_started(
    engine: Engine, pages: httpx2.AsyncClient
) -> None:
    chain = (await conduct(engine, CHAIN, tags=("blue",), name="of a kind")).run.workflow_id
    broken = (await conduct(engine, BROKEN)).run.workflow_id

    async def listed(query: str) -> set[str]:
        return set(re.findall(r'id="row-(wf_\w+)"', (await pages.get(f"/workflows?{query}")).text))

    assert await listed("status=partial") == {broken}
    assert await listed("status=partial&status=success") == {chain, broken}
    assert await listed("name=chain") == {chain}
    assert await listed("q=OF+A+K") == {chain}
    assert await listed("tag=blue") == {chain}
    assert await listed("source=python") == {chain, broken}
    assert await listed("since=1h") == {chain, broken}
    assert await listed("status=nonsense") == {chain, broken}
    none = await pages.get("/workflows?q=nothing+has+this")
    assert "No runs match" in words_of(none)
    wrong = await pages.get("/workflows?since=whenever")
    assert (wrong.status_code, "since: not a time" in words_of(wrong)) == (422, True)


async def test_a_long_list_goes_on_at_its_cursor(engine: Engine, pages: httpx2.AsyncClient) -> None:
    for _ in range(51):
        await engine.run_workflow(WorkflowRequest(text="jobs: {a: {image: busybox, commands: [sleep 600]}}"))
    first = await pages.get("/workflows")
    older = next(href for href in links(first) if "before=" in href)
    second = await pages.get(older)
    assert len(re.findall(r'id="row-', first.text)) == 50
    assert len(re.findall(r'id="row-', second.text)) == 1
    assert "/workflows" in links(second)


async def test_whoever_may_only_look_is_offered_nothing_to_do(engine: Engine, pages: httpx2.AsyncClient) -> None:
    run = (await conduct(engine, BROKEN)).run.workflow_id
    reader = {"test-caller": "reader"}
    seen = await pages.get("/workflows", headers=reader)
    shown = await pages.get(f"/workflows/{run}", headers=reader)
    for page in (seen, shown):
        assert page.status_code == 200
        assert not [href for href in links(page) if "/rerun" in href or "/cancel" in href or "/new" in href]
    for path in (f"/workflows/{run}/rerun", f"/workflows/{run}/cancel", f"/workflows/{run}/delete", "/workflows/new"):
        assert (await pages.get(path, headers=reader)).status_code == 403
    posted = await pages.post(f"/workflows/{run}/rerun", headers=reader)
    assert posted.status_code == 403


# --- a run


async def test_a_run_says_without_scripts_what_failed_where_and_what_came_of_it(
    engine: Engine, pages: httpx2.AsyncClient
) -> None:
    found = await conduct(engine, BROKEN)
    run, bad = found.run.workflow_id, next(node for node in found.nodes if node.status == "failed")
    page = await pages.get(f"/workflows/{run}")
    said = words_of(page)
    assert "<title>◐ Partial · ci · OrcaOps</title>" in page.text.replace("\n", "")
    assert "icons/partial.svg" in page.text
    assert f"{bad.name} : Step 2 (test 2 = 1) ended with exit code 1." in said
    assert "1 job was skipped." in said
    assert any(href.startswith(f"/jobs/{bad.job_id}") for href in links(page))
    assert "unit 1/2 passed" in said
    assert "Critical path build → " in said
    for node in found.nodes:
        assert node.name in said
    assert "ship why ship stands so unit needs unit" in said
    assert "notify why notify stands so all others" in said
    assert f'data-topics="workflow:{run}"' in page.text
    assert page.text.count('class="try"') == 4
    assert "4 warnings" in said


async def test_a_run_under_way_tells_its_progress_and_what_is_left_from_earlier_runs(
    engine: Engine, pages: httpx2.AsyncClient
) -> None:
    run = await start(engine, SLOW)
    await until(engine, run, "second", "running")
    page = await pages.get(f"/workflows/{run}")
    assert "no earlier run tells" in words_of(page)
    assert "<progress" in page.text
    assert "third why third stands so second waits for second" in words_of(page)
    assert "data-elapsed=" in page.text
    assert f"/workflows/{run}/cancel" in links(page)


async def test_a_run_that_does_not_exist_is_told_with_a_way_on(pages: httpx2.AsyncClient) -> None:
    page = await pages.get(f"/workflows/{new_workflow_id()}")
    assert page.status_code == 404
    assert "/workflows" in links(page)
    assert (await pages.get("/workflows/nonsense")).status_code == 404


async def test_attempts_are_linked_and_an_earlier_one_is_shown_as_it_ended(
    engine: Engine, pages: httpx2.AsyncClient
) -> None:
    run = (await conduct(engine, BROKEN)).run.workflow_id
    answer = await post(pages, f"/workflows/{run}/rerun", selection="failed")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/workflows/{run}")
    await ended(engine, run)
    page = await pages.get(f"/workflows/{run}")
    assert "2 of 2" in words_of(page)
    assert "kept from attempt 1" in words_of(page)
    earlier = await pages.get(f"/workflows/{run}?attempt=1")
    assert "This is attempt 1 of 2" in words_of(earlier)
    assert (await pages.get(f"/workflows/{run}?attempt=3")).status_code == 404
    assert (await pages.get(f"/workflows/{run}?attempt=x")).status_code == 422
    history = words_of(await pages.get(f"/workflows/{run}/history"))
    assert "2 . attempt" in history
    assert "failed ui" in history


async def test_the_graph_comes_as_data_for_the_browser(engine: Engine, pages: httpx2.AsyncClient) -> None:
    run = (await conduct(engine, BROKEN)).run.workflow_id
    told = (await pages.get(f"/workflows/{run}/graph.json?attempt=1")).json()
    assert [node["id"] for node in told["nodes"]] == ["build", "unit-1", "unit-2", "ship", "notify"]
    assert {(edge["from"], edge["to"]) for edge in told["edges"]} >= {("build", "unit-1"), ("unit", "ship")}
    assert told["left_out"] == 0


async def test_a_node_says_why_it_stands_as_it_stands(engine: Engine, pages: httpx2.AsyncClient) -> None:
    found = await conduct(engine, BROKEN)
    run = found.run.workflow_id
    skipped = words_of(await pages.get(f"/workflows/{run}/nodes/ship"))
    assert "Why it stands so" in skipped
    assert "unit" in skipped
    failed = await pages.get(f"/workflows/{run}/nodes/unit-2")
    assert "Exit code 1" in words_of(failed)
    assert "version=2" in words_of(failed)
    assert f"/jobs/{found.node('unit-2').job_id}" in links(failed)
    assert f"/workflows/{run}/rerun?selection=from&jobs=unit-2" in links(failed)
    assert (await pages.get(f"/workflows/{run}/nodes/nobody")).status_code == 404


async def test_the_file_is_shown_by_numbered_lines_that_can_be_linked(
    engine: Engine, pages: httpx2.AsyncClient
) -> None:
    run = (await conduct(engine, CHAIN)).run.workflow_id
    page = await pages.get(f"/workflows/{run}/spec")
    assert 'id="L2"' in page.text
    assert '<span class="y-key">name</span>' in page.text
    assert "echo building" in words_of(page)


async def test_what_a_file_and_a_log_say_is_text_and_never_markup(engine: Engine, pages: httpx2.AsyncClient) -> None:
    text = """
        name: "<script>alert(1)</script>"
        jobs:
          evil:
            image: busybox
            commands: ["printf '<img src=x onerror=alert(1)>\\\\033[31mred\\\\033]0;t\\\\007\\\\n'"]
    """
    run = (await conduct(engine, text)).run.workflow_id
    for path in ("", "/spec", "/log", "/history", "/nodes/evil"):
        page = (await pages.get(f"/workflows/{run}{path}")).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "\x1b" not in page
    assert "&lt;img src=x" in (await pages.get(f"/workflows/{run}/log")).text


async def test_of_very_many_jobs_the_urgent_ones_come_first_and_all_are_reached_by_pages(
    engine: Engine, pages: httpx2.AsyncClient
) -> None:
    ledger = engine._parts.workflow_ledger
    nodes = [a_node(f"job-{number}", position=number) for number in range(1203)]
    run = (await ledger.submit(a_workflow_run(), a_workflow_source(), nodes)).run.workflow_id
    await ledger.move(run, WorkflowEvent.START, by="engine")
    await ledger.move_nodes(run, [NodeMove("job-1200", NodeEvent.START)], by="engine")
    page = await pages.get(f"/workflows/{run}")
    rows = re.findall(r'<tr id="node-([^"]+)"', page.text)
    assert (len(rows), rows[0], rows[1]) == (500, "job-1200", "job-0")
    assert "500 of 1,203" in words_of(page)
    last = await pages.get(f"/workflows/{run}?first=1000")
    assert re.findall(r'<tr id="node-([^"]+)"', last.text) == [f"job-{number}" for number in range(1000, 1203)]
    assert 'data-pace="5000"' in page.text
    assert (await pages.get(f"/workflows/{run}?first=x")).status_code == 422


async def test_shared_services_are_listed_with_the_way_to_their_logs(engine: Engine, pages: httpx2.AsyncClient) -> None:
    text = """
        services: {db: {image: postgres, env: {POSTGRES_PASSWORD: open}}}
        jobs:
          use: {image: busybox, commands: [echo used]}
    """
    run = (await conduct(engine, text)).run.workflow_id
    page = await pages.get(f"/workflows/{run}")
    assert "Shared services" in words_of(page)
    assert f"/workflows/{run}/log?service=db" in links(page)
    log = await pages.get(f"/workflows/{run}/log?service=db")
    assert log.status_code == 200
    assert "service db" in words_of(log)


# --- its log


async def test_the_log_has_the_lines_of_all_jobs_with_their_names(engine: Engine, pages: httpx2.AsyncClient) -> None:
    found = await conduct(engine, CHAIN)
    run = found.run.workflow_id
    page = await pages.get(f"/workflows/{run}/log")
    assert "build building" in words_of(page)
    assert "test testing" in words_of(page)
    assert "2 lines, complete" in words_of(page)
    assert f"/jobs/{found.node('build').job_id}#L1" in links(page)
    assert 'rel="next"' not in page.text


async def test_the_log_is_narrowed_by_job_and_by_text(engine: Engine, pages: httpx2.AsyncClient) -> None:
    run = (await conduct(engine, CHAIN)).run.workflow_id
    one = words_of(await pages.get(f"/workflows/{run}/log?node=test"))
    assert ("testing" in one, "building" in one) == (True, False)
    some = words_of(await pages.get(f"/workflows/{run}/log?q=BUILD"))
    assert ("testing" in some, "building" in some) == (False, True)
    literal = words_of(await pages.get(f"/workflows/{run}/log?q=.*"))
    assert "No line says so" in literal
    assert (await pages.get(f"/workflows/{run}/log?node=nobody")).status_code == 404
    assert (await pages.get(f"/workflows/{run}/log?cursor=nonsense")).status_code == 422


async def test_a_long_log_goes_on_from_its_start_and_a_live_one_behind_its_end(
    engine: Engine, pages: httpx2.AsyncClient
) -> None:
    text = """
        jobs:
          many: {image: busybox, commands: ["seq 1 700", "sleep 600"]}
    """
    run = await start(engine, text)
    await until(engine, run, "many", "running")
    await engine.wait_for_runs([run], until="log_match", pattern="^700$", timeout_s=30)
    first = await pages.get(f"/workflows/{run}/log?from=start")
    onward = next(href for href in links(first) if "cursor=" in href)
    rest = await pages.get(onward)
    assert (first.text.count('<td class="text">'), rest.text.count('<td class="text">')) == (500, 200)
    last = await pages.get(f"/workflows/{run}/log")
    behind = re.search(r'data-rest="([^"]+)"', last.text)
    assert behind is not None
    more = (await pages.get(behind[1].replace("&amp;", "&"))).json()
    assert (more["lines"], more["at_end"]) == ([], True)
    assert more["next"].startswith(f"/workflows/{run}/log.json?")


# --- acts


async def test_a_run_is_cancelled_from_a_page_that_asks_first(engine: Engine, pages: httpx2.AsyncClient) -> None:
    run = await start(engine, SLOW)
    await until(engine, run, "second", "running")
    question = await pages.get(f"/workflows/{run}/cancel?next=/workflows")
    assert "Cancel this run?" in words_of(question)
    assert '<form id="confirm"' in question.text
    answer = await post(pages, f"/workflows/{run}/cancel", reason="no time", next="/workflows")
    assert (answer.status_code, answer.headers["location"]) == (303, "/workflows")
    found = await ended(engine, run)
    assert found.run.status is WorkflowStatus.CANCELLED
    assert found.run.cancel is not None
    assert (found.run.cancel.by, found.run.cancel.reason) == ("ui", "no time")
    again = await pages.get(f"/workflows/{run}/cancel")
    assert (again.status_code, "This run already ended: Cancelled" in words_of(again)) == (409, True)


async def test_one_job_is_cancelled_and_the_run_goes_on(engine: Engine, pages: httpx2.AsyncClient) -> None:
    run = await start(engine, SLOW)
    await until(engine, run, "second", "running")
    question = await pages.get(f"/workflows/{run}/cancel?node=second")
    assert "Cancel the job second?" in words_of(question)
    answer = await post(pages, f"/workflows/{run}/cancel?node=second")
    assert answer.status_code == 303
    found = await ended(engine, run)
    assert found.node("second").status == "cancelled"
    assert found.node("second").cancel is not None
    assert (await pages.get(f"/workflows/{run}/cancel?node=nobody")).status_code == 409


async def test_a_rerun_is_previewed_node_by_node_before_it_begins(engine: Engine, pages: httpx2.AsyncClient) -> None:
    run = (await conduct(engine, BROKEN)).run.workflow_id
    preview = words_of(await pages.get(f"/workflows/{run}/rerun?selection=failed"))
    assert "3 run, 2 are kept." in preview
    assert "Attempt 2 of this run begins" in preview
    assert (await engine.get_workflow(run)).attempt == 1
    whole = words_of(await pages.get(f"/workflows/{run}/rerun?selection=all"))
    assert "5 run, 0 are kept." in whole
    from_build = words_of(await pages.get(f"/workflows/{run}/rerun?selection=from&jobs=build"))
    assert "5 run, 0 are kept." in from_build
    wrong = await pages.get(f"/workflows/{run}/rerun?selection=jobs&jobs=nobody")
    assert wrong.status_code == 422
    assert "nobody" in words_of(wrong)
    assert (await pages.get(f"/workflows/{run}/rerun?selection=some")).status_code == 422


async def test_all_jobs_run_again_as_a_run_of_its_own(engine: Engine, pages: httpx2.AsyncClient) -> None:
    run = (await conduct(engine, CHAIN)).run.workflow_id
    answer = await post(pages, f"/workflows/{run}/rerun", selection="all", new_run="1")
    fresh = answer.headers["location"].removeprefix("/workflows/")
    assert fresh != run
    found = await ended(engine, fresh)
    assert (found.run.status, found.run.rerun_of) == (WorkflowStatus.SUCCESS, run)
    assert f"/workflows/{run}" in links(await pages.get(f"/workflows/{fresh}"))


async def test_a_run_under_way_can_be_neither_repeated_nor_deleted(engine: Engine, pages: httpx2.AsyncClient) -> None:
    run = await start(engine, SLOW)
    for path in ("rerun", "delete"):
        page = await pages.get(f"/workflows/{run}/{path}")
        assert (page.status_code, "has not finished" in words_of(page)) == (409, True)
    assert (await post(pages, f"/workflows/{run}/delete")).status_code == 409


async def test_a_run_is_deleted_for_good_with_its_jobs(engine: Engine, pages: httpx2.AsyncClient) -> None:
    found = await conduct(engine, CHAIN)
    run = found.run.workflow_id
    assert "Delete this run?" in words_of(await pages.get(f"/workflows/{run}/delete"))
    answer = await post(pages, f"/workflows/{run}/delete", next=f"/workflows/{run}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/workflows")
    assert (await pages.get(f"/workflows/{run}")).status_code == 404


@pytest.mark.parametrize("path", ["cancel", "rerun", "delete"])
async def test_an_act_needs_a_form_of_ours(engine: Engine, pages: httpx2.AsyncClient, path: str) -> None:
    run = (await conduct(engine, CHAIN)).run.workflow_id
    assert (await pages.post(f"/workflows/{run}/{path}")).status_code == 403
    assert (await engine.get_workflow(run)).attempt == 1
