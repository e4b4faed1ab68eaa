"""Lines as people see them: colours stay, nothing acts, nothing hides."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.logs.colours import Colours
from core.logs.display import display_text

ESC = "\x1b"
_ALLOWED = re.compile(r"\x1b\[[0-9;]{0,80}m")


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("plain text, as it is", "plain text, as it is"),
        (f"{ESC}[31mred{ESC}[0m", f"{ESC}[31mred{ESC}[0m"),
        (f"{ESC}[38:2::1:2:3mcolon{ESC}[4:3m", f"{ESC}[38;2;1;2;3mcolon{ESC}[4m"),
        (f"{ESC}[38:5:200m", f"{ESC}[38;5;200m"),
        (f"{ESC}]0;a title\x07text", "text"),
        (f"{ESC}]8;;http://x{ESC}\\link{ESC}]8;;{ESC}\\", "link"),
        (f"{ESC}[2K{ESC}[1Aover", "over"),
        (f"{ESC}(Bcharset", "charset"),
        (f"{ESC}c{ESC}7reset", "reset"),
        (" 10%\r 20%\r100%", "100%"),
        ("windows line\r", "windows line"),
        (f"{ESC}[32m10%\r20%\r", f"{ESC}[32m20%"),
        ("\r\r", ""),
        ("bell\x07 back\x08", "bell␇ back␈"),
        ("nul\x00 del\x7f lone" + ESC, "nul␀ del␡ lone␛"),
        ("evil \u202egnp.exe", "evil <U+202E>gnp.exe"),
        ("zero\u200bwidth \ufeffmark", "zero<U+200B>width <U+FEFF>mark"),
        ("c1 \x9b31m", "c1 <U+009B>31m"),
        ("tab\tstays, ä 漢 👍🏽 עברית too", "tab\tstays, ä 漢 👍🏽 עברית too"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_colours_stay_and_whatever_would_act_goes_or_is_seen(printed: str, shown: str) -> None:
    assert display_text(printed) == shown


@given(st.text(alphabet=st.sampled_from("ab[];:m0138\x1b\x07\x9c\\()BK\r\t\u202e\u200b\x00 ")))
def test_whatever_was_printed_no_control_character_comes_out_but_tabs_and_colours(printed: str) -> None:
    rest = _ALLOWED.sub("", display_text(printed))
    assert rest.replace("\t", "").isprintable()


@pytest.mark.parametrize(
    ("printed", "on"),
    [
        ("nothing", ""),
        (f"{ESC}[31mred", f"{ESC}[31m"),
        (f"{ESC}[1;31m{ESC}[22mno longer bold", f"{ESC}[31m"),
        (f"{ESC}[31m{ESC}[mreset", ""),
        (f"{ESC}[31m{ESC}[0;4mline", f"{ESC}[4m"),
        (f"{ESC}[38;5;0mblack of 256, no reset", f"{ESC}[38;5;0m"),
        (f"{ESC}[38;2;0;0;0;1m", f"{ESC}[1;38;2;0;0;0m"),
        (f"{ESC}[41m{ESC}[97m", f"{ESC}[97;41m"),
        (f"{ESC}[100m{ESC}[49m{ESC}[39m", ""),
        (f"{ESC}[8mhidden text is not hidden", ""),
        (f"{ESC}[38mcut short", f"{ESC}[38m"),
    ],
)
def test_what_a_line_leaves_switched_on_is_told_in_one_sequence(printed: str, on: str) -> None:
    colours = Colours()
    colours.take(printed)
    assert colours.sequence == on
