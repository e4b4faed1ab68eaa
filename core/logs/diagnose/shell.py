"""Shells and plain commands: what was not found, may not be run, or is not there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.logs.diagnose.finding import Finding, Recogniser, Weight, located, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

# bash: `run.sh: line 3: `, dash: `run.sh: 3: `, busybox: `run.sh: line 3: ` or `sh: `
_ORIGIN: Final = r"([^\s:]+): (?:(?:line )?(\d+): )?"
_NOT_FOUND: Final = re.compile(_ORIGIN + r"([^:]+): (?:command )?not found$")
_ZSH: Final = re.compile(r"(?:zsh:?\d*: )command not found: (.+)")
_NO_EXECUTABLE: Final = re.compile(
    r'.*exec: "([^"]+)": (?:executable file not found in \$PATH|stat [^:]+: no such file).*'
)
_ENV: Final = re.compile(r"(?:/usr/bin/)?env: [\u2018'\"]?([^\u2019'\":]+)[\u2019'\"]?: No such file or directory$")

_MISSING: Final = re.compile(
    r".*(?:No such file or directory|No such file|no such file or directory|can't cd to \S+|required file not found)$"
)
_FILE_IN_SHELL: Final = re.compile(
    _ORIGIN + r"(?:\.: |cd: )?(?:line \d+: )?(?:cannot open |can't cd to |can't open )?(.+)"
)
_PYTHON_SCRIPT: Final = re.compile(r"\S*python[\d.]*: can't open file '([^']+)'")
_EXEC: Final = re.compile(r"exec (/?\S+): (no such file or directory|permission denied|exec format error)$")
_DENIED: Final = re.compile(r"(\S+): (?:(?:line )?(\d+): )?.*[Pp]ermission denied$")
_SYNTAX: Final = re.compile(r"(\S+): (?:line )?(\d+): ([Ss]yntax error.*)")
_UNSET: Final = re.compile(r"(\S+): (?:line )?(\d+): ([^:\s]+): (unbound variable|parameter not set)$")

_NO_FILE_HINT: Final = "Check the path, the working folder, and that the file was sent along with the job."
_INSTALL_HINT: Final = "install it in the job first, use an image that has it, or check the spelling and the PATH."
_INTERPRETER_HINT: Final = (
    "The file or the interpreter on its first line is missing; Windows line ends (CRLF) cause this too."
)
_MODE_HINT: Final = "Make it executable (chmod +x), or run it through its interpreter, such as `sh file`."
_FORMAT_HINT: Final = "The program is built for another processor, or is a script without a #! line."


_SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})


def _from_shell(name: str, line: str | None) -> bool:
    return line is not None or name.endswith("sh")


def _script(name: str, line: str | None) -> tuple[str | None, int | None]:
    """The script and its line; neither when the shell was given the command itself (``sh -c``)."""
    known = line is not None and name.rpartition("/")[2] not in _SHELLS
    return (name, whole(line)) if known else (None, None)


def read_not_found(texts: Sequence[str], at: int) -> Finding | None:
    """A command that is not on the PATH, as each shell and each container engine words it."""
    text = texts[at].strip()
    match = _NOT_FOUND.match(text)
    if match is not None and _from_shell(match[1], match[2]):
        file, line = _script(match[1], match[2])
        return _not_found(match[3], at, file=file, line=line)
    other = _ZSH.match(text) or _NO_EXECUTABLE.match(text) or _ENV.match(text)
    return _not_found(other[1], at, file=None, line=None) if other else None


def _not_found(command: str, at: int, *, file: str | None, line: int | None) -> Finding:
    return Finding(
        kind="shell_command_not_found",
        headline=located(f"{command}: command not found", file, line),
        weight=Weight.FAILURE,
        focus=at,
        first=at,
        last=at,
        file=file,
        file_line=line,
        hint=_INTERPRETER_HINT if "/" in command else f"{command} is not there: {_INSTALL_HINT}",
    )


def read_missing_file(texts: Sequence[str], at: int) -> Finding | None:
    """A file that is not there; a shell stops at it, a command such as ``cat`` need not be the end."""
    text = texts[at].strip()
    execution = _EXEC.match(text)
    if execution is not None:
        return _execution(execution[1], execution[2], at)
    if _PYTHON_SCRIPT.match(text) is None and (_MISSING.match(text) is None or text.startswith(("at ", "File "))):
        return None
    shell = _FILE_IN_SHELL.match(text)
    stopped = "can't open file '" in text or (shell is not None and _from_shell(shell[1], shell[2]))
    file, line = _script(shell[1], shell[2]) if shell else (None, None)
    interpreter = "required file not found" in text or "bad interpreter" in text
    return Finding(
        kind="shell_no_such_file",
        headline=text,
        weight=Weight.FAILURE if stopped else Weight.SURVIVABLE,
        focus=at,
        first=at,
        last=at,
        file=file,
        file_line=line,
        hint=_INTERPRETER_HINT if interpreter else _NO_FILE_HINT,
    )


def _execution(program: str, reason: str, at: int) -> Finding:
    kind, hint = {
        "no such file or directory": ("shell_no_such_file", _INTERPRETER_HINT),
        "permission denied": ("permission_denied", _MODE_HINT),
        "exec format error": ("exec_format", _FORMAT_HINT),
    }[reason]
    return Finding(kind, f"{program} could not be started: {reason}", Weight.FAILURE, at, at, at, hint=hint)


def read_exec_format(texts: Sequence[str], at: int) -> Finding | None:
    """A program for another processor."""
    text = texts[at].strip()
    if not text.endswith(("xec format error", "cannot execute binary file")):
        return None
    return Finding("exec_format", text, Weight.FAILURE, at, at, at, hint=_FORMAT_HINT)


def read_denied(texts: Sequence[str], at: int) -> Finding | None:
    """Something the job's user may not run or touch."""
    text = texts[at].strip()
    match = _DENIED.match(text)
    if match is None:
        return None
    stopped = _from_shell(match[1], match[2])
    return Finding(
        kind="permission_denied",
        headline=text,
        weight=Weight.FAILURE if stopped else Weight.SURVIVABLE,
        focus=at,
        first=at,
        last=at,
        hint=_MODE_HINT if stopped else "Check the owner and mode of the file and the user the job runs as.",
    )


def read_syntax(texts: Sequence[str], at: int) -> Finding | None:
    """A script the shell cannot parse."""
    match = _SYNTAX.match(texts[at].strip())
    if match is None:
        return None
    file, line = _script(match[1], match[2])
    hint = "Correct the script there; `sh` knows less than bash does, and Windows line ends (CRLF) break it."
    headline = located(match[3], file, line)
    return Finding("syntax_error", headline, Weight.FAILURE, at, at, at, file=file, file_line=line, hint=hint)


def read_unset(texts: Sequence[str], at: int) -> Finding | None:
    """A variable without a value under ``set -u``."""
    match = _UNSET.match(texts[at].strip())
    if match is None:
        return None
    file, line = _script(match[1], match[2])
    name = match[3]
    return Finding(
        kind="shell_unset_variable",
        headline=located(f"{name}: {match[4]}", file, line),
        weight=Weight.FAILURE,
        focus=at,
        first=at,
        last=at,
        file=file,
        file_line=line,
        hint=f"Set {name} in the job's env, or give it a default: ${{{name}:-}}.",
    )


RECOGNISERS: Final = (
    Recogniser(("not found", "env: "), read_not_found, reach=1),
    Recogniser(("yntax error",), read_syntax, reach=1),
    Recogniser(("unbound variable", "parameter not set"), read_unset, reach=1),
    Recogniser(("xec format error", "cannot execute binary file"), read_exec_format, reach=1),
    Recogniser(("ermission denied",), read_denied, reach=1),
    Recogniser(("o such file", "can't cd to", "required file not found", "exec /"), read_missing_file, reach=1),
)
