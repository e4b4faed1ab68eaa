"""What is tried with made-up input: a name, how the input is made, what has to hold of whatever comes of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.database import ExampleDatabase
    from hypothesis.strategies import SearchStrategy

_SLOW_OR_LARGE: Final = (
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
)
MOST_CPU_S: Final = 5.0
"""Processor time that one example may take: far more than any needs, far less than a hang."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that takes what others wrote.

    Attributes:
        name: For reports.
        inputs: How its input is made up.
        check: Gives it the input, and raises for anything but a value or an error of ours.
        quick: Examples in the test suite.
    """

    name: str
    inputs: SearchStrategy[Any]
    check: Callable[[Any], None]
    quick: int = 25


class TooLongError(AssertionError):
    """An example took more processor time than any may."""


def check_length(told: object, most: int) -> None:
    """What is told can be read: it has fewer characters than that."""
    assert len(str(told)) < most


def try_quickly(target: Target) -> None:
    """A few examples, the same each time."""
    rules = hypothesis_settings(
        max_examples=target.quick,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=_SLOW_OR_LARGE,
    )
    given(target.inputs)(rules(_timed(target)))()


def try_long(target: Target, examples: int, database: ExampleDatabase) -> None:
    """Many examples, others each time; those that failed before come first. A failure tells how to get it again."""
    rules = hypothesis_settings(
        max_examples=examples,
        database=database,
        deadline=None,
        suppress_health_check=_SLOW_OR_LARGE,
        print_blob=True,
    )
    given(target.inputs)(rules(_timed(target)))()


def _timed(target: Target) -> Callable[[Any], None]:
    def tried(made: Any) -> None:
        began = time.process_time()
        target.check(made)
        took = time.process_time() - began
        if took > MOST_CPU_S:
            raise TooLongError(f"{target.name}: {took:.1f} s of processor time")

    tried.__qualname__ = tried.__name__ = target.name.replace(" ", "_")
    return tried
