"""The images that tests and examples name: pulled where a registry answers, built where none does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.container_engine import stand_ins
from scripts.container_engine.commands import attempt, checked
from scripts.container_engine.console import CannotContinueError, say, step

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = ("WANTED", "Wanted", "ensure", "is_out_of_reach", "present", "select")

_PULL_S = 600.0
_FIRST_PULL_S = 60.0
_OUT_OF_REACH = (
    "connection refused",
    "connection reset",
    "deadline exceeded",
    "network is unreachable",
    "no answer within",
    "no route to host",
    "no such host",
    "proxyconnect",
    "server misbehaving",
    "temporary failure",
    "timeout",
    "tls: ",
    "toomanyrequests",
    "x509: ",
)


@dataclass(frozen=True)
class Wanted:
    """An image that something in this repository names."""

    name: str
    reference: str
    build: Callable[[str], None]
    on_debian: bool = False


WANTED = (
    Wanted("busybox", "busybox:latest", stand_ins.busybox),
    Wanted("alpine", "alpine:latest", stand_ins.alpine),
    Wanted("python", "python:3.11-slim", stand_ins.python, on_debian=True),
    Wanted("redis", "redis:7", stand_ins.redis, on_debian=True),
    Wanted("postgres", "postgres:15", stand_ins.postgres, on_debian=True),
)


def select(names: str | None) -> tuple[Wanted, ...]:
    """The images of a comma-separated list of names; all of them for None.

    Raises:
        CannotContinueError: A name is not one of ours.
    """
    if names is None:
        return WANTED
    asked = {name.strip() for name in names.split(",") if name.strip()}
    unknown = sorted(asked - {wanted.name for wanted in WANTED})
    if unknown or not asked:
        known = ", ".join(wanted.name for wanted in WANTED)
        raise CannotContinueError(f"No image is called {', '.join(unknown) or 'nothing'}; choose from {known}.")
    return tuple(wanted for wanted in WANTED if wanted.name in asked)


def present() -> dict[str, str]:
    """The images in the engine: reference to short id."""
    listing = checked("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}")
    return dict(line.split(maxsplit=1) for line in listing.splitlines())


def is_out_of_reach(message: str) -> bool:
    """Whether a failed pull says that the registry, rather than the image, is the trouble."""
    lowered = message.lower()
    return any(sign in lowered for sign in _OUT_OF_REACH)


def ensure(wanted: Collection[Wanted]) -> None:
    """Make sure that these images are in the engine.

    Raises:
        CannotContinueError: One can be neither pulled nor built.
    """
    there = present()
    missing = [each for each in wanted if each.reference not in there]
    reachable: bool | None = None
    for each in missing:
        if reachable is not False:
            reachable = _pull(each.reference, bound_s=_PULL_S if reachable else _FIRST_PULL_S)
            if reachable:
                continue
            say("no registry answers: building stand-ins from Debian's packages")
        if each.on_debian:
            stand_ins.debian_base()
        with step(f"building {each.reference}"):
            each.build(each.reference)
    if not missing:
        say(f"images are here: {', '.join(each.reference for each in wanted)}")


def _pull(reference: str, *, bound_s: float) -> bool:
    """Pull an image; False when no registry answers.

    Raises:
        CannotContinueError: A registry answers and says no.
    """
    say(f"pulling {reference}")
    result = attempt("docker", "pull", "--quiet", reference, timeout_s=bound_s)
    if result.returncode == 0:
        return True
    message = result.stderr.decode(errors="replace").strip()
    if is_out_of_reach(message):
        return False
    raise CannotContinueError(f"{reference} cannot be pulled: {message}")
