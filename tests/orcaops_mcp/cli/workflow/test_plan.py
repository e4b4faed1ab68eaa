"""`orcaops workflow plan`, `graph`, `expand` and `schema`: what a file would do, and how it is read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from core import workflow_schema
from tests.orcaops_mcp.cli.workflow.conftest import NOTHING_WRONG, SEED, TYPO

if TYPE_CHECKING:
    from tests.orcaops_mcp.cli.workflow.conftest import Desk

TYPED = """\
inputs:
  level: {type: choice, options: [quick, full], required: true}
  count: {type: number, default: 1}
jobs:
  test:
    image: alpine:3.20
    if: inputs.level == 'full'
    matrix: {python: ["3.11", "3.12"]}
    env: {COUNT: "${{ inputs.count }}"}
    commands: [echo "$COUNT"]
  report: {image: "alpine:3.20", needs: test, commands: [ls]}
"""


def test_the_seeds_pipeline_has_five_nodes_in_order_and_notifies_last(desk: Desk) -> None:
    plan = desk.document("plan", "--json", desk.put("seed.yaml", SEED))
    assert plan["order"] == ["build", "test-unit", "test-integration", "deploy-staging", "notify"]
    assert plan["generations"] == [["build"], ["test-unit", "test-integration"], ["deploy-staging"], ["notify"]]
    jobs = {job["id"]: job for job in plan["jobs"]}
    assert {job for job, told in jobs.items() if told.get("finally")} == {"notify"}
    assert (jobs["notify"]["will"], jobs["deploy-staging"]["depends_on"]) == ("run", ["github.ref"])


def test_a_plan_says_what_runs_what_does_not_and_why(desk: Desk) -> None:
    text = desk.run("plan", desk.put("typed.yaml", TYPED), "--input", "level=quick", "-i", "count=3").stdout
    assert "- test" in text
    assert "'quick' == 'full'" in text
    assert "- report <- test: needs test (skipped)" in text


def test_inputs_are_typed_and_variants_are_nodes(desk: Desk) -> None:
    plan = desk.document("plan", desk.put("typed.yaml", TYPED), "-i", "level=full", "-i", "count=3", "--json")
    assert plan["inputs"] == {"level": "full", "count": 3}
    assert plan["order"] == ["test-3.11", "test-3.12", "report"]
    assert plan["nodes"][0]["request"]["env"] == {"COUNT": "3"}


def test_options_have_variables_of_their_names(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCAOPS_WORKFLOW_PLAN_INPUT", "level=full count=2")
    monkeypatch.setenv("ORCAOPS_WORKFLOW_VALIDATE_FORMAT", "json")
    plan = desk.document("plan", "--json=inputs", desk.put("typed.yaml", TYPED))
    assert plan["inputs"] == {"level": "full", "count": 2}
    assert desk.document("validate", "typed.yaml") == {"valid": True, "findings": []}


def test_an_assumed_failure_shows_what_would_run_then(desk: Desk) -> None:
    file = desk.put("typed.yaml", TYPED)
    assumed = desk.document("plan", file, "-i", "level=full", "--assume", "test[python=3.12]=failure", "--json")
    will = {job["id"]: job["will"] for job in assumed["jobs"]}
    assert will == {"test": "run", "report": "skip"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 7, ["inputs.level", "required, and missing"]),
        (("-i", "level=slow"), 7, ["inputs.level", "quick, full"]),
        (("-i", "levle=full", "-i", "count=x"), 7, ["3 inputs", "inputs.levle: no such input", "inputs.count"]),
        (("-i", "level"), 2, ["'level' is not NAME=VALUE"]),
        (("-i", "level=full", "--assume", "test"), 2, ["'test' is not JOB=OUTCOME"]),
        (("-i", "level=full", "--assume", "test[python=3.12]"), 2, ["is not JOB=OUTCOME"]),
        (("-i", "level=full", "--assume", "tset=failure"), 2, ["tset"]),
        (("-i", "level=full", "--assume", "test=broken"), 2, ["broken"]),
    ],
)
def test_what_is_given_wrongly_is_said_at_once(desk: Desk, words: tuple[str, ...], code: int, said: list[str]) -> None:
    result = desk.run("plan", desk.put("typed.yaml", TYPED), *words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert all(part in result.stderr for part in said), result.stderr


@pytest.mark.parametrize("command", ["plan", "graph", "expand"])
def test_a_faulty_file_is_refused_with_its_findings(desk: Desk, command: str) -> None:
    result = desk.run(command, desk.put("typo.yaml", TYPO))
    assert (result.exit_code, result.stdout) == (7, "")
    assert "typo.yaml:5:5: E002 " in result.stderr
    assert "orcaops: typo.yaml: 1 error." in result.stderr
    told = json.loads(desk.run(command, "typo.yaml", "--json").stderr)["error"]
    assert (told["code"], told["findings"][0]["line"]) == ("invalid_workflow", 5)


def test_a_graph_is_a_line_for_each_job_with_stage_and_needs(desk: Desk) -> None:
    lines = desk.lines("graph", desk.put("typed.yaml", TYPED), "-i", "level=full")
    assert lines == ["1\ttest\t2\t", "2\treport\t1\ttest"]


def test_a_graph_is_drawn_by_others_too(desk: Desk) -> None:
    file = desk.put("seed.yaml", SEED)
    assert desk.lines("graph", "--format", "mermaid", file)[0].startswith("flowchart")
    dot = desk.lines("graph", "--format", "dot", file)
    assert (dot[0].partition(" ")[0], dot[-1]) == ("digraph", "}")
    graph = desk.document("graph", "--format", "json", file)
    assert {"from": "build", "to": "test-unit", "kind": "needs", "optional": False} in graph["edges"]
    notify = next(job for job in graph["jobs"] if job["id"] == "notify")
    assert notify["finally"]
    assert notify["waits_for"] == ["build", "test-unit", "test-integration", "deploy-staging"]


def test_an_expansion_is_the_same_workflow_in_canonical_keys(desk: Desk) -> None:
    text = desk.run("expand", desk.put("seed.yaml", SEED)).stdout
    assert "needs:" in text
    assert "requires" not in text
    assert "# line 5" in text
    desk.put("again.yaml", text)
    orders = [desk.document("plan", "--json=order", name)["order"] for name in ("seed.yaml", "again.yaml")]
    assert orders[0] == orders[1]
    assert desk.run("expand", "again.yaml").exit_code == 0


def test_standard_input_can_be_planned_drawn_and_expanded(desk: Desk) -> None:
    for command in ("plan", "graph", "expand"):
        result = desk.run(command, "-", given=NOTHING_WRONG)
        assert (result.exit_code, "hello" in result.stdout) == (0, True)


def test_the_schema_is_printed_by_two_names_and_written_to_a_file(desk: Desk) -> None:
    schema = desk.document("schema")
    assert schema == workflow_schema()
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert desk.run("schema", "-o", "workflow.schema.json").exit_code == 0
    assert json.loads(desk.text("workflow.schema.json")) == schema
