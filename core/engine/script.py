"""The program that runs a job's steps inside its container.

The container needs nobody outside: its shell runs one step after another and notes each step's number, exit code and
times in ``/orcaops/steps``. That file is the truth about steps. For live progress the program also prints a line that
carries the attempt's random token where a step begins and ends, on both streams as they were at the start; the log
pipeline takes these lines out again.

``job`` is the shell that steps share. Each step's text is a file of its own that it reads with ``.``: the shell's
messages name the step's file and the line in it (``/orcaops/step-2: line 3: …``), and a quote or here-document left
open ends with its step. A step with a shell, variables, a folder, tolerance or retries of its own is a process started
by ``job`` instead, through ``run-N``. What the program itself does around a step stays silent under ``set -x``.

``main`` is the supervisor: it runs ``job`` in the background of its own process group, so that SIGTERM is heard at
once and not only after the running command, and passes it to the whole group once. When a step that shares the shell
fails, the shell is gone; where later steps are meant to run then, ``main`` starts another for them. After SIGTERM it
gives the running step its grace, kills what is left, and has those steps run too. It asks a second time for the code of
a shell, because a signal breaks off the first wait, and at the end notes what the container used, from the kernel's own
files.

A step has files of its own to write: ``output-N``, ``env-N``, ``path-N``, ``summary-N``. The program reads the first
two when the step has ended, so that a malformed one fails the step, and hands variables and paths on.

A step that can only be decided when its turn comes is asked about: the program waits for ``go-NS`` (S is how things
stand), which the engine puts there after the step's text.

Lines of ``/orcaops/steps``, steps counted from 0::

    s TIME           the supervisor began                  b N TIME        step N began
    t TIME           the supervisor was sent SIGTERM       e N CODE TIME   step N ended
    u NAME VALUE     resource use at the end               r N CODE TIME   a try of step N failed, another follows
    x CODE           the steps are over, with CODE         a N S TIME      asks about step N, as things stand: S
    q N              step N ended the shell, well          f N WHAT LINE   WHAT of step N is at fault: file, expression

S is one letter: ``s`` all is well, ``f`` a step failed, ``o`` a step ended the shell well before the others, ``c`` the
job was cancelled, ``t`` it was stopped otherwise. TIME is the first field of ``/proc/uptime``: seconds, read without
starting a process.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from core.backends.base import ArchiveEntry
from core.engine.program import END, JOB, MAIN, OWN, SHARED
from core.settings import MIB

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.engine.planning import PlannedStep
    from core.spec.job import JobSpec

FOLDER: Final = "/orcaops"
STEPS_PATH: Final = f"{FOLDER}/steps"
OUTPUT_PATH: Final = f"{FOLDER}/output"
ENTRYPOINT: Final = ("sh",)
ARGV: Final = (f"{FOLDER}/main",)

STEP_FILES: Final = ("output", "env", "path", "summary")
"""What each step may write: the first part of its files' names."""

UNHEARD: Final = frozenset({"SIGINT", "SIGQUIT"})
"""Signals that no step can be stopped with: shells have what they start in the background pass over them."""

_AT: Final = ArchiveEntry("at", b"", 0o666)
_NOTES: Final = ArchiveEntry("steps", b"", 0o666)
_LETTERS: Final = {"success": "s", "failure": "f", "always": "a", "asks": "g"}


def step_program(
    spec: JobSpec, plan: Sequence[PlannedStep], token: str, *, output_bytes: int = MIB
) -> tuple[ArchiveEntry, ...]:
    """The files that make a container run a job's steps; its process is `ENTRYPOINT` with `ARGV`.

    Args:
        spec: A job with steps.
        plan: What is known of its steps before the start.
        token: The attempt's 128 random bits in hexadecimal.
        output_bytes: The most that a step's files may hold.

    Returns:
        Files for `FOLDER`. Those that the job writes are writable by any user of the image.
    """
    main, job = _programs(
        "".join([_block(step) for step in plan if step.when != "never"]),
        count=len(plan),
        last=max([step.index for step in plan if step.when not in {"success", "never"}], default=-1),
        good=spec.success_exit_codes,
        signal=stop_signal_of(spec),
        grace=math.ceil(spec.cancel_grace_s or 0),
        most=output_bytes,
    )
    own_token = token.encode()
    return (
        ArchiveEntry("main", main.replace(b"@token@", own_token)),
        ArchiveEntry("job", job.replace(b"@token@", own_token)),
        *(entry for step in plan if step.when not in {"never", "asks"} for entry in step_texts(step)),
        *(entry for step in plan for entry in _empty_files(step.index + 1)),
        _AT,
        _NOTES,
    )


def step_texts(step: PlannedStep) -> tuple[ArchiveEntry, ...]:
    """What a step runs, as files for `FOLDER`."""
    number = step.index + 1
    text = ArchiveEntry(f"step-{number}", (step.spec.run.rstrip("\n") + "\n").encode())
    if not step.is_own_process:
        return (text,)
    return text, ArchiveEntry(f"run-{number}", _runner(step).encode())


def stop_signal_of(spec: JobSpec) -> str:
    """What the running step is sent first when the job is stopped; a shell's background never hears INT and QUIT."""
    asked = (spec.node.stop_signal if spec.node is not None else None) or "SIGTERM"
    return "TERM" if asked in UNHEARD else asked.removeprefix("SIG")


def go_name(index: int, standing: str) -> str:
    """The file that the program waits for after it has asked about a step."""
    return f"go-{index + 1}{standing}"


def outputs_file() -> ArchiveEntry:
    """The empty file that ``$ORCAOPS_OUTPUT`` names for a single command."""
    return ArchiveEntry("output", b"", 0o666)


def _block(step: PlannedStep) -> str:
    if not step.is_own_process:
        return _shared_block(step.index, _LETTERS[step.when])
    facts = {"index": str(step.index), "when": _LETTERS[step.when]}
    spared, again = step.spec.continue_on_error, step.spec.retry_exit_codes
    facts["spared"] = ("all" if spared else "none") if isinstance(spared, bool) else _codes(spared)
    facts["again"] = _codes(again) if again else "all"
    facts["delays"] = "".join(f" {delay:g}" for delay in step.spec.retry_delays())
    return _filled(OWN, facts)


@lru_cache(maxsize=256)
def _shared_block(index: int, when: str) -> str:
    return _filled(SHARED, {"index": str(index), "number": str(index + 1), "when": when})


@lru_cache(maxsize=256)
def _empty_files(number: int) -> tuple[ArchiveEntry, ...]:
    return tuple([ArchiveEntry(f"{name}-{number}", b"", 0o666) for name in STEP_FILES])


def _runner(step: PlannedStep) -> str:
    """Sets up a process of its own, and becomes it."""
    lines: list[str] = []
    if step.spec.workdir:
        lines.append(f"cd -- {quoted(step.spec.workdir)} || exit 1")
    lines += [f"export {name}={quoted(value)}" for name, value in step.spec.env.items()]
    argv = step.spec.argv(f"{FOLDER}/step-{step.index + 1}")
    return "\n".join([*lines, f"exec {' '.join(map(quoted, argv))}", ""])


def quoted(text: str) -> str:
    """The text as one word of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def _codes(codes: Iterable[int]) -> str:
    return f",{','.join(map(str, codes))},"


@lru_cache(maxsize=256)  # most jobs differ in their token alone
def _programs(
    blocks: str, *, count: int, last: int, good: tuple[int, ...], signal: str, grace: int, most: int
) -> tuple[bytes, bytes]:
    """`MAIN` and `JOB`, all filled in but the token."""
    facts = {"good": _codes(dict.fromkeys((0, *good))), "signal": signal}
    facts |= {"count": str(count), "last": str(last), "grace": str(grace), "most": str(most)}
    return _filled(MAIN, facts).encode(), (_filled(JOB, facts) + blocks + END).encode()


def _filled(text: str, facts: dict[str, str]) -> str:
    for name, value in facts.items():
        text = text.replace(f"@{name}@", value)
    return text
