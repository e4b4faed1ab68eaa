"""How often room comes free, for who was refused because there was none."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from core.errors import QueueFullError

if TYPE_CHECKING:
    from collections.abc import Generator

    from core.clock import Clock

_REMEMBERED: Final = 20
_SHORTEST_S: Final = 1.0
_LONGEST_S: Final = 60.0


class Pace:
    """The last moments at which room came free.

    Args:
        clock: Tells them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._moments = deque([clock.monotonic()], maxlen=_REMEMBERED + 1)

    def note(self) -> None:
        """Room has come free now."""
        self._moments.append(self._clock.monotonic())

    @property
    def next_s(self) -> float:
        """In how many seconds to look again, from 1 to 60: as long as it took lately, or as nothing has come free."""
        elapsed_s = self._clock.monotonic() - self._moments[0]
        return min(_LONGEST_S, max(_SHORTEST_S, elapsed_s / max(1, len(self._moments) - 1)))

    @contextmanager
    def telling(self) -> Generator[None]:
        """Have a refusal say when to try again.

        Raises:
            QueueFullError: There is no room.
        """
        try:
            yield
        except QueueFullError as error:
            error.retry_after_s = self.next_s
            raise
