"""Looking at runs: one log of all nodes, waits, what broke, what was kept, how the jobs hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core import (
    InvalidArgumentError,
    JobNotFoundError,
    KeptFrom,
    NodeEvent,
    NodeNotFoundError,
    NodeReason,
    NodeStatus,
    NodeVariant,
    Reason,
    Result,
    WorkflowEvent,
    WorkflowLogQuery,
    WorkflowNotFoundError,
    WorkflowRequest,
    WorkflowStatus,
    graph_document,
    graph_dot,
    graph_mermaid,
    new_job_id,
    new_workflow_id,
)
from core.records.job import Failure, FailureKind
from core.store.node_changes import NodeMove
from core.testing.factories import a_job_spec, a_node, a_workflow_run, a_workflow_source
from tests.core.engine.breaking import is_done, submit, until
from tests.core.engine.test_workflow_records import a_node_job, a_workflow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core import Engine, Job, NodeLine, RunsWaited, WorkflowNode


async def a_run_of(engine: Engine, *nodes: WorkflowNode) -> str:
    """A run with these nodes that is under way."""
    ledger = engine._parts.workflow_ledger
    run = (await ledger.submit(a_workflow_run(), a_workflow_source(), nodes)).run
    await ledger.move(run.workflow_id, WorkflowEvent.START, by="engine")
    return run.workflow_id


async def ran(engine: Engine, workflow_id: str, node_id: str, *commands: str) -> Job:
    """The job of a node that has ended."""
    spec = a_job_spec(command=("sh", "-c", "; ".join(commands)), artifacts=("*.txt",))
    job_id = await a_node_job(engine, workflow_id, node_id, spec)
    return await until(engine, job_id, is_done)


async def moved(engine: Engine, workflow_id: str, *moves: NodeMove) -> None:
    await engine._parts.workflow_ledger.move_nodes(workflow_id, moves, by="engine")


async def ended(engine: Engine, workflow_id: str, event: WorkflowEvent = WorkflowEvent.SUCCEED) -> None:
    await engine._parts.workflow_ledger.move(workflow_id, event, by="engine")


def texts(lines: tuple[NodeLine, ...]) -> list[tuple[str, str]]:
    return [(each.node_id, each.line.text) for each in lines]


async def a_finished_run(engine: Engine) -> str:
    """Two nodes, one after the other, that succeeded."""
    workflow_id = await a_workflow(engine, "build", "test")
    await ran(engine, workflow_id, "build", "echo one", "echo two", "echo b > b.txt")
    await ran(engine, workflow_id, "test", "echo three", "echo t > t.txt", "echo u > u.txt")
    await moved(engine, workflow_id, *(NodeMove(each, NodeEvent.SUCCEED) for each in ("build", "test")))
    await ended(engine, workflow_id)
    return workflow_id


# --- logs


async def test_the_logs_of_all_nodes_are_read_as_one_and_page_by_page(engine: Engine) -> None:
    workflow_id = await a_finished_run(engine)
    whole = await engine.read_workflow_log(workflow_id)
    assert texts(whole.lines) == [("build", "one"), ("build", "two"), ("test", "three")]
    assert (whole.at_end, whole.done, whole.attempt) == (True, True, 1)
    first = await engine.read_workflow_log(workflow_id, WorkflowLogQuery(max_lines=2))
    assert (texts(first.lines), first.done) == ([("build", "one"), ("build", "two")], False)
    rest = await engine.read_workflow_log(workflow_id, WorkflowLogQuery(cursor=first.next_cursor))
    assert (texts(rest.lines), rest.done) == ([("test", "three")], True)
    nothing = await engine.read_workflow_log(workflow_id, WorkflowLogQuery(cursor=rest.next_cursor))
    assert (nothing.lines, nothing.done) == ((), True)


async def test_a_part_of_a_runs_log_is_chosen_by_node_tail_and_pattern(engine: Engine) -> None:
    workflow_id = await a_finished_run(engine)

    async def found(query: WorkflowLogQuery) -> list[str]:
        return [text for _, text in texts((await engine.read_workflow_log(workflow_id, query)).lines)]

    assert await found(WorkflowLogQuery(nodes=("test",))) == ["three"]
    assert await found(WorkflowLogQuery(nodes=("test", "build"))) == ["one", "two", "three"]
    assert await found(WorkflowLogQuery(tail=2)) == ["two", "three"]
    assert await found(WorkflowLogQuery(pattern="^t")) == ["two", "three"]
    assert await found(WorkflowLogQuery(streams=frozenset({"stderr"}))) == []
    assert await found(WorkflowLogQuery(errors_only=True)) == []


async def test_a_job_of_a_matrix_a_caller_and_a_selector_stand_for_their_nodes(engine: Engine) -> None:
    workflow_id = await a_run_of(
        engine,
        a_node("test-1", job="test", variant=NodeVariant(0, 2, {"n": 1})),
        a_node("test-2", job="test", variant=NodeVariant(1, 2, {"n": 2})),
        a_node("call / lint", job="call / lint"),
    )
    for node_id in ("test-1", "test-2", "call / lint"):
        await ran(engine, workflow_id, node_id, f"echo {node_id}")
    for name, expected in (
        ("test", ["test-1", "test-2"]),
        ("TEST-2", ["test-2"]),
        ("test[n=2]", ["test-2"]),
        ("test#0", ["test-1"]),
        ("call", ["call / lint"]),
        ("call/lint", ["call / lint"]),
    ):
        page = await engine.read_workflow_log(workflow_id, WorkflowLogQuery(nodes=(name,)))
        assert [node_id for node_id, _ in texts(page.lines)] == expected
    assert not page.done


async def test_what_does_not_exist_in_a_run_is_named(engine: Engine) -> None:
    workflow_id = await a_finished_run(engine)
    for wrong in ("", "wf_1", new_job_id(), new_workflow_id()):
        with pytest.raises(WorkflowNotFoundError):
            await engine.read_workflow_log(wrong)
    with pytest.raises(NodeNotFoundError, match="'deploy'") as caught:
        await engine.read_workflow_log(workflow_id, WorkflowLogQuery(nodes=("deploy",)))
    assert caught.value.hint == "there are build, test"
    for wrong in ("buld", "build#0"):
        with pytest.raises(NodeNotFoundError) as caught:
            await engine.read_workflow_log(workflow_id, WorkflowLogQuery(nodes=(wrong,)))
        assert caught.value.hint == "did you mean 'build'?"
    for query, match in (
        (WorkflowLogQuery(attempt=2), "attempt"),
        (WorkflowLogQuery(cursor="1-1"), "cursor"),
        (WorkflowLogQuery(cursor="2.1"), "attempt"),
        (WorkflowLogQuery(service="db"), "service"),
        (WorkflowLogQuery(pattern="("), "pattern"),
    ):
        with pytest.raises(InvalidArgumentError, match=match):
            await engine.read_workflow_log(workflow_id, query)


async def test_a_live_log_goes_on_through_nodes_that_start_later_and_ends_with_the_run(engine: Engine) -> None:
    workflow_id = await a_workflow(engine, "build", "test")
    await ran(engine, workflow_id, "build", "echo one")
    seen: list[tuple[str, str]] = []
    cursors: list[str] = []
    first = anyio.Event()

    async def follow() -> None:
        async for part in engine.follow_workflow_log(workflow_id):
            seen.extend(texts(part.lines))
            cursors.extend(part.cursors)
            first.set()

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow)
            await first.wait()
            await ran(engine, workflow_id, "test", "echo two", "echo three")
            await moved(engine, workflow_id, *(NodeMove(each, NodeEvent.SUCCEED) for each in ("build", "test")))
            await ended(engine, workflow_id)
    assert seen == [("build", "one"), ("test", "two"), ("test", "three")]
    again = await engine.read_workflow_log(workflow_id, WorkflowLogQuery(cursor=cursors[1]))
    assert texts(again.lines) == [("test", "three")]


async def test_variants_that_come_into_being_later_join_the_log_of_their_job(engine: Engine) -> None:
    workflow_id = await a_workflow(engine, "test")
    seen: list[tuple[str, str]] = []

    async def follow() -> None:
        query = WorkflowLogQuery(nodes=("test[n=2]",))
        async for part in engine.follow_workflow_log(workflow_id, query):
            seen.extend(texts(part.lines))

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow)
            await anyio.wait_all_tasks_blocked()
            variants = [a_node(f"test-{n}", job="test", variant=NodeVariant(n - 1, 2, {"n": n})) for n in (1, 2)]
            await engine._parts.workflow_ledger.add_nodes(workflow_id, variants, instead_of="test")
            for variant in variants:
                await ran(engine, workflow_id, variant.node_id, f"echo {variant.node_id}")
                await moved(engine, workflow_id, NodeMove(variant.node_id, NodeEvent.SUCCEED))
            await ended(engine, workflow_id)
    assert seen == [("test-2", "test-2")]


async def test_a_live_log_from_its_tail_on(engine: Engine) -> None:
    workflow_id = await a_finished_run(engine)
    with anyio.fail_after(60):
        parts = [part async for part in engine.follow_workflow_log(workflow_id, WorkflowLogQuery(tail=1))]
    assert [texts(part.lines) for part in parts] == [[("test", "three")]]


async def test_the_log_of_an_attempt_is_that_of_what_ran_in_it_and_of_what_is_kept_if_named(engine: Engine) -> None:
    workflow_id = await a_finished_run(engine)
    build = await engine.workflow_node(workflow_id, "build")
    ledger = engine._parts.workflow_ledger
    await ledger.begin_attempt(workflow_id, [a_node("build"), a_node("test")], by="cli", selection="failed")
    await ended(engine, workflow_id, WorkflowEvent.START)
    kept = KeptFrom(1, build.job_id, "unchanged")
    await moved(
        engine,
        workflow_id,
        NodeMove("build", NodeEvent.KEEP, fields={"job_id": build.job_id, "kept_from": kept}),
        NodeMove("test", NodeEvent.SKIP),
    )
    await ended(engine, workflow_id, WorkflowEvent.SUCCEED)
    assert (await engine.read_workflow_log(workflow_id)).lines == ()
    named = await engine.read_workflow_log(workflow_id, WorkflowLogQuery(nodes=("build",)))
    assert [text for _, text in texts(named.lines)] == ["one", "two"]
    before = await engine.read_workflow_log(workflow_id, WorkflowLogQuery(attempt=1))
    assert (len(before.lines), before.done) == (3, True)


async def test_the_log_of_a_service_that_jobs_share_or_have_is_read_as_one_of_theirs(engine: Engine) -> None:
    text = """
services:
  db: {image: "busybox:latest", command: ["sh", "-c", "echo db up; sleep 600"]}
jobs:
  a:
    image: busybox:latest
    commands: [echo a]
    services: {own: {image: "busybox:latest", command: ["sh", "-c", "echo own up; sleep 600"]}}
  b: {image: "busybox:latest", needs: a, commands: [echo b]}
"""
    workflow_id = (await engine.run_workflow(WorkflowRequest(text=text))).run.workflow_id
    with anyio.fail_after(30):
        live = [part async for part in engine.follow_workflow_log(workflow_id, WorkflowLogQuery(service="db"))]
    assert [texts(part.lines) for part in live] == [[("", "db up")]]
    for query, expected in (
        (WorkflowLogQuery(service="db"), [("", "db up")]),
        (WorkflowLogQuery(service="db", tail=5), [("", "db up")]),
        (WorkflowLogQuery(service="own"), [("a", "own up")]),
        (WorkflowLogQuery(service="own", nodes=("a",)), [("a", "own up")]),
    ):
        page = await engine.read_workflow_log(workflow_id, query)
        assert (texts(page.lines), page.done) == (expected, True)
    for query in (WorkflowLogQuery(service="own", nodes=("b",)), WorkflowLogQuery(service="other")):
        with pytest.raises(InvalidArgumentError, match="service"):
            await engine.read_workflow_log(workflow_id, query)


# --- waits


async def waiting_while(engine: Engine, act: Callable[[], Awaitable[None]], ids: list[str], **how: Any) -> RunsWaited:
    """How a wait ends that has begun before something happens."""
    results: list[RunsWaited] = []

    async def wait() -> None:
        results.append(await engine.wait_for_runs(ids, **how))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            await act()
    return results[0]


async def test_jobs_and_runs_are_waited_for_together(engine: Engine) -> None:
    workflow_id, job_id = await a_workflow(engine, "build"), await submit(engine, a_job_spec())
    with anyio.fail_after(60):
        any_done = await engine.wait_for_runs([workflow_id, job_id], until="any_done")
    assert (any_done.met, any_done.jobs[0].is_finished, any_done.workflows[0].nodes) == (True, True, ())

    async def end() -> None:
        await moved(engine, workflow_id, NodeMove("build", NodeEvent.SKIP))
        await ended(engine, workflow_id)

    waited = await waiting_while(engine, end, [workflow_id, job_id])
    assert (waited.met, waited.workflows[0].run.status) == (True, WorkflowStatus.SUCCESS)


async def test_a_run_has_begun_once_it_is_no_longer_pending(engine: Engine) -> None:
    run = (await engine._parts.workflow_ledger.submit(a_workflow_run(), a_workflow_source())).run
    assert not (await engine.wait_for_runs([run.workflow_id], until="running", timeout_s=0.01)).met
    await engine._parts.workflow_ledger.move(run.workflow_id, WorkflowEvent.START, by="engine")
    assert (await engine.wait_for_runs([run.workflow_id], until="running", timeout_s=0)).met


async def test_the_first_failed_node_ends_a_wait_for_failure_and_a_tolerated_one_does_not(engine: Engine) -> None:
    workflow_id = await a_workflow(engine, "a", "b")

    async def fail() -> None:
        await moved(engine, workflow_id, NodeMove("a", NodeEvent.FAIL, fields={"result": Result.SUCCESS}))
        assert not (await engine.wait_for_runs([workflow_id], until="first_failure", timeout_s=0)).met
        await moved(engine, workflow_id, NodeMove("b", NodeEvent.FAIL))

    assert (await waiting_while(engine, fail, [workflow_id], until="first_failure")).met
    assert (await engine.wait_for_runs([workflow_id], until="first_failure", timeout_s=0)).met


async def test_a_wait_for_news_tells_the_nodes_that_changed(engine: Engine) -> None:
    workflow_id = await a_workflow(engine, "a", "b")
    version = (await engine.get_workflow(workflow_id)).version
    assert not (await engine.wait_for_runs([workflow_id], since_version=version, timeout_s=0)).met

    async def skip() -> None:
        await moved(engine, workflow_id, NodeMove("b", NodeEvent.SKIP))

    waited = await waiting_while(engine, skip, [workflow_id], since_version=version)
    assert waited.met
    assert [(node.node_id, node.status) for node in waited.workflows[0].nodes] == [("b", NodeStatus.SKIPPED)]
    assert waited.workflows[0].run.version > version


async def test_a_line_of_a_node_ends_a_wait_for_it(engine: Engine) -> None:
    workflow_id = await a_workflow(engine, "build", "test")

    async def run() -> None:
        await ran(engine, workflow_id, "test", "echo red", "echo green")

    waited = await waiting_while(engine, run, [workflow_id], until="log_match", pattern="gre+n")
    assert waited.match is not None
    assert (waited.met, waited.match.text, waited.match_id, waited.match_node) == (True, "green", workflow_id, "test")


async def test_a_wait_names_what_does_not_exist(engine: Engine) -> None:
    with pytest.raises(WorkflowNotFoundError):
        await engine.wait_for_runs([new_workflow_id()])
    with pytest.raises(WorkflowNotFoundError):
        await engine.wait_for_runs(["wf_1"])
    for wrong in ("x", new_job_id()):
        with pytest.raises(JobNotFoundError):
            await engine.wait_for_runs([wrong])


# --- what broke


def failure(message: str) -> Failure:
    return Failure(FailureKind.EXIT, message)


async def test_a_summary_begins_with_what_failed_first_and_says_what_did_not_run_for_it(engine: Engine) -> None:
    workflow_id = await a_run_of(
        engine,
        *(a_node(f"test-{n}", job="test", variant=NodeVariant(n, 3)) for n in range(3)),
        a_node("deploy", needs=("test",), position=1),
        a_node("tell", needs=("deploy",), position=2),
        a_node("check", position=3),
    )
    await ran(engine, workflow_id, "test-1", "echo 'AssertionError: 3 is not 4' >&2", "exit 1")
    await moved(engine, workflow_id, NodeMove("test-1", NodeEvent.FAIL, fields={"failure": failure("exit 1")}))
    needs = NodeReason(Reason.NEEDS, "needs test", ("test",))
    await moved(
        engine,
        workflow_id,
        NodeMove("check", NodeEvent.FAIL, fields={"failure": failure("no such thing")}),
        NodeMove("test-0", NodeEvent.KEEP),
        NodeMove("test-2", NodeEvent.CANCEL, fields={"reason": NodeReason(Reason.FAIL_FAST, "", ("test-1",))}),
        NodeMove("deploy", NodeEvent.SKIP, fields={"reason": needs}),
        NodeMove("tell", NodeEvent.SKIP, fields={"reason": NodeReason(Reason.NEEDS, "", ("deploy",))}),
    )
    summary = await engine.workflow_summary(workflow_id)
    cause = summary.cause
    assert cause is not None
    assert (cause.node.node_id, cause.blocked) == ("test-1", ("deploy", "tell"))
    assert cause.job is not None
    assert cause.job.diagnosis.excerpts[0].lines == ("AssertionError: 3 is not 4",)
    assert [(one.node.node_id, one.job) for one in summary.failures[1:]] == [("check", None)]
    assert summary.matrices == {"test": "1/3 passed"}
    assert [(one.node_id, one.because) for one in summary.still] == [
        ("test-2", "fail-fast (test-1)"),
        ("deploy", "needs test"),
        ("tell", "needs (deploy)"),
    ]
    assert (summary.more_failures, summary.more_still, summary.attempt) == (0, 0, 1)


async def test_a_summary_names_the_shared_service_that_is_sick_with_its_last_lines(engine: Engine) -> None:
    text = """
services: {db: {image: "busybox:latest", command: ["sh", "-c", "echo no room >&2; exit 4"]}}
jobs: {a: {image: "busybox:latest", commands: ["true"]}}
"""
    workflow_id = (await engine.run_workflow(WorkflowRequest(text=text))).run.workflow_id
    with anyio.fail_after(30):
        await engine.wait_for_runs([workflow_id])
    summary = await engine.workflow_summary(workflow_id)
    assert [(sick.result.service_id, sick.result.exit_code) for sick in summary.sick_services] == [("db", 4)]
    assert [line.text for line in summary.sick_services[0].last_lines] == ["no room"]
    assert summary.cause is not None
    assert summary.cause.node.failure is not None
    assert summary.cause.node.failure.kind is FailureKind.SERVICE


async def test_a_summary_of_very_many_failures_stays_small(engine: Engine) -> None:
    names = [f"n{number}" for number in range(60)]
    workflow_id = await a_workflow(engine, *names)
    await moved(engine, workflow_id, *(NodeMove(each, NodeEvent.FAIL) for each in names[:30]))
    await moved(engine, workflow_id, *(NodeMove(each, NodeEvent.SKIP) for each in names[30:]))
    summary = await engine.workflow_summary(workflow_id)
    assert (len(summary.failures), summary.more_failures) == (5, 25)
    assert (len(summary.still), summary.more_still) == (20, 10)


async def test_a_run_without_a_failure_has_a_summary_without_a_cause(engine: Engine) -> None:
    summary = await engine.workflow_summary(await a_finished_run(engine))
    assert (summary.cause, summary.failures, summary.matrices, summary.still) == (None, (), {}, ())


# --- what was kept


async def test_the_artifacts_of_a_run_come_in_pages_with_their_nodes(engine: Engine) -> None:
    workflow_id = await a_finished_run(engine)
    first = await engine.workflow_artifacts(workflow_id, limit=2)
    rest = await engine.workflow_artifacts(workflow_id, limit=2, cursor=first.next_cursor)
    assert [(one.node_id, one.artifact.path) for one in (*first.items, *rest.items)] == [
        ("build", "b.txt"), ("test", "t.txt"), ("test", "u.txt")
    ]  # fmt: skip
    assert rest.next_cursor is None
    of_test = await engine.workflow_artifacts(workflow_id, node="test")
    assert [one.artifact.path for one in of_test.items] == ["t.txt", "u.txt"]
    with pytest.raises(NodeNotFoundError):
        await engine.workflow_artifacts(workflow_id, node="deploy")
    for wrong in ("x", f"{new_job_id()}/a/b", f"{new_job_id()}/1/"):
        with pytest.raises(InvalidArgumentError, match="cursor"):
            await engine.workflow_artifacts(workflow_id, cursor=wrong)
    for limit in (0, 201):
        with pytest.raises(InvalidArgumentError, match="limit"):
            await engine.workflow_artifacts(workflow_id, limit=limit)


# --- the graph


async def test_the_graph_of_a_run_says_how_its_jobs_stand(engine: Engine) -> None:
    workflow_id = await a_run_of(
        engine,
        a_node("build"),
        *(a_node(f"test-{n}", job="test", needs=("build",), position=1, variant=NodeVariant(n, 2)) for n in range(2)),
        a_node('say "hi"', needs=("test-0", "test-1"), position=2),
        a_node("clean", position=3, is_finally=True),
    )
    await moved(engine, workflow_id, NodeMove("build", NodeEvent.KEEP), NodeMove("test-0", NodeEvent.FAIL))
    graph = await engine.workflow_graph(workflow_id)
    assert [(job.job, job.status, job.note) for job in graph.jobs] == [
        ("build", "success", ""),
        ("test", "running", "0/2 passed"),
        ('say "hi"', "waiting", ""),
        ("clean", "waiting", ""),
    ]
    assert list(graph.edges()) == [("build", "test", False), ("test", 'say "hi"', False), ('say "hi"', "clean", True)]
    assert graph_document(graph)["edges"][0] == {"from": "build", "to": "test", "last": False}
    assert 'j2["say #34;hi#34;: waiting"]' in graph_mermaid(graph)
    assert "j2 -.-> j3" in graph_mermaid(graph)
    assert r'"say \"hi\"" -> "clean" [style=dashed];' in graph_dot(graph)
    assert '"build" [label="build: success", fillcolor="#cdebd0"];' in graph_dot(graph)
