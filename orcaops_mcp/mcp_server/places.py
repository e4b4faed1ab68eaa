"""What an id in a call names: a job, a workflow run, or a node of a run, which stands for the job that runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import InvalidArgumentError, JobNotFoundError, WorkflowNotFoundError, is_workflow_id
from orcaops_mcp.intake.fields import known_form
from orcaops_mcp.mcp_server.untrusted import one_line

if TYPE_CHECKING:
    from core import Engine


@dataclass(frozen=True, slots=True)
class RunPlace:
    """A run of a workflow, or a part of it.

    Attributes:
        workflow_id: The run.
        part: What stands behind the slash: a node, a job with all its variants, a service; empty for the whole run.
    """

    workflow_id: str
    part: str = ""


def run_place(text: str) -> RunPlace | None:
    """The run that ``wf_…`` or ``wf_…/node`` names; None if the text names something else."""
    workflow_id, _, part = text.partition("/")
    return RunPlace(workflow_id, part) if is_workflow_id(workflow_id) else None


def is_run(text: str) -> bool:
    """Whether the text names a whole run."""
    place = run_place(text)
    return place is not None and not place.part


def run_id(text: str) -> str:
    """The id of a run.

    Raises:
        WorkflowNotFoundError: The text is none.
    """
    if is_workflow_id(text):
        return text
    place = run_place(text)
    if place is not None:
        hint = f'Give workflow_id="{place.workflow_id}", and the node beside it.'
        raise WorkflowNotFoundError("This names a node; here a whole run is wanted.", hint=hint)
    hint = 'orcaops_list_runs(kind="workflows") lists them; jobs have orcaops_get_job_status and orcaops_cancel_job.'
    raise WorkflowNotFoundError(
        "There is no workflow run with this id; one looks like wf_ and 25 characters.", hint=hint
    )


def own_job(text: str) -> str:
    """The id of a job, where a node of a run will not do.

    Raises:
        JobNotFoundError: The text is none.
    """
    place = run_place(text)
    if place is not None:
        node = f', node="{one_line(place.part)}"' if place.part else ""
        hint = f'Stop it with orcaops_cancel_workflow(workflow_id="{place.workflow_id}"{node}).'
        raise JobNotFoundError("This names a workflow run, or a node of one, not a job.", hint=hint)
    return known_form(text)


async def job_of(engine: Engine, text: str) -> str:
    """The job that ``job_…`` or ``wf_…/node`` names.

    Raises:
        JobNotFoundError: The text names no job, or the node has none yet.
        WorkflowNotFoundError: There is no such run.
        NodeNotFoundError: The run has no such node.
        InvalidArgumentError: It names a whole run.
    """
    place = run_place(text)
    if place is None:
        return known_form(text)
    if not place.part:
        hint = f'Name one of its nodes, as in "{place.workflow_id}/build"; {seen(place.workflow_id)} lists them.'
        raise InvalidArgumentError("This names a whole workflow run; here one job is wanted.", hint=hint)
    job_id = await job_of_node(engine, place)
    if job_id is None:
        hint = f"{seen(place.workflow_id, node=place.part)} says why."
        raise JobNotFoundError(f"No job has run for {one_line(place.part)} yet, or none will.", hint=hint)
    return job_id


async def job_of_node(engine: Engine, place: RunPlace) -> str | None:
    """The job that runs a node now, or ran it last; None if there was none.

    Raises:
        WorkflowNotFoundError: There is no such run.
        NodeNotFoundError: It has no such node.
    """
    return (await engine.workflow_node(place.workflow_id, place.part)).job_id


def seen(workflow_id: str, **more: str) -> str:
    """The call that shows a run."""
    rest = "".join(f', {name}="{one_line(value)}"' for name, value in more.items())
    return f'orcaops_get_workflow_status(workflow_id="{workflow_id}"{rest})'
