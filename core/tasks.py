"""Tasks that go on until their group is cancelled."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVarTuple

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Args = TypeVarTuple("Args")


async def until_cancelled(act: Callable[[*Args], Awaitable[object]], *args: *Args) -> None:
    """Do something that only a cancel of its task group ends; to be started as a task of that group.

    The cancel ends here, as the task does. Of a task that raises it anyio keeps the error in a frame of the error's own
    traceback (``TaskGroup.task_done``), and with it whatever the task's frames hold, until somebody looks for garbage:
    of every container the record, the log and the connection to the container engine.
    """
    with suppress(anyio.get_cancelled_exc_class()):
        await act(*args)
