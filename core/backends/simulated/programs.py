"""The programs that every simulated image has."""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING, Final

from core.backends.simulated.conditions import holds
from core.backends.simulated.process import Killed, whole_number
from core.backends.simulated.servers import SERVERS

if TYPE_CHECKING:
    from core.backends.simulated.control import Program
    from core.backends.simulated.process import Io, Run
    from core.backends.simulated.shell import Shell

_LINES_A_BREATH: Final = 1000
_YES_SECONDS: Final = 0.01
_WIDEST_FIELD: Final = 1024 * 1024
_SPAN_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_ESCAPE: Final = re.compile(r"\\([abfnrtv\\]|0?[0-7]{1,3}|x[0-9a-fA-F]{1,2})")
_ESCAPES: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_FORMAT: Final = re.compile(r"%(%|(-?0?)([0-9]*)([sdicux]))")
_INFERENCE_ANSWER: Final = ("the", "orca", "is", "the", "largest", "member", "of", "the", "dolphin", "family")


def _true(_: Shell, __: list[str], ___: Io) -> int:
    return 0


def _false(_: Shell, __: list[str], ___: Io) -> int:
    return 1


def _echo(_: Shell, argv: list[str], io: Io) -> int:
    words, end, escapes = argv[1:], "\n", False
    while words and words[0] in {"-n", "-e", "-ne", "-en"}:
        option = words.pop(0)
        end = "" if "n" in option else end
        escapes = escapes or "e" in option
    text = " ".join(words)
    io.out(((_unescaped(text) if escapes else text) + end).encode(errors="surrogateescape"))
    return 0


def _printf(_: Shell, argv: list[str], io: Io) -> int:
    if len(argv) < 2:
        return 2
    layout, rest = _unescaped(argv[1]), argv[2:]
    while True:
        before = len(rest)

        def field(match: re.Match[str]) -> str:
            return "%" if match[1] == "%" else _field(match, rest.pop(0) if rest else "")

        io.out(_FORMAT.sub(field, layout).encode(errors="surrogateescape"))
        if not rest or len(rest) == before:
            return 0


def _field(match: re.Match[str], value: str) -> str:
    flags, width, kind = match[2], min(int(match[3] or 0), _WIDEST_FIELD), match[4]
    if kind in "dixu":
        number = whole_number(value) or 0
        value = f"{number:x}" if kind == "x" else str(number)
    elif kind == "c":
        value = value[:1]
    if "-" in flags:
        return value.ljust(width)
    return value.zfill(width) if flags and kind in "dixu" else value.rjust(width)


def _unescaped(text: str) -> str:
    def char(match: re.Match[str]) -> str:
        code = match[1]
        if code in _ESCAPES:
            return _ESCAPES[code]
        return bytes([int(code[1:], 16) if code[0] == "x" else int(code, 8) & 255]).decode(errors="surrogateescape")

    return _ESCAPE.sub(char, text) if "\\" in text else text


def _sleep(shell: Shell, argv: list[str], io: Io) -> int | Run:
    seconds = 0.0
    for text in argv[1:]:
        try:
            unit = _SPAN_UNITS.get(text[-1:])
            seconds += float(text[:-1]) * unit if unit else float(text)
        except ValueError:
            io.err(f"sleep: invalid number '{text}'\n".encode())
            return 1
    return shell.pause(seconds) if seconds > 0 else 0


def _seq(shell: Shell, argv: list[str], io: Io) -> int | Run:
    numbers = [number for text in argv[1:] if (number := whole_number(text)) is not None]
    if not 1 <= len(numbers) <= 3 or len(numbers) != len(argv) - 1:
        io.err(b"seq: one to three whole numbers\n")
        return 1
    first, last = (1, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[-1])
    step = numbers[1] if len(numbers) == 3 else 1
    return _count(shell, range(first, last + (1 if step > 0 else -1), step or 1), io)


def _count(shell: Shell, numbers: range, io: Io) -> Run:
    for start in range(0, len(numbers), _LINES_A_BREATH):
        if start:
            yield from shell.pause(0.0)
        io.out("".join(f"{number}\n" for number in numbers[start : start + _LINES_A_BREATH]).encode())
    return 0


def _flood(shell: Shell, argv: list[str], io: Io) -> Run:
    left = (whole_number(argv[1]) if len(argv) > 1 else None) or 0
    line = (" ".join(argv[2:]) + "\n").encode()
    while left > 0:
        io.out(line * min(left, _LINES_A_BREATH))
        left -= _LINES_A_BREATH
        yield from shell.pause(0.0)
    return 0


def _yes(shell: Shell, argv: list[str], io: Io) -> Run:
    line = (" ".join(argv[1:] or ["y"]) + "\n").encode()
    while True:
        io.out(line * _LINES_A_BREATH)
        yield from shell.pause(_YES_SECONDS)


def _cat(shell: Shell, argv: list[str], io: Io) -> int:
    status = 0
    for name in argv[1:] or ["-"]:
        try:
            io.out(io.stdin if name == "-" else shell.world.files.read(shell.path(name)))
        except OSError as error:
            io.err(f"cat: can't open '{name}': {error.strerror}\n".encode())
            status = 1
    return status


def _tail(shell: Shell, argv: list[str], io: Io) -> int | Run:
    if any(argument.startswith("-") and "f" in argument.lower() for argument in argv[1:]):
        return shell.pause(float("inf"))
    io.out(f"[simulated] {' '.join(argv)}\n".encode())
    return 0


def _mkdir(shell: Shell, argv: list[str], io: Io) -> int:
    files, parents = shell.world.files, any(argument in {"-p", "--parents"} for argument in argv)
    for name in argv[1:]:
        if name.startswith("-"):
            continue
        path = shell.path(name)
        if not parents and (files.find(path) or not files.find(posixpath.dirname(posixpath.normpath(path)))):
            io.err(f"mkdir: can't create directory '{name}'\n".encode())
            return 1
        files.make_folders(path)
    return 0


def _touch(shell: Shell, argv: list[str], _: Io) -> int:
    for name in argv[1:]:
        shell.world.files.append(shell.path(name), b"")
    return 0


def _rm(shell: Shell, argv: list[str], _: Io) -> int:
    force = any(argument.startswith("-") and "f" in argument for argument in argv[1:])
    for name in argv[1:]:
        if not name.startswith("-") and not (force and shell.world.files.find(shell.path(name), follow=False) is None):
            shell.world.files.remove(shell.path(name))
    return 0


def _ln(shell: Shell, argv: list[str], _: Io) -> int:
    names = [argument for argument in argv[1:] if not argument.startswith("-")]
    if len(names) != 2:
        return 1
    shell.world.files.link(names[0], shell.path(names[1]))
    return 0


def _ls(shell: Shell, argv: list[str], io: Io) -> int:
    folder = next((argument for argument in argv[1:] if not argument.startswith("-")), ".")
    path = shell.world.files.resolve(shell.path(folder))
    node = shell.world.files.find(path)
    if node is None:
        io.err(f"ls: {folder}: No such file or directory\n".encode())
        return 1
    names = shell.world.files.children(path) if node.kind == "folder" else [folder]
    io.out("".join(f"{name}\n" for name in names).encode())
    return 0


def _pwd(shell: Shell, _: list[str], io: Io) -> int:
    io.out(f"{shell.folder}\n".encode())
    return 0


def _printenv(shell: Shell, argv: list[str], io: Io) -> int:
    for name in argv[1:]:
        if name not in shell.variables:
            return 1
        io.out(f"{shell.variables[name]}\n".encode())
    if len(argv) == 1:
        io.out("".join(f"{name}={value}\n" for name, value in shell.variables.items()).encode())
    return 0


def _id(shell: Shell, argv: list[str], io: Io) -> int:
    user = shell.world.user.partition(":")[0] or "0"
    io.out(f"{user}\n".encode() if "-u" in argv else f"uid={user}\n".encode())
    return 0


def _hostname(shell: Shell, _: list[str], io: Io) -> int:
    io.out(f"{shell.world.hostname}\n".encode())
    return 0


def _test(shell: Shell, argv: list[str], io: Io) -> int:
    return holds(shell, argv, io)


def _oom(_: Shell, __: list[str], ___: Io) -> int:
    raise Killed("oom")


def _infer(shell: Shell, argv: list[str], io: Io) -> Run:
    """A made-up language model: tokens as they come, then a result file and outputs."""
    seconds = shell.world.steering.take_seconds(2.0)
    prompt = " ".join(argv[1:]) or "What is an orca?"
    io.err(b"loading model simulated-7b\n")
    total = len(_INFERENCE_ANSWER)
    for number, token in enumerate(_INFERENCE_ANSWER, start=1):
        yield from shell.pause(seconds / total)
        io.out(f"token {number}/{total}: {token}\n".encode())
        io.err(f"progress {100 * number // total}%\n".encode())
    answer = " ".join(_INFERENCE_ANSWER)
    files = shell.world.files
    result = json.dumps({"prompt": prompt, "answer": answer, "tokens": total}) + "\n"
    files.extend(files.open(shell.path("result.json")), result.encode())
    if output := shell.variables.get("ORCAOPS_OUTPUT"):
        files.append(shell.path(output), f"tokens={total}\nanswer={answer}\n".encode())
    return 0


PROGRAMS: Final[dict[str, Program]] = {
    ":": _true,
    "[": _test,
    "cat": _cat,
    "echo": _echo,
    "env": _printenv,
    "false": _false,
    "flood": _flood,
    "hostname": _hostname,
    "id": _id,
    "infer": _infer,
    "ln": _ln,
    "ls": _ls,
    "mkdir": _mkdir,
    "oom": _oom,
    "printenv": _printenv,
    "printf": _printf,
    "pwd": _pwd,
    "rm": _rm,
    "seq": _seq,
    "sleep": _sleep,
    "tail": _tail,
    "test": _test,
    "touch": _touch,
    "true": _true,
    "yes": _yes,
    **SERVERS,
}
"""The programs by name."""
