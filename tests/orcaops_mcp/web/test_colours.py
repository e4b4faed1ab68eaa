"""Colours are told from their ground by everybody, and success from failure in every way of seeing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

import orcaops_mcp.web

_TOKENS: Final = Path(orcaops_mcp.web.__file__).parent / "static" / "css" / "tokens.css"
_STATUSES: Final = ("queued", "running", "success", "failed", "timed_out", "cancelled", "skipped", "partial")
_TEXTS: Final = ("text", "muted", "accent", "bad", "warn", *_STATUSES)
_THEMES: Final = {"light": 0, "dark": 1}
_SEEING: Final = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
"""By Machado and others, 2009, at full strength, on linear light."""

Light = tuple[float, float, float]


def _tokens() -> dict[str, tuple[str, str]]:
    found = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", _TOKENS.read_text(encoding="utf-8"))
    return {name: (light, dark) for name, light, dark in found}


def _light(colour: str) -> Light:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def _contrast(one: Light, other: Light) -> float:
    bright, dim = sorted(
        (0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in (one, other)), reverse=True
    )
    return (bright + 0.05) / (dim + 0.05)


def _seen(light: Light, way: str) -> Light:
    red, green, blue = (
        min(1.0, max(0.0, sum(weight * part for weight, part in zip(row, light, strict=True)))) for row in _SEEING[way]
    )
    return red, green, blue


def _oklab(light: Light) -> Light:
    red, green, blue = light
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _distance(one: Light, other: Light) -> float:
    return 100 * sum((a - b) ** 2 for a, b in zip(_oklab(one), _oklab(other), strict=True)) ** 0.5


@pytest.mark.parametrize("theme", _THEMES)
@pytest.mark.parametrize("ground", ["bg", "panel"])
def test_every_text_and_status_stands_out_from_its_ground(theme: str, ground: str) -> None:
    tokens, which = _tokens(), _THEMES[theme]
    ratios = {name: _contrast(_light(tokens[name][which]), _light(tokens[ground][which])) for name in _TEXTS}
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", _THEMES)
def test_words_on_filled_badges_and_marks_stand_out(theme: str) -> None:
    tokens, which = _tokens(), _THEMES[theme]
    for word, ground in (
        ("on-accent", "accent"),
        ("on-accent", "failed"),
        ("on-accent", "timed_out"),
        ("text", "mark"),
    ):
        assert _contrast(_light(tokens[word][which]), _light(tokens[ground][which])) >= 4.5, (word, ground)
    assert _contrast(_light(tokens["line-strong"][which]), _light(tokens["bg"][which])) >= 3


@pytest.mark.parametrize("way", _SEEING)
@pytest.mark.parametrize("theme", _THEMES)
def test_success_and_failure_are_told_apart_in_every_way_of_seeing(theme: str, way: str) -> None:
    tokens, which = _tokens(), _THEMES[theme]
    success, failed = (_seen(_light(tokens[name][which]), way) for name in ("success", "failed"))
    assert _distance(success, failed) >= 10
