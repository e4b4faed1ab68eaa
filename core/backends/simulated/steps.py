"""A job's steps: what the engine's generated ``/orcaops/main`` and ``/orcaops/job`` do in a real container.

``main``, the supervisor, is for real shells; here `supervise` stands for it. Of ``job`` only two things are read: the
line ``orca_token=…``, and which steps it runs, from its lines ``. /orcaops/step-N`` (N from 1), each a file with the
user's text. What happens is noted in ``/orcaops/steps``, with steps counted from 0, and a step's begin and end are
marked on both streams, with RS and the token in front::

    s TIME            the supervisor began               b N TIME         step N began
    t TIME            it was sent SIGTERM                e N CODE TIME    step N ended
    u NAME VALUE      resource use at the end            x CODE           the job's shell ended with CODE
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.backends.simulated.process import ProcessExit, Signalled, made_up_use

if TYPE_CHECKING:
    from core.backends.simulated.process import Io, Run
    from core.backends.simulated.shell import Shell

SUPERVISOR: Final = "/orcaops/main"
_JOB: Final = "/orcaops/job"
_NOTES: Final = "/orcaops/steps"
_TOKEN: Final = re.compile(r"^\s*orca_token=[\"']?([0-9a-f]{32})[\"']?\s*$", re.MULTILINE)
_STEP: Final = re.compile(r"^\. (/orcaops/step-([0-9]+))$", re.MULTILINE)


def supervise(shell: Shell, io: Io) -> Run:
    """Run the job's steps in ``shell`` and note what becomes of them.

    Raises:
        OSError: There is no job, or its notes cannot be written.
        Signalled: By a signal other than SIGTERM.
    """

    def hear(name: str) -> None:
        if name == "TERM":
            _note(shell, "t", timed=True)

    text = shell.world.files.read(_JOB).decode(errors="replace")
    _note(shell, "s", timed=True)
    shell.world.on_signal = hear
    shell.exits_on_error = True
    try:
        status = yield from shell.live(_run_steps(shell, text, io), io)
    except Signalled as signalled:
        if signalled.name != "TERM":
            raise
        status = signalled.status
    cpu_seconds, memory = made_up_use(shell.world.elapsed())
    _note(shell, f"x {status}")
    _note(shell, f"u memory {memory}")
    _note(shell, f"u cpu_us {int(cpu_seconds * 1_000_000)}")
    return status


def _run_steps(shell: Shell, text: str, io: Io) -> Run:
    token = _TOKEN.search(text)
    mark = f"\x1e{token[1] if token else ''}"
    files = shell.world.files
    steps = [(int(match[2]) - 1, files.read(match[1]).decode(errors="replace")) for match in _STEP.finditer(text)]
    for place, (number, step) in enumerate(steps):
        _mark(shell, io, mark, f"b {number}")
        try:
            yield from shell.text(step, io)
            if place == len(steps) - 1 and shell.world.steering.asks:
                yield from _last_command(shell, io)
        except (ProcessExit, Signalled) as ended:
            _mark(shell, io, mark, f"e {number} {ended.status}")
            raise
        _mark(shell, io, mark, f"e {number} 0")
        shell.status = 0
    return 0


def _last_command(shell: Shell, io: Io) -> Run:
    status = yield from shell.world.steering.last_command(shell, io)
    if status:
        raise ProcessExit(status)
    return 0


def _mark(shell: Shell, io: Io, mark: str, what: str) -> None:
    marker = f"{mark} {_note(shell, what, timed=True)}".encode()
    io.out(marker)
    io.err(marker)


def _note(shell: Shell, what: str, *, timed: bool = False) -> str:
    line = f"{what} {shell.world.moment:.2f}\n" if timed else f"{what}\n"
    shell.world.files.append(_NOTES, line.encode())
    return line
