"""What an exit code says by itself."""

from __future__ import annotations

from typing import Final

from core.logs.diagnose.report import Cause

_MEANINGS: Final = {
    124: ("timeout", "timeout(1) ended the command", "Allow it more time, or find out what it waits for."),
    126: (
        "permission_denied",
        "the command may not be executed",
        "Make it executable (chmod +x), or name its interpreter.",
    ),
    127: ("shell_command_not_found", "a command was not found", "Install it first, or use an image that has it."),
    132: ("segfault", "illegal instruction (signal 4)", "The program may be built for a newer processor."),
    134: ("abort", "the program aborted (signal 6)", "Look for a failed assertion or an uncaught exception above."),
    135: ("segfault", "bus error (signal 7)", "Shared memory may be too small, or a mapped file was cut."),
    136: ("segfault", "arithmetic error (signal 8)", "Look for a division by zero."),
    137: (
        "out_of_memory",
        "killed (signal 9)",
        "Most often for want of memory: give the job more memory_mb, or use less.",
    ),
    139: ("segfault", "segmentation fault (signal 11)", "Build with -g -fsanitize=address to see where."),
    143: ("terminated", "terminated (signal 15)", "Something asked it to stop: a cancel, a timeout, or its parent."),
}
_DECISIVE: Final = frozenset({132, 134, 135, 136, 137, 139, 143})


def cause_of(exit_code: int | None) -> Cause | None:
    """What a developer can conclude from the code alone, or None."""
    meaning = _MEANINGS.get(exit_code) if exit_code is not None else None
    if meaning is None:
        return None
    kind, words, hint = meaning
    return Cause(kind, f"{words[0].upper()}{words[1:]}, exit code {exit_code}", 0, hint=hint)


def is_decisive(exit_code: int | None) -> bool:
    """Whether the code tells more than a line that merely calls itself an error."""
    return exit_code in _DECISIVE
