"""A whole pipeline, and what is told when it is broken."""

from __future__ import annotations

import json

import pytest

from core.plan.findings import Place
from core.plan.fixes import mended
from core.plan.reading import Reading, Target, read_workflow
from core.plan.source import Scalar, node_at
from core.spec.workflow import NeedSpec
from tests.core.plan.reading.asking import PIPELINE, only, reading, spec, told


def test_a_pipeline_as_people_write_it_has_no_findings() -> None:
    found = reading(PIPELINE)
    assert told(found) == ""
    assert found.spec is not None
    jobs = found.spec.jobs
    assert list(jobs) == ["build", "test-unit", "test-integration", "deploy-staging", "notify"]
    assert jobs["build"].timeout_s == 600
    assert jobs["build"].artifacts[0].paths == ("/build/image-digest.txt",)
    assert jobs["test-unit"].needs == (NeedSpec(job="build"),)
    assert [step.commands for step in jobs["test-unit"].steps] == [
        ("pip install -r requirements-test.txt", "pytest tests/unit -v")
    ]
    assert jobs["test-integration"].parallel_with == ("test-unit",)
    services = jobs["test-integration"].services
    assert {name: service.image for name, service in services.items()} == {
        "postgres": "postgres:15",
        "redis": "redis:7",
    }
    assert jobs["deploy-staging"].condition == "${{ github.ref == 'refs/heads/main' }}"
    assert jobs["notify"].is_finally
    assert not jobs["build"].is_finally


def test_a_slip_in_a_key_is_told_at_its_place_mended_and_read_as_what_was_meant() -> None:
    broken = PIPELINE.replace(
        'test-unit: {image: "python:3.11-slim", requires', 'test-unit: {image: "python:3.11-slim", requries'
    )
    found = reading(broken)
    finding = only(found)
    assert (finding.code, finding.place, finding.path) == ("E002", Place(5, 42, 5, 50), "jobs.test-unit.requries")
    assert finding.message == "Unknown key 'requries' in a job."
    assert finding.hint.startswith("did you mean 'requires'?")
    assert mended(broken, found.findings) == PIPELINE
    assert found.spec == reading(PIPELINE).spec


def test_the_canonical_tree_knows_where_everything_was_written() -> None:
    found = reading(PIPELINE)
    assert found.tree is not None
    need = node_at(found.tree, ("jobs", "deploy-staging", "needs", 1, "job"))
    assert isinstance(need, Scalar)
    assert (need.text, need.place.line, need.path) == (
        "test-integration", 7, ("jobs", "deploy-staging", "requires", 1),
    )  # fmt: skip
    command = node_at(found.tree, ("jobs", "build", "steps", 0, "commands", 0))
    assert isinstance(command, Scalar)
    assert command.path == ("jobs", "build", "commands", 0)


def test_every_text_with_an_expression_is_listed_with_what_it_may_name() -> None:
    found = reading(
        """
        run-name: ci ${{ run.number }}
        jobs:
          a:
            image: alpine:${{ inputs.tag }}
            if: github.ref == 'x'
            timeout: ${{ inputs.t }}
            matrix: {v: ["${{ vars.x }}"]}
            max-parallel: ${{ vars.y }}
            steps: [{run: "echo ${{ env.A }}", if: "always()"}]
            outputs: {o: "${{ steps.x.outputs.y }}"}
        """
    )
    assert [(site.path, site.where.name, site.target) for site in found.sites] == [
        (("run_name",), "RUN", Target.TEXT),
        (("jobs", "a", "image", "name"), "JOB", Target.TEXT),
        (("jobs", "a", "if"), "JOB_IF", Target.CONDITION),
        (("jobs", "a", "timeout"), "JOB", Target.DURATION),
        (("jobs", "a", "matrix", "v", 0), "MATRIX", Target.ANY),
        (("jobs", "a", "max_parallel"), "MATRIX", Target.NUMBER),
        (("jobs", "a", "outputs", "o", "value"), "JOB_OUTPUTS", Target.TEXT),
        (("jobs", "a", "steps", 0, "commands", 0), "STEP", Target.TEXT),
        (("jobs", "a", "steps", 0, "if"), "STEP_IF", Target.CONDITION),
    ]


@pytest.mark.parametrize("text", ["", "[1]", "text", "1", "\t", "jobs: [", "a: 1\na: 2\n"])
def test_what_is_no_workflow_has_findings(text: str) -> None:
    found = read_workflow(text)
    assert found.findings
    assert found.spec is None or found.spec.jobs == {}


def test_what_is_no_mapping_is_told() -> None:
    finding = only(reading("- 1\n"))
    assert (finding.code, finding.message) == ("E004", "'the workflow' must be a mapping, not a list.")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ci.yaml", "ci"),
        ("a/b/deploy.orcaops.yml", "deploy"),
        ("", "workflow"),
        ("x.json", "x"),
        ("C:\\w\\my.yaml", "my"),
    ],
)
def test_a_workflow_without_a_name_has_its_files(name: str, expected: str) -> None:
    found = read_workflow("jobs: {a: {image: alpine, run: x}}", name)
    assert found.spec is not None
    assert found.spec.name == expected


def test_json_and_bytes_are_read_alike() -> None:
    document = {"name": "x", "jobs": {"a": {"image": "alpine", "commands": ["x"]}}}
    as_text = read_workflow(json.dumps(document))
    assert as_text.spec == read_workflow(json.dumps(document).encode()).spec
    assert as_text.findings == ()


def test_a_hundred_findings_are_told_at_most_and_errors_first() -> None:
    jobs = "".join(f"  j{index}: {{image: alpine, runs-on: x, run: x, wrong: 1}}\n" for index in range(120))
    found = reading(f"jobs:\n{jobs}")
    assert len(found.findings) == 100
    assert {finding.code for finding in found.findings} == {"E002"}


def canonical(found: Reading) -> Reading:
    assert found.tree is not None
    return read_workflow(json.dumps(found.tree.to_plain()), "ci.yaml")


def test_the_canonical_document_says_the_same() -> None:
    found = reading(PIPELINE)
    again = canonical(found)
    assert (again.findings, again.spec) == ((), found.spec)


@pytest.mark.slow
def test_two_thousand_jobs_are_read() -> None:
    jobs = "".join(
        f"  j{index}: {{image: alpine, run: x, needs: [{f'j{index - 1}' if index else ''}]}}\n" for index in range(2000)
    )
    assert len(spec(f"jobs:\n{jobs}").jobs) == 2000
