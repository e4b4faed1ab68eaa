"""Chooses the lines to show, within a budget of bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.logs.diagnose.report import Excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.logs.diagnose.window import Candidate

Line = tuple[int, str]
"""A line's number and its readable text."""

MAX_LINE: Final = 500
_MAX_BLOCKS: Final = 5
_MAX_TAIL: Final = 12
_CAUSE_SHARE: Final = 0.7
"""Of the budget; the rest shows other findings and how the log ends."""


def choose(ranked: Sequence[Candidate], tail: Sequence[Line], max_bytes: int) -> tuple[Excerpt, ...]:
    """The cause's block, those of other findings, then the end of the log.

    Args:
        ranked: Findings, the cause first.
        tail: The log's last lines in order; all that is shown when there are no findings.
        max_bytes: Upper limit of the texts in UTF-8, a line end counted for each.
    """
    chosen: dict[int, tuple[int, str]] = {}
    left = max_bytes

    def show(block: Sequence[Line], focus: int, *, rank: int, budget: int) -> None:
        nonlocal left
        for number, text in _around(block, focus, budget):
            if number not in chosen:
                chosen[number] = (rank, text)
                left -= _size(text)

    for rank, candidate in enumerate(ranked[:_MAX_BLOCKS]):
        if candidate.line not in chosen:
            block = tuple(zip(candidate.numbers, candidate.texts, strict=True))
            show(
                block,
                candidate.numbers.index(candidate.line),
                rank=rank,
                budget=left if rank else int(max_bytes * _CAUSE_SHARE),
            )
    closing = tail[-_MAX_TAIL:] if chosen else tail
    if closing:
        spoken = (index for index in range(len(closing) - 1, -1, -1) if closing[index][1].strip())
        show(closing, next(spoken, len(closing) - 1), rank=_MAX_BLOCKS, budget=left)
    runs = sorted(_runs(sorted(chosen.items())), key=lambda run: min(rank for _, (rank, _) in run))
    return tuple(Excerpt(run[0][0], tuple(text for _, (_, text) in run)) for run in runs)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace")) + 1


def _around(block: Sequence[Line], focus: int, budget: int) -> list[Line]:
    """The stretch of a block around its focus that fits the budget, growing upwards first; blank ends are cut off."""
    centre = _fit(block[focus][1], budget)
    if centre is None:
        return []
    first, stop, left = focus, focus + 1, budget - _size(centre)
    up = down = True
    while up or down:
        up = up and first > 0 and _size(block[first - 1][1][:MAX_LINE]) <= left
        if up:
            first -= 1
            left -= _size(block[first][1][:MAX_LINE])
        down = down and stop < len(block) and _size(block[stop][1][:MAX_LINE]) <= left
        if down:
            left -= _size(block[stop][1][:MAX_LINE])
            stop += 1
    while first < focus and not block[first][1].strip():
        first += 1
    while stop > focus + 1 and not block[stop - 1][1].strip():
        stop -= 1
    return [(number, centre if number == block[focus][0] else text[:MAX_LINE]) for number, text in block[first:stop]]


def _fit(text: str, budget: int) -> str | None:
    """The start of a line that fits the budget; None when not even a line end does."""
    if budget < 1:
        return None
    cut = text[:MAX_LINE]
    if _size(cut) <= budget:
        return cut
    return cut.encode("utf-8", "replace")[: budget - 1].decode("utf-8", "ignore")


def _runs(lines: Sequence[tuple[int, tuple[int, str]]]) -> Iterator[list[tuple[int, tuple[int, str]]]]:
    """The lines in stretches of consecutive numbers."""
    run: list[tuple[int, tuple[int, str]]] = []
    for line in lines:
        if run and line[0] != run[-1][0] + 1:
            yield run
            run = []
        run.append(line)
    if run:
        yield run
