"""A table of moves and what can be asked of it."""

from __future__ import annotations

from enum import StrEnum

import pytest

from core.errors import IllegalMoveError
from core.lifecycle.machine import Lifecycle


class Door(StrEnum):
    SHUT = "shut"
    OPEN = "open"
    WALLED_UP = "walled_up"


class Act(StrEnum):
    OPEN = "open"
    SHUT = "shut"
    WALL_UP = "wall_up"


DOOR = Lifecycle(
    "door",
    Door.SHUT,
    {
        (Door.SHUT, Act.OPEN): Door.OPEN,
        (Door.OPEN, Act.SHUT): Door.SHUT,
        (Door.SHUT, Act.WALL_UP): Door.WALLED_UP,
    },
)


def test_a_move_of_the_table_leads_where_the_table_says() -> None:
    assert DOOR.next_status(Door.SHUT, Act.OPEN) is Door.OPEN


def test_a_move_that_the_table_lacks_is_an_error_that_says_what_may_happen() -> None:
    with pytest.raises(IllegalMoveError) as caught:
        DOOR.next_status(Door.OPEN, Act.WALL_UP)
    assert caught.value.message == "A door that is open cannot wall_up: it may shut."
    assert caught.value.__suppress_context__


def test_where_nothing_follows_the_error_says_that_it_has_ended() -> None:
    assert DOOR.illegal(Door.WALLED_UP, Act.OPEN).message == "A door that is walled_up cannot open: it has ended."


def test_statuses_that_nothing_leaves_are_terminal() -> None:
    assert DOOR.terminal == {Door.WALLED_UP}


def test_the_sources_of_an_event_are_where_it_may_happen() -> None:
    assert DOOR.sources(Act.WALL_UP) == {Door.SHUT}


def test_a_table_cannot_be_changed_from_outside() -> None:
    moves = {(Door.SHUT, Act.OPEN): Door.OPEN}
    table = Lifecycle("door", Door.SHUT, moves)
    moves.clear()
    assert table.next_status(Door.SHUT, Act.OPEN) is Door.OPEN


def test_a_table_draws_itself() -> None:
    assert DOOR.mermaid().splitlines() == [
        "stateDiagram-v2",
        "    [*] --> shut",
        "    shut --> open: open",
        "    open --> shut: shut",
        "    shut --> walled_up: wall_up",
        "    walled_up --> [*]",
    ]
