"""Which contexts there are, where each may be named, and what is known of them before anything runs."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from core.plan.expressions.scope import Scope
from core.plan.expressions.shapes import ANYTHING, BOOLEAN, NUMBER, TEXT, ListShape, MappingShape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.plan.expressions.shapes import Shape

CONTEXTS: Final[Mapping[str, str]] = {
    "env": "environment variables: of the workflow, then of the job, then of the step",
    "vars": "variables of the installation",
    "inputs": "the run's inputs, typed as they are declared",
    "secrets": "secrets, masked wherever they would be shown",
    "needs": "the jobs this one needs or comes after: result, outcome, outputs, attempts, exit_code, reason",
    "jobs": "the same of every job before this one",
    "matrix": "the values of this variant",
    "strategy": "fail-fast, job-index, job-total, max-parallel",
    "job": "the job itself: id, name, status, attempt, exit_code, failure_kind, container, services",
    "services": "the job's services: host, port, ports, id, url",
    "steps": "earlier steps that have an id: outputs, outcome, conclusion",
    "run": "the run: id, number, attempt, workflow, actor, trigger, started_at",
    "github": "what GitHub would say: ref, ref_name, sha, event_name, repository and so on, empty if unknown",
}
"""Every context with what it holds, in the order in which they are listed."""

_RUN: Final = frozenset({"inputs", "vars", "run", "github"})
_BEFORE_JOB: Final = _RUN | {"env", "needs", "jobs"}
_JOB: Final = _BEFORE_JOB | {"matrix", "strategy"}
_EVERYTHING: Final = frozenset(CONTEXTS)


class _Allowed(NamedTuple):
    """What may be named at a place."""

    words: str
    contexts: frozenset[str]
    status: bool = False
    job_names: bool = False
    files: bool = False


class Place(Enum):
    """Where in a workflow an expression stands, as far as it matters to what it may name."""

    RUN = _Allowed("the workflow's run_name and concurrency", _RUN)
    WORKFLOW_ENV = _Allowed("the workflow's env", _RUN | {"env", "secrets"})
    WORKFLOW_OUTPUTS = _Allowed("the workflow's outputs", _RUN | {"jobs"})
    JOB_IF = _Allowed("a job's if and unless", _JOB | {"secrets"}, status=True, job_names=True)
    MATRIX = _Allowed("a job's matrix and strategy", _BEFORE_JOB)
    JOB = _Allowed("a job's name, image, timeout and the like", _JOB)
    CREDENTIALS = _Allowed("credentials and a service's env", _JOB | {"secrets"})
    JOB_ENV = _Allowed("a job's env", _JOB | {"secrets", "services"})
    STEP = _Allowed("commands, steps and artifacts", _EVERYTHING, files=True)
    STEP_IF = _Allowed("a step's if", _EVERYTHING, status=True, files=True)
    RETRY_IF = _Allowed("retry.if", _EVERYTHING, status=True)
    JOB_OUTPUTS = _Allowed("a job's outputs", _EVERYTHING, files=True)


def scope_of(place: Place, *, own: bool = True) -> Scope:
    """What an expression may name at a place.

    Args:
        place: Where it stands.
        own: Whether OrcaOps' own functions are there; a workflow with ``expressions: github`` has none of them.
    """
    allowed = place.value
    return Scope(
        contexts=tuple(name for name in CONTEXTS if name in allowed.contexts),
        elsewhere=tuple(name for name in CONTEXTS if name not in allowed.contexts),
        status=allowed.status,
        job_names=allowed.job_names,
        files=allowed.files,
        own=own,
        where=allowed.words,
    )


SERVICE: Final = MappingShape({"host": TEXT, "port": NUMBER, "ports": ANYTHING, "id": TEXT, "url": TEXT})
"""What is known of a service."""

_RESULT: Final[Mapping[str, Shape]] = {
    "result": TEXT,
    "outcome": TEXT,
    "attempts": NUMBER,
    "exit_code": NUMBER,
    "reason": TEXT,
}

FIXED_SHAPES: Final[Mapping[str, Shape]] = {
    "env": MappingShape({}, others=TEXT),
    "vars": MappingShape({}, others=TEXT),
    "secrets": MappingShape({}, others=TEXT),
    "strategy": MappingShape(
        {"fail-fast": BOOLEAN, "job-index": NUMBER, "job-total": NUMBER, "max-parallel": NUMBER},
    ),
    "job": MappingShape(
        {
            "id": TEXT,
            "name": TEXT,
            "status": TEXT,
            "attempt": NUMBER,
            "exit_code": NUMBER,
            "failure_kind": TEXT,
            "container": MappingShape({"id": TEXT}),
            "services": MappingShape({}, others=SERVICE),
        }
    ),
    "run": MappingShape(
        {
            "id": TEXT,
            "number": NUMBER,
            "attempt": NUMBER,
            "workflow": TEXT,
            "actor": TEXT,
            "trigger": TEXT,
            "started_at": TEXT,
        }
    ),
}
"""What is known of contexts that are the same in every workflow. Of a context that is not here, whoever knows the
workflow says what is known; of one that nobody knows, nothing is reported."""


def job_shape(outputs: Iterable[str] | None = None, *, has_status: bool = False) -> MappingShape:
    """What is known of an entry of ``needs`` or ``jobs``.

    Args:
        outputs: The names of the job's outputs if all are declared; None if the job may write any.
        has_status: Whether it is an entry of ``jobs``, which has ``status`` beside ``result``.
    """
    status: Mapping[str, Shape] = {"status": TEXT} if has_status else {}
    return MappingShape({**_RESULT, **status, "outputs": _texts(outputs), "variants": ListShape()})


def step_shape(outputs: Iterable[str] | None = None) -> MappingShape:
    """What is known of an entry of ``steps``; outputs as in `job_shape`."""
    return MappingShape({"outputs": _texts(outputs), "outcome": TEXT, "conclusion": TEXT})


def _texts(names: Iterable[str] | None) -> MappingShape:
    return MappingShape({}, others=TEXT) if names is None else MappingShape(dict.fromkeys(names, TEXT))
