"""What others made is named with its licence, and may be used as we use it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tests.docs.third_party import installed_parts, page, shipped_parts

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "third-party.md"
_ACCEPT = "ACCEPT_SNAPSHOTS"
_MAY_BE_USED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "PSF-2.0",
}


def test_the_page_lists_what_an_installation_brings() -> None:
    if os.environ.get(_ACCEPT) == "1":
        _PAGE.write_text(page(), encoding="utf-8")
    assert _PAGE.read_text(encoding="utf-8") == page(), f"changed on purpose? run the tests with {_ACCEPT}=1"


def test_every_licence_is_one_that_asks_for_no_more_than_being_named() -> None:
    licences = {part.licence for part in (*installed_parts(), *shipped_parts())}
    assert {one for text in licences for one in re.split(r" AND | OR ", text)} <= _MAY_BE_USED
