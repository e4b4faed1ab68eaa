"""The keys of retries, tolerance, groups, resources and dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from core.plan.context import Place as Where
from core.plan.keys.data import Data
from core.plan.keys.measures import duration, memory, processors
from core.plan.keys.records import Key, Record, Rules
from core.plan.keys.scalars import Choice, Condition, Flag, Number, Text
from core.plan.keys.structures import AnyOf, Many, Named, Shapes, Short
from core.plan.keys.texts import ENV_NAME, env_name, secret
from core.plan.source import MappingNode, Scalar
from core.spec.workflow import (
    BackoffSpec,
    ConcurrencySpec,
    Expression,
    NeedSpec,
    ResourcesSpec,
    RetrySpec,
    ToleranceSpec,
)

if TYPE_CHECKING:
    from core.plan.keys.report import Report
    from core.plan.source import Plain


def env(where: Where, *, what: str = "the environment variables") -> Named:
    """Environment variables.

    Args:
        where: What expressions in their values may name.
        what: What they are, in words.
    """
    return Named(Text(where, takes_null=True), what, naming=env_name, pattern=ENV_NAME)


EXIT_CODES: Final = Many(Number(0, 255), "an exit code from 0 to 255, or a list of them")

_TOLERANCE: Final = Record(
    "tolerance",
    "what failures are tolerated",
    (
        Key(
            name="exit_codes",
            form=EXIT_CODES,
            description="The exit codes whose failures are tolerated.",
            required=True,
            blank=(),
        ),
    ),
    ToleranceSpec,
)


def _tolerance(value: object) -> ToleranceSpec:
    if isinstance(value, ToleranceSpec):
        return value
    return ToleranceSpec(always=value if isinstance(value, bool | Expression) else False)


def tolerance(where: Where) -> AnyOf:
    """Which failures are tolerated."""
    return AnyOf(
        Shapes(scalar=Flag(where), mapping=_TOLERANCE),
        "true, false, an expression, or exit_codes",
        make=_tolerance,
        hint="write true, or {exit_codes: [137]}",
    )


BACKOFF: Final = Short(
    Record(
        "backoff",
        "a backoff",
        (
            Key(
                name="initial",
                field="initial_s",
                form=duration(least=0),
                description="The wait before the first further attempt.",
                default=0,
            ),
            Key(
                name="factor",
                form=Number(1, 100, is_whole=False),
                description="What each further wait is multiplied with.",
                default=1,
            ),
            Key(name="max", field="max_s", form=duration(), description="The longest wait."),
            Key(
                name="jitter",
                form=Number(0, 1, is_whole=False),
                description="The part of a wait, from 0 to 1, that chance adds or takes away.",
                default=0,
            ),
        ),
        BackoffSpec,
    ),
    "initial",
    duration(least=0),
    "a duration, or a mapping with initial, factor, max, jitter",
)

_GITLAB_FAILURES: Final = {
    "always": "any",
    "script_failure": "failure",
    "runner_system_failure": "infrastructure",
    "stuck_or_timeout_failure": "timeout",
    "job_execution_timeout": "timeout",
    "unknown_failure": "any",
}


def _retry(**fields: Any) -> RetrySpec:
    most = fields.pop("max", 1)
    return RetrySpec(max=most, **fields)


RETRY: Final = Short(
    Record(
        "retry",
        "a retry",
        (
            Key(
                name="max",
                form=Number(0, 10),
                description="How many further attempts after the first.",
                default=1,
            ),
            Key(
                name="when",
                form=Many(
                    Choice(("any", "failure", "timeout", "oom", "infrastructure", "service"), read_as=_GITLAB_FAILURES),
                    "a kind of failure, or a list of them",
                ),
                description="The kinds of failure that are tried again. 'failure' is a command that failed, "
                "'infrastructure' a pull or start that did, 'service' a service that was not ready.",
                default="any",
            ),
            Key(
                name="exit_codes",
                form=EXIT_CODES,
                description="The exit codes that are tried again; all of them if this is not given.",
            ),
            Key(
                name="if",
                field="condition",
                form=Condition(Where.RETRY_IF),
                description="An expression that must hold too, such as job.attempt < 3 && job.exit_code != 2.",
            ),
            Key(
                name="backoff",
                form=BACKOFF,
                description="How long to wait: one duration, or initial, factor, max and jitter.",
            ),
        ),
        _retry,
    ),
    "max",
    Number(0, 10),
    "a number of further attempts, or a mapping",
)


def _inspect_concurrency(node: MappingNode, to: Report) -> None:
    queue, cancels = node.get("queue"), node.get("cancel_in_progress")
    if isinstance(queue, Scalar) and queue.text == "max" and isinstance(cancels, Scalar) and cancels.value is True:
        message = "'cancel_in_progress: true' and 'queue: max' exclude each other."
        to.say("E005", message, cancels, "a queue in which all wait cancels nobody")


def concurrency(name: str, where: Where) -> Short:
    """A concurrency group.

    Args:
        name: What its definition is called in the schema.
        where: What expressions in it may name.
    """
    group = Text(where, expected="the name of a group", most=400, blank=False)
    record = Record(
        name,
        "a concurrency group",
        (
            Key(
                name="group",
                form=group,
                description="The group's name; over all runs of the installation only 'limit' may hold it at once.",
                required=True,
            ),
            Key(
                name="cancel_in_progress",
                form=Flag(where),
                description="Whether who comes cancels who holds the group.",
                default=False,
            ),
            Key(
                name="queue",
                form=Choice(("single", "max")),
                description="'single': one waits, and who comes takes its place. 'max': up to 100 wait in their order.",
                default="single",
            ),
            Key(
                name="limit",
                form=Number(1, 1000),
                description="How many may hold the group at once.",
                default=1,
            ),
        ),
        ConcurrencySpec,
        Rules(inspect=_inspect_concurrency),
    )
    return Short(record, "group", group, "the name of a group, or a mapping with group")


def resources(name: str, where: Where) -> Record:
    """What a container may use."""
    return Record(
        name,
        "resources",
        (
            Key(name="cpus", form=processors(where), description="Processors, in parts too: 0.5, 2, 500m."),
            Key(
                name="memory",
                field="memory_mb",
                form=memory(where),
                description="Memory without swap: 512m, 2g; a number without a unit is MiB.",
            ),
            Key(
                name="pids",
                form=Number(1, 1_048_576, where=where),
                description="How many processes and threads may exist at once.",
            ),
            Key(name="gpus", form=Number(0, 64, where=where), description="How many GPUs."),
        ),
        ResourcesSpec,
    )


def _need_matrix(value: object) -> Plain:
    return value  # pyright: ignore[reportReturnType] - a word or plain data, as its forms build it


NEED: Final = Short(
    Record(
        "need",
        "a need",
        (
            Key(name="job", form=Text(blank=False), description="The job that is needed.", required=True),
            Key(
                name="optional",
                form=Flag(),
                description="Whether it is fine that it was skipped; that it failed is not.",
                default=False,
            ),
            Key(
                name="matrix",
                form=AnyOf(
                    Shapes(scalar=Choice(("same",)), mapping=Data(None)),
                    "'same', or a mapping of matrix values",
                    make=_need_matrix,
                ),
                description="'same': a variant needs only the variant with the same values. "
                "A mapping: only the variants that match it are needed.",
            ),
            Key(
                name="artifacts",
                form=Flag(),
                description="Whether its artifacts are put into the job.",
                default=True,
            ),
        ),
        NeedSpec,
    ),
    "job",
    Text(expected="the id of a job", blank=False),
    "the id of a job, or a mapping with job",
)

NEEDS: Final = Many(NEED, "the id of a job, or a list of them")
JOB_IDS: Final = Many(Text(expected="the id of a job", blank=False), "the id of a job, or a list of them")
SECRET_NAMES: Final = Many(secret(), "a list of the names of secrets", lone=False)
