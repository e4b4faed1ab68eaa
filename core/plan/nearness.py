"""Did you mean: the known names that a wrong one is near to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LONGEST: Final = 100
_SUGGESTED: Final = 3

SYNONYMS: Final[Mapping[str, str]] = {
    "cmd": "commands",
    "cmds": "commands",
    "command": "commands",
    "dependencies": "needs",
    "depends": "needs",
    "dependson": "needs",
    "environment": "env",
    "envs": "env",
    "cron": "on",
    "docker_image": "image",
    "output": "outputs",
    "artifact": "artifacts",
    "retries": "retry",
    "task": "jobs",
    "tasks": "jobs",
    "timeout_seconds": "timeout",
    "variables": "env",
    "vars": "env",
    "workdir": "working_directory",
}
"""Words of other systems, and ours for them."""


def nearest(name: str, known: Iterable[str], *, synonyms: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """At most three known names that ``name`` may have been meant for, the nearest first.

    Case and the difference of ``-`` and ``_`` count for nothing. A swapped pair, a missing, an added and a wrong
    character count one each; the more characters, the more of them may be wrong.

    Args:
        name: What was written.
        known: What could have been, in the order in which equally near ones are told.
        synonyms: Words that stand for a known name however far they are from it.
    """
    written = folded(name[: _LONGEST + 1])
    names = list(known)
    synonym = (synonyms or {}).get(written, "")
    first = [synonym] if synonym and synonym in names else []
    if not written or len(written) > _LONGEST:
        return tuple(first)
    most = 1 if len(written) <= 4 else 2 if len(written) <= 8 else 3
    near = sorted(
        ((distance, position) for position, other in enumerate(names) if (distance := _near(written, other, most)) >= 0)
    )
    found = first + [names[position] for _, position in near if names[position] not in first]
    return tuple(found[:_SUGGESTED])


def did_you_mean(name: str, known: Iterable[str], *, synonyms: Mapping[str, str] | None = None) -> str:
    """The suggestion as a hint, such as ``did you mean 'needs'?``; empty if nothing is near."""
    quoted = [f"'{candidate}'" for candidate in nearest(name, known, synonyms=synonyms)]
    if not quoted:
        return ""
    return f"did you mean {' or '.join([', '.join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)}?"


def folded(name: str) -> str:
    """The form in which names are compared: lower case, ``-`` as ``_``."""
    return name.lower().replace("-", "_")


def distance(one: str, other: str, most: int) -> int:
    """How many edits lie between two texts, a swap of neighbours counting one; above ``most``, ``most + 1``."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    earlier: list[int] = []
    row = list(range(len(other) + 1))
    for i, character in enumerate(one, start=1):
        before, row = row, [i] + [0] * len(other)
        for j, against in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (character != against))
            if i > 1 and j > 1 and character == other[j - 2] and one[i - 2] == against:
                cost = min(cost, earlier[j - 2] + 1)
            row[j] = cost
        if min(row) > most and min(before) > most:
            return most + 1
        earlier = before
    return min(row[-1], most + 1)


def _near(written: str, other: str, most: int) -> int:
    """The distance, or -1 if it is above ``most``."""
    candidate = folded(other)
    if candidate == written:
        return 0
    if abs(len(candidate) - len(written)) > most or len(set(candidate) ^ set(written)) > 2 * most:
        return -1
    found = distance(written, candidate, most)
    return found if found <= most else -1
