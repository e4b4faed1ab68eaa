"""What is said about a request before its run starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core import (
    Engine,
    IdempotencyConflictError,
    InvalidArgumentError,
    InvalidSpecError,
    WorkflowRequest,
    WorkflowStatus,
)
from tests.core.engine.workflow.runs import conduct, ended

if TYPE_CHECKING:
    from typing import Any

ONE = "jobs: {one: {image: 'busybox:1', commands: [echo one]}}"


async def test_a_file_with_errors_is_refused_with_their_places(engine: Engine) -> None:
    text = "jobs:\n  one: {image: 'busybox:1', needs: two, commands: ['true']}\n"
    with pytest.raises(InvalidSpecError) as caught:
        await engine.run_workflow(WorkflowRequest(text=text, file_name="ci.yaml"))
    (finding,) = caught.value.findings
    assert finding.path == "ci.yaml:2:36 jobs.one.needs"
    assert not (await engine.list_workflows()).items


async def test_of_many_errors_all_are_told_and_the_message_names_the_first(engine: Engine) -> None:
    jobs = "\n".join(f"  j{n}: {{image: 'busybox:1', needs: no{n}, commands: ['true']}}" for n in range(30))
    with pytest.raises(InvalidSpecError) as caught:
        await engine.run_workflow(WorkflowRequest(text=f"jobs:\n{jobs}"))
    assert len(caught.value.findings) == 30
    assert caught.value.message.endswith("; and 20 more")


async def test_wrong_inputs_are_all_named_at_once(engine: Engine) -> None:
    text = f"inputs: {{n: {{type: number, required: true}}, b: {{type: boolean}}}}\n{ONE}"
    with pytest.raises(InvalidSpecError) as caught:
        await engine.run_workflow(WorkflowRequest(text=text, inputs={"b": "perhaps", "c": 1}))
    assert {finding.path for finding in caught.value.findings} == {"inputs.n", "inputs.b", "inputs.c"}


async def test_inputs_are_typed_with_their_defaults_and_kept(engine: Engine) -> None:
    text = f"inputs: {{n: {{type: number}}, b: {{type: boolean, default: true}}}}\n{ONE}"
    over = await conduct(engine, text, inputs={"n": "3"})
    assert over.run.inputs == {"n": 3, "b": True}


@pytest.mark.parametrize("context", [{"secrets": {}}, {"github": "main"}])
async def test_a_context_that_is_none_is_refused(engine: Engine, context: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match="context"):
        await engine.run_workflow(WorkflowRequest(text=ONE, context=context))


@pytest.mark.parametrize("fields", [{"max_parallel": 0}, {"max_parallel": -1}, {"priority": 101}])
async def test_a_number_out_of_its_range_is_refused(engine: Engine, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{next(iter(fields))} must be from"):
        await engine.run_workflow(WorkflowRequest(text=ONE, **fields))


async def test_a_tag_that_is_none_is_refused(engine: Engine) -> None:
    with pytest.raises(InvalidArgumentError, match="tags: "):
        await engine.run_workflow(WorkflowRequest(text=ONE, tags=("",)))


async def test_a_name_fits_a_line(engine: Engine) -> None:
    over = await conduct(engine, ONE, name="x" * 300 + "\n")
    assert over.run.run_name == "x" * 199 + "…"


async def test_contexts_reach_conditions_and_names(engine: Engine) -> None:
    text = """
    run_name: "ci ${{ github.ref_name }} #${{ run.number }}"
    jobs:
      one: {image: busybox:1, if: "github.ref_name == 'main' && vars.LEVEL == '2'", commands: [echo one]}
    """
    over = await conduct(engine, text, context={"github": {"ref_name": "main"}, "vars": {"LEVEL": "2"}})
    assert over.results == {"one": "success"}
    assert over.run.run_name == "ci main #1"
    again = await conduct(engine, text, context={"github": {"ref_name": "main"}}, name="mine")
    assert again.run.run_name == "mine"
    assert again.results == {"one": "skipped"}


async def test_the_same_key_gives_the_same_run_and_another_request_a_conflict(engine: Engine) -> None:
    first = await engine.run_workflow(WorkflowRequest(text=ONE), idempotency_key="k")
    again = await engine.run_workflow(WorkflowRequest(text=ONE), idempotency_key="k")
    assert (again.run.workflow_id, again.replayed) == (first.run.workflow_id, True)
    with pytest.raises(IdempotencyConflictError):
        await engine.run_workflow(WorkflowRequest(text=ONE, priority=3), idempotency_key="k")
    assert (await ended(engine, first.run.workflow_id)).run.status is WorkflowStatus.SUCCESS


async def test_priority_tags_and_actor_are_the_runs(engine: Engine) -> None:
    over = await conduct(engine, ONE, priority=7, tags=("nightly",), actor="ada")
    assert (over.run.priority, over.run.tags, over.run.actor) == (7, ("nightly",), "ada")
    job_id = over.node("one").job_id
    assert job_id is not None
    assert (await engine.get_job(job_id)).spec.priority == 7


async def test_warnings_about_the_file_are_kept_with_the_run(engine: Engine) -> None:
    over = await conduct(engine, "jobs: {one: {image: busybox, commands: [echo one]}}")
    (warning,) = over.run.warnings
    assert (warning["code"], warning["path"]) == ("W130", "jobs.one.image")
