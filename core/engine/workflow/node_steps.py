"""From the steps of a job in a workflow's file to those of the job that runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.engine.workflow.node_setting import NodeSetting
    from core.spec.workflow import WorkflowJobSpec, WorkflowStepSpec

_MOST_STEPS: Final = 100
_ALWAYS: Final = "always()"


def node_steps(setting: NodeSetting, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps, their texts as they were written: what they come to is the job's to find out.

    A plain list of commands becomes a step for each, which share one shell. Other steps are a process each.

    Args:
        setting: The node.
        values: Its definition, for what has to be known before the start.
    """
    job = setting.job
    told = cast("list[dict[str, Any]]", values.get("steps", []))
    shell = cast("str", values.get("shell", ""))
    spread: list[dict[str, Any]] = []
    rest = job.steps
    if job.steps and _is_a_list_of_commands(job.steps, shell):
        spread = [{"run": command} for command in job.steps[0].commands if command.strip()]
        rest, told = job.steps[1:], told[1:]
        if len(spread) + len(rest) > _MOST_STEPS:
            spread = [{"run": "\n".join(job.steps[0].commands)}]
    return [*spread, *(_own(step, known, shell) for step, known in zip(rest, told, strict=True))]


def texts_of(job: WorkflowJobSpec) -> tuple[list[str], list[str]]:
    """What the steps, outputs and the like of a job say: texts with ``${{ }}``, and conditions."""
    texts: list[str] = []
    for step in job.steps:
        texts += [*step.commands, step.name, step.working_directory, *step.env.values()]
    for kept in job.artifacts:
        texts += [*kept.paths, *kept.exclude]
    return texts, [step.condition for step in job.steps if step.condition.strip()]


def _is_a_list_of_commands(steps: tuple[WorkflowStepSpec, ...], shell: str) -> bool:
    """Whether the first step's commands may be steps of their own: nothing after it minds which of them ended all."""
    first, *rest = steps
    plain = not (
        shell
        or first.id
        or first.name
        or first.condition
        or first.env
        or first.shell
        or first.working_directory
        or first.timeout_s is not None
        or first.retry.max
        or first.tolerance.always
        or first.tolerance.exit_codes
    )
    return plain and all(step.condition.strip() == _ALWAYS for step in rest)


def _own(step: WorkflowStepSpec, known: Mapping[str, Any], shell: str) -> dict[str, Any]:
    """A step that is a process of its own."""
    tolerance = cast("Mapping[str, Any]", known.get("continue_on_error", {}))
    retry, backoff = step.retry, step.retry.backoff
    fields: dict[str, Any] = {
        "run": "\n".join(step.commands),
        "id": step.id,
        "name": step.name,
        "env": dict(step.env),
        "shell": step.shell or shell or "sh",
        "workdir": step.working_directory or None,
        "condition": step.condition,
        "timeout_s": known.get("timeout_s"),
        "continue_on_error": tolerance.get("always") is True or tuple(tolerance.get("exit_codes", ())) or False,
    }
    if retry.max:
        fields |= {
            "retries": retry.max,
            "retry_delay_s": backoff.initial_s,
            "retry_factor": backoff.factor,
            "retry_exit_codes": retry.exit_codes,
        }
        if backoff.max_s is not None:
            fields["retry_max_delay_s"] = backoff.max_s
    return fields
