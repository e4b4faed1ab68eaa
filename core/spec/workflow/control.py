"""How a job comes to run, and what becomes of its failures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from core.frozen import quickly_made

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.spec.workflow.values import Count, Expression, Flag, Plain

FailureKind = Literal["any", "failure", "timeout", "oom", "infrastructure", "service"]
"""The failures that a retry may be about."""

Completion = Literal["success", "failure", "always"]
"""The ends of others that a job waits for by ``on_complete``."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class NeedSpec:
    """A job that has to finish before another starts, and whose result counts for it."""

    job: str
    """The id of the job that is needed, as it was written; ids ignore case."""
    optional: bool = False
    """Whether it is fine that it was skipped."""
    matrix: Literal["same"] | Mapping[str, Plain] | None = None
    """Which of its variants are needed: all, the one with the same values, or those that match."""
    artifacts: bool = True
    """Whether its artifacts are put into the job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixSpec:
    """The variants of a job."""

    definition: Mapping[str, Plain] | Expression
    """Vectors, ``include`` and ``exclude`` as one mapping; any of them, and any value, may hold an expression."""
    fail_fast: Flag = True
    """Whether the other variants are cancelled once one has failed."""
    max_parallel: Count | None = None
    """How many variants run at once; None for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackoffSpec:
    """How long to wait before a further attempt: ``initial_s * factor ** retries``, at most ``max_s``."""

    initial_s: float = 0
    factor: float = 1
    max_s: float | None = None
    jitter: float = 0
    """The part of the wait, from 0 to 1, that chance adds or takes away."""


NO_BACKOFF: Final = BackoffSpec()
"""The next attempt at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySpec:
    """Further attempts of what failed."""

    max: int = 0
    """How many further attempts."""
    when: tuple[FailureKind, ...] = ("any",)
    exit_codes: tuple[int, ...] = ()
    """The exit codes that are tried again; all if empty."""
    condition: str = ""
    """The text of ``retry.if``; empty if there is none."""
    backoff: BackoffSpec = NO_BACKOFF


NO_RETRY: Final = RetrySpec()
"""No further attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToleranceSpec:
    """Which failures leave a job or step a success in the eyes of others."""

    always: Flag = False
    """Whether any failure does."""
    exit_codes: tuple[int, ...] = ()
    """The exit codes that do."""


NO_TOLERANCE: Final = ToleranceSpec()
"""A failure is one in everybody's eyes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcurrencySpec:
    """A group that only so many may be in at once, over all runs."""

    group: str
    cancel_in_progress: Flag = False
    """Whether who comes cancels who holds the group."""
    queue: Literal["single", "max"] = "single"
    """``single``: who comes takes the place of who waits. ``max``: all wait, first come first served."""
    limit: int = 1
    """How many may hold the group at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcesSpec:
    """What a container may use; None leaves it to the engine."""

    cpus: float | Expression | None = None
    memory_mb: int | Expression | None = None
    """In MiB. An expression comes to a number of MiB, or to a text such as ``512m``."""
    pids: int | Expression | None = None
    gpus: int | Expression | None = None


ANY_RESOURCES: Final = ResourcesSpec()
"""What the engine gives."""
