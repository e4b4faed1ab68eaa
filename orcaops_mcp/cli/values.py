"""Values of options: spans of time, amounts of memory, `NAME=VALUE`, mounts."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SPAN: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(ms|[smhdw]?)")
_SECONDS: Final = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MEMORY: Final = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([bkmgt]?)(?:i?b)?", re.IGNORECASE)
_MIB: Final = {"b": 1 / 1_048_576, "k": 1 / 1024, "": 1, "m": 1, "g": 1024, "t": 1_048_576}


class Span(click.ParamType[float]):
    """A span of time such as ``90``, ``90s``, ``10m`` or ``2h``, in seconds."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds."""
        if isinstance(value, int | float):
            return float(value)
        found = _SPAN.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is not a span of time, such as 90s, 10m or 2h", param, ctx)
        return float(found[1]) * _SECONDS[found[2]]


class Memory(click.ParamType[int]):
    """An amount of memory such as ``512m`` or ``2g``; a bare number is MiB."""

    name = "memory"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The amount in MiB."""
        found = _MEMORY.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is not an amount of memory, such as 512m or 2g", param, ctx)
        return max(1, round(float(found[1]) * _MIB[found[2].lower()]))


SPAN: Final = Span()
MEMORY: Final = Memory()


def variables(pairs: Sequence[str], files: Sequence[str]) -> dict[str, str]:
    """Environment variables of ``-e`` and ``--env-file``; a name alone takes the caller's own value, as Docker does.

    Raises:
        click.BadParameter: A name is missing, or a file cannot be read.
    """
    found: dict[str, str] = {}
    for path in files:
        found |= dict(_pair(line, path) for line in _lines(path) if _is_set(line))
    return found | dict(_pair(pair, "-e") for pair in pairs if _is_set(pair))


def mount_text(text: str) -> str:
    """``SRC:DST[:ro|rw]`` with the source made absolute from the folder the caller stands in.

    Raises:
        click.BadParameter: It is not of that form.
    """
    source, colon, rest = text.partition(":")
    if not source or not colon or not rest.startswith("/"):
        raise click.BadParameter(f"{text!r} is not SRC:DST[:ro|rw] with an absolute DST", param_hint="-v")
    return f"{os.path.abspath(os.path.expanduser(source))}:{rest}"  # noqa: PTH100, PTH111 - pathlib is slow to import


def label_text(text: str) -> str:
    """A tag; ``key=value`` becomes ``key:value``, for a tag has no equals sign."""
    return text.replace("=", ":", 1)


def _pair(text: str, where: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or name != name.strip():
        raise click.BadParameter(f"{name!r} is not the name of a variable ({where})", param_hint="-e")
    return name, value if equals else os.environ[name]


def _is_set(text: str) -> bool:
    return "=" in text or not text or text in os.environ


def _lines(path: str) -> Iterator[str]:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to import
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise click.BadParameter(f"{path} cannot be read: {reason}", param_hint="--env-file") from None
    for line in text.splitlines():
        bare = line.strip()
        if bare and not bare.startswith("#"):
            yield bare
