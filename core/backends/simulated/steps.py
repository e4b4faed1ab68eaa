"""A job's steps, as the engine's generated ``/orcaops/job`` spells them.

Up to the line ``# --- steps ---`` the file is for real shells; only ``orca_token=…`` is read from there. Behind it each
step is a line ``orca_begin N``, the user's text as it is, and a line ``orca_end N``. A step's begin and end are
noted in ``/orcaops/steps`` and marked on both streams::

    b N TIME          <RS><token> b N TIME
    e N CODE TIME     <RS><token> e N CODE TIME
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.backends.simulated.process import ProcessExit, Signalled

if TYPE_CHECKING:
    from core.backends.simulated.process import Io, Run
    from core.backends.simulated.shell import Shell

STEPS_MARK: Final = "# --- steps ---"
"""The line that a text with steps has and no other."""

STEPS_FILE: Final = "/orcaops/steps"

_TOKEN: Final = re.compile(r"^\s*orca_token=[\"']?([0-9a-f]{32})[\"']?\s*$", re.MULTILINE)
_STEP: Final = re.compile(r"^orca_begin ([0-9]+)\n(.*?)^orca_end \1$", re.MULTILINE | re.DOTALL)


def run_steps(shell: Shell, text: str, io: Io) -> Run:
    """Run the steps of a job file one after another.

    Raises:
        ProcessExit: A step failed, or ended the shell itself.
        Signalled: By a signal that no trap took.
    """
    preamble, _, body = text.partition(STEPS_MARK)
    token = _TOKEN.search(preamble)
    mark = f"\x1e{token[1] if token else ''}"
    steps = [(int(match[1]), match[2]) for match in _STEP.finditer(body)]
    for place, (number, step) in enumerate(steps):
        _note(shell, io, mark, f"b {number}")
        try:
            yield from shell.text(step, io)
            if place == len(steps) - 1 and shell.world.steering.asks:
                yield from _last_command(shell, io)
        except (ProcessExit, Signalled) as ended:
            _note(shell, io, mark, f"e {number} {ended.status}")
            raise
        _note(shell, io, mark, f"e {number} 0")
        shell.status = 0
    return 0


def _last_command(shell: Shell, io: Io) -> Run:
    status = yield from shell.world.steering.last_command(shell, io)
    if status:
        raise ProcessExit(status)
    return 0


def _note(shell: Shell, io: Io, mark: str, what: str) -> None:
    record = f"{what} {shell.world.moment:.2f}\n"
    shell.world.files.append(STEPS_FILE, record.encode())
    marker = f"{mark} {record}".encode()
    io.out(marker)
    io.err(marker)
