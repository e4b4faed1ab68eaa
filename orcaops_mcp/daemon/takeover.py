"""A foreground engine takes the home from one that a call started and nobody needs at present."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from core import HomeInUseError, StoreError
from orcaops_mcp import places

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_LEAVING_S: Final = 10.0


@contextmanager
def take_over(home: Path) -> Generator[None]:
    """Hold the right to start the home's engine, with no other engine on it.

    Raises:
        HomeInUseError: The present engine works, or will not go.
        StoreError: The home cannot be used.
    """
    with ExitStack() as held:
        try:
            held.enter_context(places.starting(str(home)))
        except places.EngineError as error:
            raise StoreError(error.message, hint=error.hint) from None
        _ask_for_room(str(home))
        yield


def _ask_for_room(home: str) -> None:
    try:
        answer = places.ask(home, {"control": "yield"})
    except places.EngineError as error:
        raise HomeInUseError(error.message, hint=error.hint) from None
    if answer is None:
        return
    if "error" in answer:
        refusal = places.refused(answer)
        raise HomeInUseError(refusal.message, hint=refusal.hint)
    if not places.wait_until_gone(home, _LEAVING_S):
        raise HomeInUseError(f"The engine with pid {answer.get('pid')} still holds the home {home}.")
