"""What a job left in ``/orcaops``: how its steps went, what it used, what it put out.

The files are the job's to forge, so they are read with a size limit and a strict grammar; a forged one can deceive
about its own job only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from core.records.job import StepResult, StepStatus, Usage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_TIME: Final = r"([0-9]{1,9}\.[0-9]{2})"
_LINE: Final = re.compile(
    rf"(?:(?P<mark>[stb]) (?:(?P<step>[0-9]{{1,3}}) )?{_TIME}"
    rf"|e (?P<ended>[0-9]{{1,3}}) (?P<code>[0-9]{{1,3}}) (?P<end_time>[0-9]{{1,9}}\.[0-9]{{2}})"
    r"|u (?P<measure>[a-z_]{1,16}) (?P<value>[0-9]{1,18})"
    r"|x (?P<exit>[0-9]{1,3}))"
)

_LARGEST: Final = 2**63 - 1
"""What the store can hold."""


class MalformedOutputsError(ValueError):
    """The outputs file does not have the form of name=value lines; the message names the line."""


@dataclass(slots=True)
class StepTrack:
    """One step as the program noted it: uptimes in seconds."""

    began: float
    ended: float | None = None
    exit_code: int | None = None


@dataclass(slots=True)
class ProgramNotes:
    """What ``/orcaops/steps`` says.

    Attributes:
        began: Uptime when the supervisor began.
        steps: By index.
        exit_code: Of the job's shell; None when the supervisor was killed before it could note it.
        was_terminated: Whether SIGTERM reached the supervisor.
        usage: Measured at the end, in the container.
    """

    began: float | None = None
    steps: dict[int, StepTrack] = field(default_factory=dict[int, StepTrack])
    exit_code: int | None = None
    was_terminated: bool = False
    usage: Usage | None = None


def read_notes(data: bytes) -> ProgramNotes:
    """Read ``/orcaops/steps``; lines that are not in its grammar are passed over."""
    notes = ProgramNotes()
    measures: dict[str, int] = {}
    for line in data.decode("ascii", "replace").split("\n"):
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        if name := match["measure"]:
            # several network devices, one of everything else
            before = measures.get(name, 0) if name in {"rx", "tx"} else 0
            measures[name] = min(before + int(match["value"]), _LARGEST)
        elif match["exit"]:
            notes.exit_code = int(match["exit"])
        elif match["ended"]:
            track = notes.steps.get(int(match["ended"]))
            if track is not None:
                track.ended, track.exit_code = float(match["end_time"]), int(match["code"])
        elif match["mark"] == "b" and match["step"]:
            notes.steps[int(match["step"])] = StepTrack(float(match[3]))
        elif match["mark"] == "s":
            notes.began = float(match[3])
        elif match["mark"] == "t":
            notes.was_terminated = True
    notes.usage = _usage(measures)
    return notes


def _usage(measures: Mapping[str, int]) -> Usage | None:
    if not measures:
        return None
    cpu = (
        measures["cpu_ns"] / 1e9 if "cpu_ns" in measures else measures["cpu_us"] / 1e6 if "cpu_us" in measures else None
    )
    return Usage(cpu, measures.get("memory"), measures.get("rx"), measures.get("tx"), exact=True)


def settle_steps(
    steps: Sequence[StepResult],
    notes: ProgramNotes,
    *,
    container_started_at: datetime,
    container_finished_at: datetime,
    exit_code: int,
    success_codes: Collection[int],
    broken_off_as: StepStatus,
) -> tuple[StepResult, ...]:
    """The final account of the steps.

    Args:
        steps: As known from the log, with their line ranges.
        notes: What the program noted.
        container_started_at: Docker's time of the start, which the program's first uptime is set equal to.
        container_finished_at: Docker's time of the end, for a step that has no end of its own.
        exit_code: The container's, for the same.
        success_codes: Exit codes that count as success.
        broken_off_as: The status of a step that did not succeed: failed, or what stopped the whole job.

    Returns:
        Every step with its end; those that never began are ``skipped``.
    """

    def moment(uptime: float) -> datetime:
        return container_started_at + timedelta(seconds=uptime - (notes.began or uptime))

    settled: list[StepResult] = []
    for step in steps:
        track = notes.steps.get(step.index)
        if track is None:
            settled.append(replace(step, status="skipped"))
            continue
        following = notes.steps.get(step.index + 1)
        if track.ended is not None and track.exit_code is not None:
            code, ended = track.exit_code, moment(track.ended)
        elif following is not None:
            # its own text kept its end from being noted; the shell went on as after a success
            code, ended = 0, moment(following.began)
        else:
            code, ended = exit_code, max(container_finished_at, moment(track.began))
        went_on = following is not None or code in success_codes
        status: StepStatus = "success" if went_on else broken_off_as
        settled.append(replace(step, status=status, exit_code=code, started_at=moment(track.began), finished_at=ended))
    return tuple(settled)


def read_outputs(data: bytes) -> dict[str, str]:
    """Read an outputs file: ``name=value`` lines, or ``name<<DELIMITER`` up to a line that is DELIMITER.

    The form is that of GitHub's ``$GITHUB_OUTPUT``. One carriage return before a line's end is dropped; the last of
    equal names wins.

    Raises:
        MalformedOutputsError: Naming the line.
    """
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedOutputsError(f"the outputs file is not UTF-8 (byte {error.start})") from None
    outputs: dict[str, str] = {}
    numbered = iter(enumerate((line.removesuffix("\r") for line in lines), start=1))
    for number, line in numbered:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals < 0 and heredoc < 0:
            raise MalformedOutputsError(f"line {number} of the outputs file is neither name=value nor name<<DELIMITER")
        if heredoc >= 0 and (equals < 0 or heredoc < equals):
            name, delimiter = line[:heredoc], line[heredoc + 2 :]
            value = _until(numbered, delimiter, number)
        else:
            name, value = line[:equals], line[equals + 1 :]
        if _NAME.fullmatch(name) is None:
            raise MalformedOutputsError(f"line {number} of the outputs file does not begin with a valid name")
        if _UNPRINTABLE.search(value):
            raise MalformedOutputsError(f"the output {name} (line {number}) holds control characters")
        outputs[name] = value
    return outputs


def _until(numbered: Iterator[tuple[int, str]], delimiter: str, opened: int) -> str:
    if not delimiter:
        raise MalformedOutputsError(f"line {opened} of the outputs file has an empty delimiter")
    collected: list[str] = []
    for _, line in numbered:
        if line == delimiter:
            return "\n".join(collected)
        collected.append(line)
    raise MalformedOutputsError(
        f"the delimiter {delimiter[:40]!r} of line {opened} of the outputs file is never closed"
    )
