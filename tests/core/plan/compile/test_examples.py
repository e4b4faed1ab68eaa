"""Plans of three larger files: a pipeline, a computed matrix, a release that calls the pipeline."""

from __future__ import annotations

import pytest

from core.plan.compile import Assumption
from core.plan.results import Outcome
from core.plan.rollup import RunStatus
from tests.core.plan.compile.planned import fates, plan

PIPELINE = """\
name: pipeline
run-name: "ci ${{ inputs.target }} #${{ run.number }}"
inputs:
  target: {type: choice, options: [staging, production], default: staging}
  publish: {type: boolean, default: false}
env: {APP: "1.0.0", REGISTRY: registry.example.com/org}
secrets: [REGISTRY_TOKEN]
timeout: 45m
concurrency: {group: "ci-${{ github.ref_name || run.id }}", cancel-in-progress: "${{ github.ref_name != 'main' }}"}
jobs:
  build:
    image: docker:27-cli
    retry: {max: 2, when: [infrastructure], backoff: {initial: 5s, factor: 2, max: 1m}}
    env: {TAG: "${{ env.REGISTRY }}/app:${{ env.APP }}"}
    commands: ['docker build -t "$TAG" .', 'echo "tag=$TAG" >> "$ORCAOPS_OUTPUT"']
  test-unit:
    image: python:${{ matrix.python }}-slim
    needs: build
    matrix:
      python: ["3.10", "3.11", "3.12"]
      resolver: [locked, latest]
      exclude: [{python: "3.10", resolver: latest}]
      include: [{python: "3.13", resolver: locked, experimental: true}]
    max_parallel: 3
    fail_fast: false
    continue-on-error: ${{ matrix.experimental == true }}
    commands: ['pip install -r "requirements-${{ matrix.resolver }}.txt"']
  test-integration:
    image: python:3.12-slim
    needs: build
    parallel_with: [test-unit]
    services:
      postgres: {image: "postgres:16", env: {POSTGRES_PASSWORD: test}, ready: {tcp: 5432}}
    env: {DATABASE_URL: "postgresql://postgres:test@${{ services.postgres.host }}/app"}
    commands: [pytest]
  deploy:
    image: alpine/k8s:1.31.0
    needs: [build, test-unit, test-integration]
    if: ${{ github.ref == 'refs/heads/main' || inputs.publish }}
    concurrency: {group: "deploy-${{ inputs.target }}", queue: max}
    env:
      IMAGE: ${{ needs.build.outputs.tag }}
      TOKEN: ${{ secrets.REGISTRY_TOKEN }}
    commands: ['./deploy.sh "$TARGET" "$IMAGE"']
  notify:
    image: alpine:3.20
    on_complete: always
    continue-on-error: true
    env: {BAD: "${{ contains(jobs.*.result, 'failure') }}"}
    commands: [./notify.sh]
outputs: {tag: "${{ jobs.build.outputs.tag }}", deployed: "${{ jobs.deploy.result == 'success' }}"}
"""

DYNAMIC = """\
name: fan-out
inputs: {shards: {type: number, default: 4, min: 1, max: 16}}
defaults: {image: "python:3.12-slim", timeout: 15m}
jobs:
  plan:
    env: {SHARDS: "${{ inputs.shards }}"}
    commands: [python plan.py]
  process:
    name: process shard ${{ matrix.shard.id }}
    needs: plan
    strategy: {fail-fast: false, matrix: {shard: "${{ fromJSON(needs.plan.outputs.shards) }}"}}
    env: {FILES: "${{ matrix.shard.files }}"}
    commands: [python process.py]
  verify:
    needs: [{job: process, matrix: same}]
    strategy: {matrix: {shard: "${{ fromJSON(needs.plan.outputs.shards) }}"}}
    after: [plan]
    commands: [python verify.py]
  merge:
    needs: [{job: verify, optional: true}]
    after: [process]
    unless: ${{ needs.process.result == 'skipped' }}
    env: {ROWS: "${{ join(needs.process.variants.*.outputs.rows, ' ') }}"}
    commands: [python merge.py]
outputs:
  ok: ${{ jobs.merge.result == 'success' }}
"""

RELEASE = r"""
name: release
on:
  workflow_dispatch:
    inputs:
      version: {type: string, required: true, pattern: ^\d+\.\d+\.\d+$}
      dry-run: {type: boolean, default: true}
secrets: [SIGNING_KEY, REGISTRY_TOKEN]
jobs:
  .python: {image: "python:3.12-slim", env: {PIP_NO_INPUT: "1"}}
  checks:
    uses: ./pipeline.yaml
    with: {target: staging, publish: "${{ !inputs.dry-run }}"}
    secrets: inherit
  package:
    extends: .python
    needs: [checks]
    outputs: {wheel: "${{ steps.build.outputs.wheel }}"}
    steps: [{id: build, run: make}, {run: tail -n 50 build.log, if: "${{ failure() }}"}]
  sign:
    extends: .python
    needs: package
    if: ${{ !inputs.dry-run && secrets.SIGNING_KEY != '' }}
    commands: [./sign.sh]
  publish:
    extends: .python
    needs: [package, {job: sign, optional: true}]
    env:
      MODE: ${{ case(inputs.dry-run, 'check', startsWith(inputs.version, '0.'), 'pre', 'final') }}
    commands: ['./publish.sh "$MODE"']
  rollback: {extends: .python, needs: publish, on_complete: failure, commands: [./rollback.sh]}
"""
FILES = {"pipeline.yaml": PIPELINE}


def test_the_pipelines_matrix_has_six_variants_of_which_the_last_is_tolerated() -> None:
    found = plan(PIPELINE)
    variants = [node for node in found.nodes if node.job == "test-unit"]
    assert [tuple(node.variant.values.values()) for node in variants if node.variant is not None] == [
        ("3.10", "locked"),
        ("3.11", "locked"),
        ("3.11", "latest"),
        ("3.12", "locked"),
        ("3.12", "latest"),
        ("3.13", "locked", True),
    ]
    assert [node.definition.values.get("continue_on_error") for node in variants][-2:] == [
        {"always": False},
        {"always": True},
    ]
    assert [node.definition.values["image"] for node in variants[:2]] == ["python:3.10-slim", "python:3.11-slim"]
    assert variants[0].id == "test-unit-3.10-locked"
    assert variants[0].name == "test-unit (3.10, locked)"


def test_a_tolerated_variant_does_no_harm_and_another_does() -> None:
    tolerated = plan(PIPELINE, {"publish": True}, assume={"test-unit[python=3.13]": "failure"})
    assert tolerated.status is RunStatus.SUCCESS
    assert fates(tolerated)["deploy"] == "run"
    failed = plan(PIPELINE, {"publish": True}, assume={"test-unit#0": "failure"})
    assert failed.status is RunStatus.PARTIAL
    assert fates(failed)["deploy"] == "skip needs"
    assert failed.node("deploy").decision.explanation == "needs test-unit (failure)"


def test_what_is_known_only_when_it_runs_stands_as_it_is_written() -> None:
    found = plan(PIPELINE, {"publish": True})
    deploy = found.node("deploy").definition
    assert deploy.values["env"] == {
        "APP": "1.0.0",
        "REGISTRY": "registry.example.com/org",
        "IMAGE": "${{ needs.build.outputs.tag }}",
        "TOKEN": "${{ secrets.REGISTRY_TOKEN }}",
    }
    assert deploy.open == {
        "env.IMAGE": ("needs.build.outputs.tag",),
        "env.TOKEN": ("secrets.REGISTRY_TOKEN",),
    }
    assert deploy.values["concurrency"] == {"group": "deploy-staging", "queue": "max"}
    integration = found.node("test-integration").definition
    assert integration.open == {"env.DATABASE_URL": ("services.postgres.host",)}
    build = found.node("build").definition.values
    assert build["env"] == {
        "APP": "1.0.0",
        "REGISTRY": "registry.example.com/org",
        "TAG": "registry.example.com/org/app:1.0.0",
    }
    assert build["retry"] == {
        "max": 2,
        "when": ["infrastructure"],
        "backoff": {"initial_s": 5, "factor": 2, "max_s": 60},
    }
    assert (found.run_name, found.timeout_s) == ("ci staging #${{ run.number }}", 2700)
    assert found.outputs == {"tag": "${{ jobs.build.outputs.tag }}", "deployed": True}
    assert found.open_outputs == ("tag",)


def test_what_is_said_of_the_run_is_used() -> None:
    found = plan(PIPELINE, github={"ref": "refs/heads/main", "ref_name": "main"}, run={"number": 7, "id": "r1"})
    assert found.run_name == "ci staging #7"
    assert found.concurrency == {"group": "ci-main", "cancel_in_progress": False}
    assert fates(found)["deploy"] == "run"
    assert found.node("notify").definition.values["env"] == {
        "APP": "1.0.0",
        "REGISTRY": "registry.example.com/org",
        "BAD": "false",
    }


def test_a_computed_matrix_is_one_node_until_it_is_known() -> None:
    found = plan(DYNAMIC)
    assert [(node.id, node.is_dynamic) for node in found.nodes] == [
        ("plan", False),
        ("process", True),
        ("verify", True),
        ("merge", False),
    ]
    assert found.counts.dynamic == 2
    assert found.node("process").name == "process shard ${{ matrix.shard.id }}"
    assert fates(found) == dict.fromkeys(("plan", "process", "verify", "merge"), "run")
    assert found.outputs == {"ok": True}


def test_a_matrix_that_comes_to_nothing_skips_its_job_and_what_needs_it() -> None:
    nothing = {"plan": Assumption(Outcome.SUCCESS, {"shards": "[]"})}
    found = plan(DYNAMIC, assume=nothing)
    assert fates(found) == {"plan": "run", "merge": "skip condition"}
    reasons = {job.id: job.decision.reason for job in found.jobs}
    assert reasons == {"plan": None, "process": "empty-matrix", "verify": "needs", "merge": "condition"}
    assert found.status is RunStatus.SUCCESS
    assert found.outputs == {"ok": False}


def test_a_matrix_that_is_assumed_is_expanded_and_followed_one_to_one() -> None:
    shards = '[{"id": 1, "files": "a"}, {"id": 2, "files": "b"}]'
    found = plan(DYNAMIC, assume={"plan": Assumption(Outcome.SUCCESS, {"shards": shards}), "process#1": "failure"})
    assert found.node("process-1-a").name == "process shard 1"
    assert found.node("process-1-a").definition.values["env"] == {"FILES": "a"}
    assert [edge.nodes for edge in found.node("verify-2-b").edges] == [("process-2-b",), None]
    assert fates(found) == {
        "plan": "run",
        "process-1-a": "run",
        "process-2-b": "run",
        "verify-1-a": "run",
        "verify-2-b": "skip needs",
        "merge": "skip needs",
    }


def test_a_release_calls_the_pipeline_with_its_inputs() -> None:
    found = plan(RELEASE, {"version": "1.2.3"}, files=FILES)
    assert fates(found) == {
        "checks": "run",
        "package": "run",
        "sign": "skip condition",
        "publish": "run",
        "rollback": "skip condition",
    }
    assert found.node("publish").definition.values["env"] == {"PIP_NO_INPUT": "1", "MODE": "check"}
    called = found.node("checks").called
    assert called is not None
    assert called.inputs == {"target": "staging", "publish": False}
    paths = [path for path, _ in found.all_nodes()]
    assert paths[:3] == ["checks", "checks / build", "checks / test-unit-3.10-locked"]
    assert "checks / notify" in paths
    assert any(image.nodes == ("checks / build",) for image in found.images)


@pytest.mark.parametrize(
    ("assume", "expected"),
    [
        ({"publish": "failure"}, {"rollback": "run"}),
        ({"package": "failure"}, {"sign": "skip needs", "publish": "skip needs", "rollback": "run"}),
        ({"checks / build": "failure"}, {"package": "skip needs", "rollback": "run"}),
        ({"checks": "failure"}, {"package": "skip needs"}),
    ],
)
def test_a_failure_anywhere_above_rolls_the_release_back(assume: dict[str, str], expected: dict[str, str]) -> None:
    found = fates(plan(RELEASE, {"version": "1.2.3"}, files=FILES, assume=assume))
    assert {name: found[name] for name in expected} == expected


def test_a_secret_that_nobody_has_seen_leaves_a_condition_open() -> None:
    found = plan(RELEASE, {"version": "1.2.3", "dry-run": False}, files=FILES)
    assert found.node("sign").decision.explanation == "depends on secrets.SIGNING_KEY"
    assert fates(found)["publish"] == "run"
    assert found.node("publish").definition.values["env"] == {"PIP_NO_INPUT": "1", "MODE": "final"}
    called = found.node("checks").called
    assert called is not None
    assert called.inputs == {"target": "staging", "publish": True}


def test_the_same_arguments_give_the_same_plan() -> None:
    assert plan(PIPELINE, github={"ref": "x"}) == plan(PIPELINE, github={"ref": "x"})
