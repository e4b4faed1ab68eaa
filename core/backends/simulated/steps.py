"""A job's steps: what the engine's generated ``/orcaops/main`` and ``/orcaops/job`` do in a real container.

Both are for real shells; here `supervise` stands for them. It reads their facts (``orca_token=``, ``orca_good=``,
``orca_last=``, ``orca_count=``, ``orca_grace=``) and, of ``job``, which steps there are and how each runs, from its
lines ``orca_next INDEX WHEN``, ``. /orcaops/step-N`` (N from 1) and ``orca_run INDEX SPARED AGAIN DELAYS``. What
happens is noted in ``/orcaops/steps`` in the form that `core.engine.script` describes, and a step's begin and end are
marked on both streams.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from core.backends.simulated.process import ProcessExit, Signalled, made_up_use
from core.backends.simulated.step_files import collect, empty, offer

if TYPE_CHECKING:
    from collections.abc import Generator

    from core.backends.simulated.process import Io, Run
    from core.backends.simulated.shell import Shell

SUPERVISOR: Final = "/orcaops/main"
_JOB: Final = "/orcaops/job"
_FACTS: Final = ("token", "good", "last", "count", "grace")
_TOKEN: Final = re.compile(rb"orca_token=([0-9a-f]*)")
_VALUE: Final = re.compile(r"=([0-9a-f,-]*)")
_BLOCK: Final = re.compile(
    r"orca_next (?P<index>[0-9]+) (?P<when>[sfag]);.*?(?:^\. /orcaops/step-|orca_run [0-9]+ (?P<own>[^;\n]+);)",
    re.MULTILINE | re.DOTALL,
)
_RUNS_ON: Final = frozenset({"ss", "ff", "ft"})
_KILLED: Final = 137


@dataclass(frozen=True, slots=True)
class _Step:
    index: int
    when: str
    own: tuple[str, ...] | None

    @property
    def number(self) -> int:
        return self.index + 1


@dataclass(slots=True)
class _Program:
    """The program as it runs.

    Attributes:
        steps: What there is to run.
        facts: What the program was told.
        state: How things stand, as one letter.
        stop: The letter of a stop once it came, else empty.
        kill_at: When what still runs after a stop is killed, in scripted seconds.
        code: What the container ends with.
        first: The code of the present shell's first failed step.
        place: What was begun (``b``), ended (``e``) or asked (``g``) last in the present shell, and the step.
    """

    steps: tuple[_Step, ...]
    facts: dict[str, str]
    state: str = "s"
    stop: str = ""
    kill_at: float | None = None
    code: int = 0
    first: int = 0
    place: tuple[str, int] = field(default=("g", 0))

    def is_good(self, code: int) -> bool:
        return f",{code}," in self.facts.get("good", ",0,")

    def number(self, name: str, default: int) -> int:
        return int(self.facts.get(name) or default)


def supervise(shell: Shell, io: Io) -> Run:
    """Run the job's steps below ``shell`` and note what becomes of them.

    Raises:
        OSError: There is no job, or its notes cannot be written.
        Signalled: By a signal other than SIGTERM.
    """
    program = _program(shell)

    def hear(name: str) -> None:
        if name == "TERM" and not program.stop:
            _note(shell, "t", timed=True)
            _take_stop(shell, program)

    _note(shell, "s", timed=True)
    shell.world.on_signal = hear
    start, count = 0, program.number("count", len(program.steps))
    while True:
        before, program.place, program.first = program.stop, ("g", start), 0
        inner = type(shell)(shell.world, shell)
        inner.exits_on_error = True
        status = yield from _seen_through(inner.live(_run_steps(inner, program, start, io), io), shell, program)
        program.kill_at = None
        word, index = program.place
        if word == "b":
            _mark(shell, io, program, f"e {index} {status}")
        _take_code(shell, program, status, is_early=word in "be" and index + 1 < count)
        if word == "x" or (word == "g" and program.stop == before):
            break
        start = index if word == "g" else index + 1
        if start > program.number("last", -1):
            break
    cpu_seconds, memory = made_up_use(shell.world.elapsed())
    _note(shell, f"x {program.code}\nu memory {memory}\nu cpu_us {int(cpu_seconds * 1_000_000)}")
    return program.code


def _program(shell: Shell) -> _Program:
    files = shell.world.files
    job, main = files.read(_JOB), files.read(SUPERVISOR)
    told = _TOKEN.search(job) or _TOKEN.search(main)
    if told is None:
        return _Program(*_program_of(main, job))
    steps, facts = _program_of(main.replace(told[0], b"orca_token="), job.replace(told[0], b"orca_token="))
    return _Program(steps, {**facts, "token": told[1].decode()})


@lru_cache(maxsize=256)  # most jobs differ in their token alone
def _program_of(main: bytes, job: bytes) -> tuple[tuple[_Step, ...], dict[str, str]]:
    text = job.decode(errors="replace")
    return _steps(text), _facts(main.decode(errors="replace") + text)


def _steps(text: str) -> tuple[_Step, ...]:
    return tuple(
        _Step(int(match["index"]), match["when"], tuple(match["own"].split()) if match["own"] else None)
        for match in _BLOCK.finditer(text)
    )


def _facts(text: str) -> dict[str, str]:
    """What the program was told, by name."""
    facts: dict[str, str] = {}
    for name in _FACTS:
        place = text.rfind(f"orca_{name}=")
        value = _VALUE.match(text, place + len(f"orca_{name}")) if place >= 0 else None
        if value is not None:
            facts[name] = value[1]
    return facts


def _take_stop(shell: Shell, program: _Program) -> None:
    files = shell.world.files
    said = files.read("/orcaops/stop").decode().split() if files.find("/orcaops/stop") else []
    program.stop = "c" if said[:1] == ["cancel"] else "t"
    if program.number("last", -1) >= 0:
        grace = float(said[1]) if len(said) > 1 else program.number("grace", 0)
        program.kill_at = shell.world.elapsed() + grace


def _take_code(shell: Shell, program: _Program, status: int, *, is_early: bool) -> None:
    """What a shell's end means for the job."""
    if program.state == "f":
        return
    if not program.stop and program.is_good(status):
        program.code = status or program.code
        program.state = "o"
        if is_early:
            _note(shell, f"q {program.place[1]}")
    else:
        program.code, program.state = status, "f"


def _seen_through(run: Run, shell: Shell, program: _Program) -> Run:
    """The end of a shell, which is killed if it outlives the grace of a stop.

    Raises:
        Signalled: By a signal other than SIGTERM.
    """
    signalled: Signalled | None = None
    while True:
        try:
            pause = next(run) if signalled is None else run.throw(signalled)
        except StopIteration as stop:
            return int(stop.value)
        except Signalled as unheard:
            if unheard.name != "TERM":
                raise
            return unheard.status
        signalled = None
        if program.kill_at is not None:
            pause = min(pause, max(0.0, program.kill_at - shell.world.elapsed()))
        try:
            yield pause
        except Signalled as caught:
            signalled = caught
        if program.kill_at is not None and shell.world.elapsed() >= program.kill_at:
            run.close()
            return _KILLED


def _run_steps(shell: Shell, program: _Program, start: int, io: Io) -> Run:
    """What one shell does: steps from ``start`` on, as things stand."""
    standing = program.stop or program.state
    for number in range(1, start + 1):
        collect(shell, number)
    for step in program.steps:
        if step.index < start:
            continue
        runs = step.when == "a" or f"{step.when}{standing}" in _RUNS_ON
        if step.when == "g":
            word = yield from _answer(shell, program, step, standing, io)
            runs = word == "run"
            if word == "fault":
                _begin(shell, program, step, io)
                _note(shell, f"f {step.index} expression 0")
                standing = _end(shell, program, step, 1, standing, io)
        if runs:
            _begin(shell, program, step, io)
            status = yield from _own(shell, program, step, io) if step.own else _shared(shell, program, step, io)
            standing = _end(shell, program, step, status, standing, io)
            if program.stop and standing not in "ct":
                raise ProcessExit(program.first or status)
    program.place = ("x", 0)
    return program.first


def _answer(shell: Shell, program: _Program, step: _Step, standing: str, io: Io) -> Generator[float, None, str]:
    """What the engine says about a step."""
    program.place = ("g", step.index)
    _mark(shell, io, program, f"a {step.index} {standing}")
    path = f"/orcaops/go-{step.number}{standing}"
    while (node := shell.world.files.find(path)) is None or not node.data.endswith(b"\n"):
        yield math.inf
    return node.data.decode().strip()


def _begin(shell: Shell, program: _Program, step: _Step, io: Io) -> None:
    offer(shell, step.number)
    program.place = ("b", step.index)
    _mark(shell, io, program, f"b {step.index}")


def _shared(shell: Shell, program: _Program, step: _Step, io: Io) -> Run:
    """A step in the shell that steps share; what fails ends that shell."""
    try:
        text = shell.world.files.read(f"/orcaops/step-{step.number}").decode(errors="replace")
        yield from shell.text(text, io)
        if step is program.steps[-1] and shell.world.steering.asks:
            yield from _last_command(shell, io)
        _collect_or_exit(shell, step)
    except (ProcessExit, Signalled) as ended:
        _mark(shell, io, program, f"e {step.index} {ended.status}")
        program.place = ("e", step.index)
        if program.first:
            raise ProcessExit(program.first) from None
        raise
    shell.status = 0
    return 0


def _collect_or_exit(shell: Shell, step: _Step) -> None:
    if fault := collect(shell, step.number):
        _note(shell, f"f {step.index} {fault}")
        raise ProcessExit(1)


def _own(shell: Shell, program: _Program, step: _Step, io: Io) -> Run:
    """A step in a process of its own, as often as it is to be tried."""
    again, delays = (step.own or ("", "all"))[1], [*(step.own or ())[2:]]
    while True:
        status = yield from shell.call(["sh", f"/orcaops/run-{step.number}"], io)
        if not status and step is program.steps[-1] and shell.world.steering.asks:
            status = yield from shell.world.steering.last_command(shell, io)
        fault = collect(shell, step.number)
        if fault and not status:
            _note(shell, f"f {step.index} {fault}")
            status = 1
        if not status or not delays or not _among(again, status):
            return status
        _note(shell, f"r {step.index} {status}", timed=True)
        yield from shell.pause(float(delays.pop(0)))
        empty(shell, step.number)


def _end(shell: Shell, program: _Program, step: _Step, status: int, standing: str, io: Io) -> str:
    """Note that a step ended; how things stand then."""
    _mark(shell, io, program, f"e {step.index} {status}")
    program.place = ("e", step.index)
    is_spared = step.own is not None and _among(step.own[0], status)
    if status == 0 or is_spared or standing in "fct":
        return standing
    if not program.is_good(status):
        program.first = status
        return "f"
    if standing == "s":
        program.first = status
        _note(shell, f"q {step.index}")
    return "o"


def _among(codes: str, status: int) -> bool:
    return codes == "all" or f",{status}," in codes


def _last_command(shell: Shell, io: Io) -> Run:
    status = yield from shell.world.steering.last_command(shell, io)
    if status:
        raise ProcessExit(status)
    return 0


def _mark(shell: Shell, io: Io, program: _Program, what: str) -> None:
    marker = f"\x1e{program.facts.get('token', '')} {_note(shell, what, timed=True)}".encode()
    io.out(marker)
    io.err(marker)


def _note(shell: Shell, what: str, *, timed: bool = False) -> str:
    line = f"{what} {shell.world.moment:.2f}\n" if timed else f"{what}\n"
    shell.world.files.append("/orcaops/steps", line.encode())
    return line
