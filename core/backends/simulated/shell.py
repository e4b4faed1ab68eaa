"""The interpreter: runs a tree of `syntax` as a generator that yields whenever it waits."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from core.backends.simulated.control import CONTROL, LoopExit
from core.backends.simulated.expansion import expand
from core.backends.simulated.parser import parse
from core.backends.simulated.process import MISSING_PROGRAMS, NOT_FOUND, Io, Pipe, PipeFullError, ProcessExit, Signalled
from core.backends.simulated.programs import PROGRAMS
from core.backends.simulated.syntax import (
    For,
    Group,
    If,
    Loop,
    Redirected,
    ShellSyntaxError,
    Simple,
    UnknownSyntaxError,
)

if TYPE_CHECKING:
    from core.backends.simulated.process import Run, World, Write
    from core.backends.simulated.syntax import Command, Pipeline, Redirect, Script, Word

_COMMANDS_A_BREATH: Final = 128
_PROGRAM_FOLDERS: Final = ("/bin/", "/usr/bin/", "/usr/local/bin/")


class Shell:
    """One shell process.

    Args:
        world: Its container.
        parent: The shell that started it, whose variables, folder and ignored signals it takes over.

    Attributes:
        variables: Its variables; all count as exported.
        folder: Its working directory.
        status: ``$?``.
        traps: Commands by signal name, or by ``EXIT``; an empty one ignores the signal.
        exits_on_error: Whether `set -e` holds.
        loops: How many loops it is in.
    """

    def __init__(self, world: World, parent: Shell | None = None) -> None:
        self.world = world
        self.variables: dict[str, str] = dict(parent.variables if parent else world.environment)
        self.folder = parent.folder if parent else world.folder
        self.status = 0
        self.traps: dict[str, str] = parent.ignored_signals() if parent else {}
        self.exits_on_error = False
        self.loops = 0
        self._guarded = 0
        self._count = 0

    def ignored_signals(self) -> dict[str, str]:
        """The traps that a process started from here keeps."""
        return {name: action for name, action in self.traps.items() if not action}

    def live(self, body: Run, io: Io) -> Run:
        """Run ``body`` as this shell's whole life: what `exit` ends, and what an EXIT trap follows."""
        try:
            status = yield from body
        except ProcessExit as exit_:
            status = exit_.status
        action = self.traps.pop("EXIT", "")
        if action:
            self.status = status
            try:
                yield from self.text(action, io)
            except ProcessExit as exit_:
                status = exit_.status
        return status

    def text(self, text: str, io: Io) -> Run:
        """Run a text in this shell; one with syntax that only real shells know is walked past.

        Raises:
            ProcessExit: The text ends the shell.
        """
        try:
            script = parse(text)
        except ShellSyntaxError as error:
            io.err(f"sh: {error}\n".encode())
            raise ProcessExit(2) from None
        except UnknownSyntaxError:
            line = text.strip().partition("\n")[0]
            io.out(f"[simulated] {line}\n".encode())
            return 0
        return (yield from self.script(script, io))

    def script(self, script: Script, io: Io) -> Run:
        """Run pipelines one after another."""
        for item in script.items:
            if (item.connector == "&&" and self.status != 0) or (item.connector == "||" and self.status == 0):
                continue
            deaf = item.guarded or item.pipeline.negated
            self._guarded += deaf
            try:
                self.status = yield from self._pipeline(item.pipeline, io)
            finally:
                self._guarded -= deaf
            if self.status != 0 and self.exits_on_error and not deaf and not self._guarded:
                raise ProcessExit(self.status)
        return self.status

    def pause(self, seconds: float) -> Run:
        """Wait for scripted seconds; a signal that has a trap ends the wait.

        Raises:
            Signalled: By a signal without a trap.
        """
        until = self.world.elapsed() + seconds
        while True:
            try:
                yield max(0.0, until - self.world.elapsed())
            except Signalled as signalled:
                action = self.traps.get(signalled.name)
                if action is None:
                    raise
                if action:
                    yield from self.text(action, self.world.streams)
                    return signalled.status
            else:
                return 0

    def call(self, argv: list[str], io: Io) -> Run:
        """Run one program or shell command by its argv."""
        yield from self._breathe()
        name = argv[0]
        if name.startswith("/"):
            folder, _, base = name.rpartition("/")
            name = base if f"{folder}/" in _PROGRAM_FOLDERS else name
        program = CONTROL.get(name) or PROGRAMS.get(name)
        if program is None:
            if name.startswith(MISSING_PROGRAMS):
                io.err(f"sh: {name}: not found\n".encode())
                return NOT_FOUND
            io.out(f"[simulated] {' '.join(argv)}\n".encode())
            return 0
        try:
            result = program(self, argv, io)
            return (yield from result) if isinstance(result, Generator) else result
        except OSError as error:
            io.err(f"{name}: {error.filename}: {error.strerror}\n".encode())
            return 1

    def _pipeline(self, pipeline: Pipeline, io: Io) -> Run:
        *feeding, last = pipeline.commands
        stdin = io.stdin
        for command in feeding:
            pipe = Pipe()
            with suppress(PipeFullError):
                yield from self._command(command, Io(stdin, pipe.write, io.err))
            stdin = bytes(pipe.data)
        status = yield from self._command(last, Io(stdin, io.out, io.err) if feeding else io)
        return int(status == 0) if pipeline.negated else status

    def _command(self, command: Command, io: Io) -> Run:
        if isinstance(command, Simple):
            run = self._simple(command, io)
        elif isinstance(command, Redirected):
            run = self._elsewhere(command, io)
        elif isinstance(command, Group):
            run = self._group(command, io)
        elif isinstance(command, If):
            run = self._if(command, io)
        elif isinstance(command, For):
            run = self._for(command, io)
        else:
            run = self._while(command, io)
        return (yield from run)

    def _elsewhere(self, command: Redirected, io: Io) -> Run:
        try:
            io = yield from self._redirected(command.redirects, io)
        except OSError as error:
            return _complain(error, io)
        return (yield from self._command(command.command, io))

    def _simple(self, command: Simple, io: Io) -> Run:
        argv: list[str] = []
        substituted = self.status if command.words else 0
        for word in command.words:
            argv += yield from expand(self, word, io)
        if command.redirects:
            try:
                io = yield from self._redirected(command.redirects, io)
            except OSError as error:
                return _complain(error, io)
        if not command.assignments:
            return (yield from self.call(argv, io)) if argv else substituted
        before = self.variables
        if argv:
            self.variables = dict(before)
        self.status = 0
        for name, word in command.assignments:
            self.variables[name] = yield from self._one(word, io)
        if not argv:
            return self.status
        try:
            return (yield from self.call(argv, io))
        finally:
            self.variables = before

    def _one(self, word: Word, io: Io) -> Generator[float, None, str]:
        """Expand a word that is not split: an assignment's value or a redirection's target."""
        return " ".join((yield from expand(self, word, io, split=False)))

    def _redirected(self, redirects: tuple[Redirect, ...], io: Io) -> Generator[float, None, Io]:
        for redirect in redirects:
            target = yield from self._one(redirect.target, io)
            if redirect.operator == "<<":
                io = io._replace(stdin=target.encode())
            elif redirect.operator == "<":
                io = io._replace(stdin=self.world.files.read(self.path(target)))
            else:
                write = self._write_to(redirect.operator, target, io)
                io = io._replace(err=write) if redirect.descriptor == 2 else io._replace(out=write)
        return io

    def _write_to(self, operator: str, target: str, io: Io) -> Write:
        if operator == ">&" or target in {"/dev/stdout", "/dev/stderr"}:
            return io.err if target in {"2", "/dev/stderr"} else io.out
        if target == "/dev/null":
            return _discard
        files = self.world.files
        node = files.open(self.path(target), append=operator == ">>")
        return lambda data: files.extend(node, data)

    def path(self, text: str) -> str:
        """The absolute path that ``text`` means in the working directory."""
        return text if text.startswith("/") else f"{self.folder.rstrip('/')}/{text}"

    def _group(self, group: Group, io: Io) -> Run:
        if not group.isolated:
            return (yield from self.script(group.body, io))
        inner = Shell(self.world, self)
        inner.exits_on_error, inner._guarded = self.exits_on_error, self._guarded
        return (yield from inner.live(inner.script(group.body, io), io))

    def _if(self, command: If, io: Io) -> Run:
        for condition, body in command.branches:
            if (yield from self._condition(condition, io)):
                return (yield from self.script(body, io))
        self.status = 0
        return (yield from self.script(command.otherwise, io)) if command.otherwise else 0

    def _while(self, command: Loop, io: Io) -> Run:
        status = 0
        while (yield from self._condition(command.condition, io)) != command.until:
            status, leaves = yield from self._turn(command.body, io)
            if leaves:
                break
        return status

    def _for(self, command: For, io: Io) -> Run:
        names: list[str] = []
        for word in command.words:
            names += yield from expand(self, word, io)
        status = 0
        for name in names:
            self.variables[command.name] = name
            status, leaves = yield from self._turn(command.body, io)
            if leaves:
                break
        return status

    def _turn(self, body: Script, io: Io) -> Generator[float, None, tuple[int, bool]]:
        """Run a loop's body once; returns its status and whether the loop ends with it."""
        yield from self._breathe()
        self.status = 0
        self.loops += 1
        try:
            return (yield from self.script(body, io)), False
        except LoopExit as exit_:
            if exit_.levels > 1:
                raise LoopExit(exit_.levels - 1, again=exit_.again) from None
            return 0, not exit_.again
        finally:
            self.loops -= 1

    def _breathe(self) -> Generator[float]:
        """Let others run, every now and then."""
        self._count += 1
        if self._count % _COMMANDS_A_BREATH == 0:
            yield from self.pause(0.0)

    def _condition(self, script: Script, io: Io) -> Generator[float, None, bool]:
        self._guarded += 1
        try:
            return (yield from self.script(script, io)) == 0
        finally:
            self._guarded -= 1


def _complain(error: OSError, io: Io) -> int:
    io.err(f"sh: {error.filename}: {error.strerror}\n".encode())
    return 1


def _discard(_: bytes) -> None:
    pass
