"""The page of faults and hostile inputs is what the tests show."""

from __future__ import annotations

import os

import pytest

from tests.docs.reliability import PAGE, marked_tests, table
from tests.faults.rows import ROWS as FAULTS
from tests.hostile.rows import ROWS as INPUTS

_ACCEPT = "ACCEPT_SNAPSHOTS"
_HEAD = """# Faults and hostile inputs

What may go wrong, and what anybody may send, with what OrcaOps does about it and the tests that show it. The page is
written from the tests' own marks; a row without a test would say so.

"""


def _page() -> str:
    faults = table(FAULTS, "fault", "what goes wrong")
    inputs = table(INPUTS, "hostile", "what is sent")
    return f"{_HEAD}## What may go wrong\n\n{faults}\n## What anybody may send\n\n{inputs}"


def test_the_page_is_what_the_tests_show() -> None:
    if os.environ.get(_ACCEPT) == "1":
        PAGE.write_text(_page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == _page(), f"changed on purpose? run the tests with {_ACCEPT}=1"


@pytest.mark.parametrize(("rows", "kind"), [(FAULTS, "fault"), (INPUTS, "hostile")], ids=["faults", "inputs"])
def test_every_mark_names_a_row(rows: dict[str, object], kind: str) -> None:
    assert marked_tests(kind).keys() <= rows.keys()
