"""Commands that change the shell itself, and those that start another."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from core.backends.simulated.process import Io, Killed, ProcessExit, Run, Signalled, signal_name, whole_number
from core.backends.simulated.steps import SUPERVISOR, supervise

if TYPE_CHECKING:
    from core.backends.simulated.shell import Shell

Program = Callable[["Shell", list[str], Io], "int | Run"]
"""Called with its shell, its argv and its streams; one that waits is a generator."""


class LoopExit(Exception):  # noqa: N818 - not an error: how `break` and `continue` leave a loop's body
    """A loop's body ends early.

    Attributes:
        levels: How many loops it concerns.
        again: Whether the outermost of them goes on.
    """

    def __init__(self, levels: int, *, again: bool) -> None:
        super().__init__(levels)
        self.levels = levels
        self.again = again


def _number(argv: list[str], default: int) -> int:
    number = whole_number(argv[1]) if len(argv) > 1 else None
    return default if number is None else number


def _exit(shell: Shell, argv: list[str], _: Io) -> int:
    raise ProcessExit(_number(argv, shell.status) & 255)


def _leave_loop(shell: Shell, argv: list[str], _: Io) -> int:
    if shell.loops == 0:
        return 0
    raise LoopExit(min(max(1, _number(argv, 1)), shell.loops), again=argv[0] == "continue")


def _cd(shell: Shell, argv: list[str], io: Io) -> int:
    folders = [argument for argument in argv[1:] if argument != "--"]
    target = folders[0] if folders else shell.variables.get("HOME", "/")
    folder = posixpath.normpath(shell.path(target))
    node = shell.world.files.find(folder)
    if node is None or node.kind != "folder":
        io.err(f"sh: cd: can't cd to {target}: No such file or directory\n".encode())
        return 2
    shell.folder = folder
    shell.variables["PWD"] = folder
    return 0


def _export(shell: Shell, argv: list[str], _: Io) -> int:
    for argument in argv[1:]:
        name, equals, value = argument.partition("=")
        if equals:
            shell.variables[name] = value
    return 0


def _unset(shell: Shell, argv: list[str], _: Io) -> int:
    for name in argv[1:]:
        shell.variables.pop(name, None)
    return 0


def _set(shell: Shell, argv: list[str], _: Io) -> int:
    for option in argv[1:]:
        if option.startswith(("-", "+")) and "e" in option:
            shell.exits_on_error = option.startswith("-")
    return 0


def _trap(shell: Shell, argv: list[str], io: Io) -> int:
    if len(argv) < 3:
        return 0
    for text in argv[2:]:
        try:
            name = "EXIT" if text in {"EXIT", "0"} else signal_name(text)
        except ValueError:
            io.err(f"sh: trap: {text}: invalid signal specification\n".encode())
            return 1
        if argv[1] == "-":
            shell.traps.pop(name, None)
        else:
            shell.traps[name] = argv[1]
    return 0


def _kill(shell: Shell, argv: list[str], io: Io) -> int | Run:
    options = [argument for argument in argv[1:] if argument.startswith("-")]
    try:
        name = signal_name(options[0][1:]) if options else "TERM"
    except ValueError as error:
        io.err(f"sh: kill: {error}\n".encode())
        return 1
    if argv[-1] not in {"1", "0"}:
        io.err(f"sh: can't kill pid {argv[-1]}: No such process\n".encode())
        return 1
    if name == "KILL":
        raise Killed("self")
    return _signal_itself(shell, name)


def _signal_itself(shell: Shell, name: str) -> Run:
    action = shell.traps.get(name)
    if action is None:
        raise Signalled(name)
    return (yield from shell.text(action, shell.world.streams)) if action else 0


def _wait(_: Shell, __: list[str], ___: Io) -> int:
    return 0


def _eval(shell: Shell, argv: list[str], io: Io) -> Run:
    return (yield from shell.text(" ".join(argv[1:]), io))


def _source(shell: Shell, argv: list[str], io: Io) -> int | Run:
    return shell.text(_file_text(shell, argv[1], io), io) if len(argv) > 1 else 2


def _exec(shell: Shell, argv: list[str], io: Io) -> Run:
    if len(argv) > 1:
        raise ProcessExit((yield from shell.call(argv[1:], io)))
    return 0


def _sh(shell: Shell, argv: list[str], io: Io) -> Run:
    """``sh -c TEXT``, ``sh FILE``, or ``sh`` with a text on its input."""
    inner = type(shell)(shell.world, shell)
    rest = argv[1:]
    has_text = False
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        has_text = has_text or (option.endswith("c") and not option.startswith("--"))
        inner.exits_on_error = inner.exits_on_error or (not option.startswith("--") and "e" in option)
    if has_text:
        text = rest[0] if rest else ""
    elif rest and shell.path(rest[0]) == SUPERVISOR:
        return (yield from supervise(inner, io))
    elif rest:
        text = _file_text(shell, rest[0], io)
    else:
        text = io.stdin.decode(errors="replace")
    return (yield from inner.live(inner.text(text, io), io))


def _file_text(shell: Shell, name: str, io: Io) -> str:
    try:
        return shell.world.files.read(shell.path(name)).decode(errors="replace")
    except OSError:
        io.err(f"sh: can't open '{name}': No such file or directory\n".encode())
        return "exit 2"


CONTROL: Final[dict[str, Program]] = {
    ".": _source,
    "ash": _sh,
    "bash": _sh,
    "break": _leave_loop,
    "cd": _cd,
    "continue": _leave_loop,
    "dash": _sh,
    "eval": _eval,
    "exec": _exec,
    "exit": _exit,
    "export": _export,
    "kill": _kill,
    "set": _set,
    "sh": _sh,
    "trap": _trap,
    "unset": _unset,
    "wait": _wait,
}
"""The commands by name."""
