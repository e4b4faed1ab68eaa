"""Every example workflow is in order, plans to what its comment says, and names images that can be had."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import jsonschema
import pytest
import yaml

from core import check_workflow, workflow_schema

if TYPE_CHECKING:
    from core import WorkflowCheck, WorkflowPlan

FOLDER = Path(__file__).parents[2] / "workflows"
IMAGES = {"python:3.11-slim", "redis:7", "postgres:15"}


class Expected(NamedTuple):
    """What comes of an example.

    Attributes:
        stages: The nodes, `+` between those that start together, in the order of the stages.
        findings: The codes of what is said about it, which is meant.
        skipped: The jobs that do not run as it stands.
        dynamic: The jobs whose variants are known only when they start.
    """

    stages: str
    findings: dict[str, int] = {}  # noqa: RUF012 - a tuple's default is never changed
    skipped: str = ""
    dynamic: str = ""


PYTHONS = (
    "test-3.9-debian + test-3.10-debian + test-3.10-alpine + test-3.11-debian + test-3.11-alpine + test-3.12-debian + "
    "test-3.12-alpine + test-3.13-debian-true"
)
EXPECTED = {
    "hello": Expected("hello"),
    "order": Expected("fetch > lint + test > package + measure > report"),
    "steps": Expected("build"),
    "inputs": Expected("greet"),
    "conditions": Expected("check > sign > deploy > roll_back > tell", skipped="sign roll_back"),
    "outputs": Expected("version > publish"),
    "artifacts": Expected("build > try > announce"),
    "matrix": Expected(f"{PYTHONS} > gather", {"I111": 1}),
    "dynamic-matrix": Expected("split > work > check > merge", dynamic="work check"),
    "services": Expected("cache + database"),
    "shared-services": Expected("schema > fill-one + fill-two + fill-three > count > look"),
    "retries": Expected("flaky + download + advice > go_on"),
    "concurrency": Expected("check > deploy"),
    "extends": Expected("lint + test"),
    "reuse": Expected("world > everybody > say"),
    "parts/greeting": Expected("compose"),
    "github-style": Expected("test-1 + test-2 > report", {"I160": 4}),
    "gitlab-style": Expected(
        "compile > unit-api-fast + unit-web-fast + unit-jobs-fast + unit-jobs-slow + style > ship", {"I160": 12}
    ),
    "ci-pipeline": Expected("build > test-unit + test-integration > deploy-staging > notify"),
}
INPUTS = {"parts/greeting": {"who": "test"}}


def checked(name: str, **more: object) -> WorkflowCheck:
    file = FOLDER / f"{name}.yaml"
    inputs = {**INPUTS.get(name, {}), **more}
    return check_workflow(
        file.read_bytes(), file.name, inputs=inputs, load=lambda path: (file.parent / path).read_bytes()
    )


def planned(name: str, assume: dict[str, str] | None = None, **inputs: object) -> WorkflowPlan:
    file = FOLDER / f"{name}.yaml"
    plan = check_workflow(
        file.read_bytes(),
        file.name,
        inputs={**INPUTS.get(name, {}), **inputs},
        load=lambda path: (file.parent / path).read_bytes(),
        assume=assume,
    ).plan
    assert plan is not None
    return plan


def acts(plan: WorkflowPlan) -> dict[str, str]:
    return {job.id: job.decision.act.value for job in plan.jobs}


def test_every_example_is_expected_to_do_something() -> None:
    files = {path for path in FOLDER.rglob("*.yaml") if path.parent.name not in {"jobs", "templates"}}
    assert {path.relative_to(FOLDER).with_suffix("").as_posix() for path in files} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_is_in_order_and_only_what_is_meant_is_said_about_it(name: str) -> None:
    check = checked(name)
    assert check.is_valid, check.findings
    assert Counter(finding.code for finding in check.findings) == EXPECTED[name].findings
    assert not check.input_findings


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_plans_to_the_nodes_and_the_order_that_are_expected(name: str) -> None:
    expected, plan = EXPECTED[name], planned(name)
    stages = [" + ".join(node for job in jobs for node in plan.job(job).nodes) for jobs in plan.generations]
    assert " > ".join(stages) == expected.stages
    assert plan.order == tuple(re.split(r" [+>] ", expected.stages))
    assert [job.id for job in plan.jobs if job.decision.act.value == "skip"] == expected.skipped.split()
    assert [node.job for node in plan.nodes if node.is_dynamic] == expected.dynamic.split()
    assert plan.status is not None
    assert plan.status.is_ok
    assert not plan.faults
    assert not any(node.definition.faults for _, node in plan.all_nodes())


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_uses_images_that_every_developer_has(name: str) -> None:
    assert {image.reference for image in planned(name).images} <= IMAGES


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_begins_with_a_comment_and_fits_the_schema(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith("# ")
    content = {str(key).replace("True", "on"): value for key, value in yaml.safe_load(text).items()}
    faults = list(jsonschema.Draft7Validator(workflow_schema()).iter_errors(content))  # pyright: ignore[reportUnknownMemberType] - no types
    assert not faults


def test_the_page_lists_every_example_once() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[[\w-]+\]\(([\w/-]+)\.yaml\) \|", page, re.MULTILINE)
    assert Counter(name for name in listed if not name.startswith(("jobs/", "templates/"))) == Counter(list(EXPECTED))


def test_the_matrix_example_tolerates_only_the_variant_it_says() -> None:
    plan = planned("matrix")
    tolerated = [node.id for node in plan.nodes if node.definition.values.get("continue_on_error") == {"always": True}]
    assert tolerated == ["test-3.13-debian-true"]
    assert planned("matrix", {"test-3.13-debian-true": "failure"}).job("gather").decision.act.value == "run"
    assert planned("matrix", {"test-3.9-debian": "failure"}).job("gather").decision.act.value == "skip"


def test_the_conditions_example_does_what_its_inputs_and_failures_ask_for() -> None:
    production = acts(planned("conditions", target="production"))
    assert production == {"check": "run", "sign": "run", "deploy": "run", "roll_back": "skip", "tell": "run"}
    assert acts(planned("conditions", dry_run=True))["deploy"] == "skip"
    failed = acts(planned("conditions", {"deploy": "failure"}))
    assert (failed["roll_back"], failed["tell"]) == ("run", "run")
    assert acts(planned("conditions", {"check": "failure"})) == {
        "check": "run",
        "sign": "skip",
        "deploy": "skip",
        "roll_back": "run",
        "tell": "run",
    }


def test_the_reuse_example_plans_the_jobs_of_the_file_it_calls() -> None:
    assert [path for path, _ in planned("reuse").all_nodes()] == [
        "world",
        "world / compose",
        "everybody",
        "everybody / compose",
        "say",
    ]


def test_the_pipeline_tells_somebody_whatever_happens() -> None:
    for job in ("build", "test-unit", "test-integration"):
        will = acts(planned("ci-pipeline", {job: "failure"}))
        assert (will["deploy-staging"], will["notify"]) == ("skip", "run")
