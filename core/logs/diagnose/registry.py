"""All readers, the most specific first, and the quick look for what concerns them."""

from __future__ import annotations

from typing import Final

from core.logs.diagnose import (
    containers,
    crashes,
    go,
    javascript_tests,
    jvm,
    jvm_builds,
    native,
    node,
    packages,
    plain,
    pytest_report,
    python,
    rust,
    scripting,
    shell,
)
from core.logs.diagnose.needles import NeedleSet

RECOGNISERS: Final = (
    *crashes.RECOGNISERS,
    *pytest_report.RECOGNISERS,
    *javascript_tests.RECOGNISERS,
    *jvm_builds.RECOGNISERS,
    *go.RECOGNISERS,
    *rust.RECOGNISERS,
    *native.RECOGNISERS,
    *packages.RECOGNISERS,
    *containers.RECOGNISERS,
    *python.RECOGNISERS,
    *node.RECOGNISERS,
    *jvm.RECOGNISERS,
    *scripting.RECOGNISERS,
    *shell.RECOGNISERS,
    *plain.RECOGNISERS,
)
"""In order of specificity: of findings as weighty as each other on the same line, the first counts."""


NEEDLES: Final = NeedleSet(recogniser.needles for recogniser in RECOGNISERS)
"""Finds which recognisers a text concerns, by their indices."""
