"""What the map of the code says is what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from core import JobPhase
from core.lifecycle.job import JOB_LIFECYCLE
from core.lifecycle.workflow import NODE_LIFECYCLE, WORKFLOW_LIFECYCLE

_PAGE = (Path(__file__).resolve().parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
_DIAGRAM = re.compile(r"^```mermaid\n(stateDiagram-v2.*?)\n```$", re.MULTILINE | re.DOTALL)


def test_the_state_diagrams_are_the_tables_of_moves() -> None:
    tables = (JOB_LIFECYCLE, WORKFLOW_LIFECYCLE, NODE_LIFECYCLE)
    assert _DIAGRAM.findall(_PAGE) == [table.mermaid() for table in tables]


def test_the_phases_are_named_in_their_order() -> None:
    assert f"its `phase`: {', '.join(JobPhase)}." in _PAGE
