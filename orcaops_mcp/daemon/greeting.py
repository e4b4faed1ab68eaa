"""The first line on the engine's socket: who comes, what they want, and what they are told."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from pydantic import TypeAdapter, ValidationError

from core import InvalidArgumentError
from orcaops_mcp import __version__
from orcaops_mcp.mcp_server.toolset import ToolChoice
from orcaops_mcp.views.problem import problem

if TYPE_CHECKING:
    from core import OrcaOpsError
    from orcaops_mcp.settings import Settings

_Control = Literal["", "check", "stop", "yield"]

_CONTROLS: Final = TypeAdapter[_Control](_Control)
_FLAG: Final = TypeAdapter(bool)


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a caller said first.

    Attributes:
        version: Of the caller's OrcaOps.
        pid: The caller's process, as it says.
        folder: Where it stands, as it says; None if it did not.
        choice: The tools it wants.
        backend: The backend it insists on; empty if any will do.
        control: Empty opens the pipe; ``check`` asks only whether it would open; ``stop`` tells the engine to leave,
            ``yield`` asks it to, if nobody needs it.
        when_idle: With ``stop``: once no job is queued or running.
    """

    version: str
    pid: int
    folder: Path | None
    choice: ToolChoice
    backend: str
    control: _Control
    when_idle: bool


def read_greeting(line: bytes, settings: Settings) -> Greeting:
    """Read the first line; what it leaves open is as the engine's settings say.

    Raises:
        InvalidArgumentError: It is no greeting.
    """
    try:
        said: object = json.loads(line)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or "orcaops" not in said:
        hint = "This socket is for `orcaops mcp`; start that, or speak HTTP to the address that `orcaops serve` tells."
        raise InvalidArgumentError("The first line is no greeting of OrcaOps.", hint=hint)
    fields = cast("dict[str, Any]", said)
    try:
        return Greeting(
            version=str(fields.get("version", "")),
            pid=fields["pid"] if isinstance(fields.get("pid"), int) else 0,
            folder=_folder(fields.get("cwd")),
            choice=_choice(fields, settings),
            backend=str(fields.get("backend", "")),
            control=_CONTROLS.validate_python(fields.get("control", "")),
            when_idle=_FLAG.validate_python(fields.get("when_idle", False)),
        )
    except ValidationError as error:
        raise InvalidArgumentError(f"The greeting is not understood: {error.errors()[0]['msg']}.") from None


def accepted(**more: object) -> bytes:
    """The answer that opens the pipe, or says that a control was done; it begins as the bridge expects."""
    return _line({"ok": True, "version": __version__, "pid": os.getpid(), **more})


def restarting() -> bytes:
    """The answer of an engine that makes room for one of the caller's version."""
    return _line({"restart": True, "version": __version__, "pid": os.getpid()})


def rejected(error: OrcaOpsError) -> bytes:
    """The answer that names what is wrong."""
    return _line({"error": problem(error.code, error.message, hint=error.hint, retryable=error.retryable)})


def _line(answer: dict[str, object]) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"


def _folder(said: object) -> Path | None:
    """The folder, if it can be one: absolute, and without what no path holds."""
    return Path(said) if isinstance(said, str) and said.startswith("/") and "\0" not in said else None


def _choice(fields: dict[str, Any], settings: Settings) -> ToolChoice:
    read_only = fields.get("read_only")
    return ToolChoice(
        _names(fields.get("toolsets")) or settings.toolsets,
        _names(fields.get("tools")) or settings.tools,
        settings.read_only if read_only is None else _FLAG.validate_python(read_only),
    )


def _names(said: object) -> tuple[str, ...]:
    """Names from a list, or from one text with commas."""
    parts = cast("list[object]", said) if isinstance(said, list) else str(said or "").split(",")
    return tuple(name for part in parts if (name := str(part).strip()))
