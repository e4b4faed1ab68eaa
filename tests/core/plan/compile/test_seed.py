"""The seed's pipeline: its plan, its simulations, and its broken variants."""

from __future__ import annotations

import pytest

from core.plan.findings import SourceFinding, has_errors
from core.plan.fixes import mended
from core.plan.lint import lint_workflow
from core.plan.reading import read_workflow
from core.plan.rollup import RunStatus
from tests.core.plan.compile.planned import SEED, fates, plan
from tests.core.plan.lint.linted import marked

MAIN = {"ref": "refs/heads/main"}


def test_it_plans_to_five_nodes_in_order_with_a_finally_job() -> None:
    found = plan(SEED)
    assert found.order == ("build", "test-unit", "test-integration", "deploy-staging", "notify")
    assert found.generations == (
        ("build",),
        ("test-unit", "test-integration"),
        ("deploy-staging",),
        ("notify",),
    )
    assert [node.id for node in found.nodes if node.is_finally] == ["notify"]
    assert found.job("test-unit").together == ("test-integration",)
    assert found.job("test-integration").together == ("test-unit",)
    assert found.status is RunStatus.SUCCESS


def test_what_depends_on_the_branch_is_open_until_it_is_known() -> None:
    assert fates(plan(SEED))["deploy-staging"] == "depends"
    assert plan(SEED).node("deploy-staging").decision.explanation == "depends on github.ref"
    assert fates(plan(SEED, github=MAIN))["deploy-staging"] == "run"
    elsewhere = plan(SEED, github={})
    assert fates(elsewhere)["deploy-staging"] == "skip condition"
    expected = "success() && null == 'refs/heads/main' → false"
    assert elsewhere.node("deploy-staging").decision.explanation == expected


@pytest.mark.parametrize(
    ("assume", "skipped", "status"),
    [
        ({"build": "failure"}, ["test-unit", "test-integration", "deploy-staging"], RunStatus.FAILED),
        ({"test-unit": "failure"}, ["deploy-staging"], RunStatus.PARTIAL),
        ({"TEST-UNIT": "timed_out"}, ["deploy-staging"], RunStatus.PARTIAL),
        ({"test-unit": "cancelled"}, ["deploy-staging"], RunStatus.PARTIAL),
        ({"test-unit": "skipped"}, ["test-unit", "deploy-staging"], RunStatus.SUCCESS),
        ({"notify": "failed"}, [], RunStatus.PARTIAL),
    ],
)
def test_an_assumption_shows_what_would_run_and_what_would_not(
    assume: dict[str, str], skipped: list[str], status: RunStatus
) -> None:
    found = plan(SEED, github=MAIN, assume=assume)
    assert [name for name, fate in fates(found).items() if fate.startswith("skip")] == skipped
    assert fates(found)["notify"] == "run"
    assert found.status is status


def test_its_requests_are_what_would_be_run() -> None:
    found = plan(SEED)
    build = found.node("build").definition
    assert build.open == {}
    assert build.values == {
        "image": "docker:24-dind",
        "pull": "missing",
        "steps": [{"commands": ["docker build -t $REGISTRY/myapp:$APP_VERSION ."]}],
        "env": {"APP_VERSION": "1.0.0", "REGISTRY": "ghcr.io/myorg"},
        "artifacts": [{"paths": ["/build/image-digest.txt"]}],
        "timeout_s": 600,
    }
    assert [(image.reference, image.nodes, image.services) for image in found.images] == [
        ("docker:24-dind", ("build",), ()),
        ("python:3.11-slim", ("test-unit", "test-integration"), ()),
        ("postgres:15", (), ("test-integration/postgres",)),
        ("redis:7", (), ("test-integration/redis",)),
        ("kubectl:latest", ("deploy-staging",), ()),
        ("alpine:latest", ("notify",), ()),
    ]


def test_the_longest_chain_counts_earlier_durations_and_what_does_not_run_takes_no_time() -> None:
    durations = {"build": 60.0, "test-unit": 5, "test-integration": 90, "deploy-staging": 20, "notify": 1}
    found = plan(SEED, github=MAIN, durations_s=durations)
    assert found.critical_path.jobs == ("build", "test-integration", "deploy-staging", "notify")
    assert found.critical_path.duration_s == 171
    assert plan(SEED, github={}, durations_s=durations).critical_path.duration_s == 151
    assert plan(SEED).critical_path.jobs == ("build", "test-unit", "deploy-staging", "notify")


def broken(was: str, becomes: str) -> tuple[str, list[SourceFinding]]:
    assert SEED.count(was) == 1
    text = SEED.replace(was, becomes)
    return text, errors(text)


def errors(text: str) -> list[SourceFinding]:
    reading = read_workflow(text, "ci.yaml")
    return [finding for finding in (*reading.findings, *lint_workflow(reading)) if has_errors([finding])]


def test_a_circle_is_told_at_its_edge_and_mended() -> None:
    text, found = broken('image: "docker:24-dind"\n', 'image: "docker:24-dind"\n    requires: [deploy-staging]\n')
    assert [(finding.code, finding.place.line, finding.place.column, finding.message) for finding in found] == [
        ("E012", 6, 16, f"Jobs wait for each other in a circle: build -> deploy-staging -> {test} -> build.")
        for test in ("test-integration", "test-unit")
    ]
    assert [note.place.line for note in found[0].related] == [6, 19, 13]
    assert mended(text, found) == SEED


def test_a_key_that_is_spelled_wrong_is_told_and_mended() -> None:
    text, found = broken("requires: [build], commands", "requries: [build], commands")
    assert [(finding.code, finding.place.line, marked(text, finding.place)) for finding in found] == [
        ("E002", 9, "requries")
    ]
    assert errors(mended(text, found)) == []


def test_double_quotes_in_a_condition_are_told_and_mended() -> None:
    text, found = broken("\"${{ github.ref == 'refs/heads/main' }}\"", '"${{ github.ref == \\"x\\" }}"')
    assert [(finding.code, finding.place.line, marked(text, finding.place)) for finding in found] == [
        ("E101", 19, '\\"x\\"')
    ]
    assert found[0].place.column == 28
    assert "if: \"${{ github.ref == 'x' }}\"" in mended(text, found)


def test_all_three_are_told_at_once() -> None:
    text = SEED.replace('image: "docker:24-dind"\n', 'image: "docker:24-dind"\n    requires: [deploy-staging]\n')
    text = text.replace("== 'refs/heads/main'", '== \\"x\\"').replace(
        "requires: [test-unit, ", "requries: [test-unit, "
    )
    found = errors(text)
    assert sorted(finding.code for finding in found) == ["E002", "E012", "E012", "E101"]
    assert errors(mended(text, found)) == []
