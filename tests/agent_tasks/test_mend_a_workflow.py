"""Task: "This workflow is refused. Mend it and run it." The agent makes the edits it is given, no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.agent_tasks.conftest import Agent

pytestmark = pytest.mark.slow

FAULTY = """\
name: broken
jobs:
  build: {image: "busybox:1.36", comands: ["echo building"]}
  test: {image: "busybox:1.36", needs: biuld, commands: ["echo testing"]}
  deploy:
    image: busybox:1.36
    requries: [test]
    if: ${{ needs.test.result == "success" }}
    commands: ["echo deploying"]
"""


async def test_an_agent_mends_a_file_by_the_edits_it_is_given(agent: Agent) -> None:
    is_refused, refusal = await agent.attempt("orcaops_run_workflow", spec=FAULTY)
    assert is_refused
    assert refusal["code"] == "invalid_workflow"
    findings = refusal["findings"]
    assert all("fix" in finding for finding in findings if finding["severity"] == "error")

    mended = mended_by(FAULTY, (edit for finding in findings for edit in finding.get("fix", {}).get("edits", [])))
    checked = await agent.use("orcaops_validate_workflow", spec=mended)
    assert checked["valid"], checked

    done = await agent.use("orcaops_run_workflow", spec=mended, wait_s=50)
    assert (done["status"], [node["id"] for node in done["nodes"]]) == ("success", ["build", "test", "deploy"])
    assert agent.calls == 3


def mended_by(text: str, edits: Iterable[dict[str, Any]]) -> str:
    """The text after the edits, as the page on findings says: the last in the file first."""
    lines = text.splitlines(keepends=True)

    def place(line: int, column: int) -> int:
        return sum(len(each) for each in lines[: line - 1]) + column - 1

    for edit in sorted(edits, key=lambda each: (each["line"], each["column"]), reverse=True):
        first, end = place(edit["line"], edit["column"]), place(edit["end_line"], edit["end_column"])
        text = f"{text[:first]}{edit.get('text', '')}{text[end:]}"
    return text
