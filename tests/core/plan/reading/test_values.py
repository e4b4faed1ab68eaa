"""What every key of a job and of a workflow is read to."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from core.spec.workflow import (
    ArtifactSpec,
    BackoffSpec,
    CallSpec,
    ConcurrencySpec,
    CredentialsSpec,
    DefaultsSpec,
    Expression,
    ImageSpec,
    MatrixSpec,
    NeedSpec,
    OutputSpec,
    ResourcesSpec,
    RetrySpec,
    ToleranceSpec,
    WorkflowJobSpec,
    WorkflowSpec,
    WorkflowStepSpec,
)
from tests.core.plan.reading.asking import job, job_text, spec

STEP = WorkflowStepSpec(commands=("x",))


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ("name: Build ${{ matrix.v }}", "name", "Build ${{ matrix.v }}"),
        ("name: 007", "name", "007"),
        ("description: 1.0", "description", "1.0"),
        ("image: {name: 'a:1', pull: always, entrypoint: sh, user: 1000, platform: linux/arm64}", "image",
         ImageSpec(name="a:1", pull="always", entrypoint=("sh",), user="1000", platform="linux/arm64")),
        ("image: {image: 'a:1', credentials: {username: u, password: '${{ secrets.P }}'}}", "image",
         ImageSpec(name="a:1", credentials=CredentialsSpec(username="u", password="${{ secrets.P }}"))),
        ("commands: one", "steps", (WorkflowStepSpec(commands=("one",)),)),
        ("commands: [one, 2, true]", "steps", (WorkflowStepSpec(commands=("one", "2", "true")),)),
        ("commands: []", "steps", ()),
        ("steps: [one, {run: [a, b], id: i, name: n, if: failure(), env: {A: 1}}]", "steps",
         (WorkflowStepSpec(commands=("one",)),
          WorkflowStepSpec(commands=("a", "b"), id="i", name="n", condition="failure()", env={"A": "1"}))),
        ("steps: [{run: x, timeout-minutes: 2, retry: 1, continue-on-error: true, working-directory: /w}]", "steps",
         (WorkflowStepSpec(commands=("x",), timeout_s=120, retry=RetrySpec(max=1), tolerance=ToleranceSpec(always=True),
                           working_directory="/w"),)),
        ("needs: b", "needs", (NeedSpec(job="b"),)),
        ("depends_on: [b, {job: c, optional: true, matrix: same, artifacts: false}]", "needs",
         (NeedSpec(job="b"), NeedSpec(job="c", optional=True, matrix="same", artifacts=False))),
        ("needs: [{job: b, matrix: {os: alpine}}]", "needs", (NeedSpec(job="b", matrix={"os": "alpine"}),)),
        ("after: b", "after", ("b",)),
        ("parallel_with: [b, c]", "parallel_with", ("b", "c")),
        ("if: github.ref == 'x'", "condition", "github.ref == 'x'"),
        ("if: true", "condition", "true"),
        ("if:", "condition", ""),
        ("unless: ${{ a }}", "unless", "${{ a }}"),
        ("on_complete: failure", "on_complete", "failure"),
        ("on-complete: always", "is_finally", True),
        ("on_complete: always\nneeds: [b]", "is_finally", False),
        ("on_complete: always\nafter: [b]", "is_finally", False),
        ("finally: true", "is_finally", True),
        ("on_complete: always\nfinally: false", "is_finally", False),
        ("matrix: {v: [1, '2'], exclude: [{v: 1}]}", "matrix",
         MatrixSpec(definition={"v": [1, "2"], "exclude": [{"v": 1}]})),
        ("matrix: {v: [1]}\ninclude: [{v: 2}]\nexclude: ${{ vars.e }}", "matrix",
         MatrixSpec(definition={"v": [1], "include": [{"v": 2}], "exclude": "${{ vars.e }}"})),
        ("include: [{v: 2}]", "matrix", MatrixSpec(definition={"include": [{"v": 2}]})),
        ("matrix: ${{ fromJSON(needs.b.outputs.m) }}\nfail-fast: false\nmax_parallel: 2", "matrix",
         MatrixSpec(definition=Expression("${{ fromJSON(needs.b.outputs.m) }}"), fail_fast=False, max_parallel=2)),
        ("strategy: {matrix: {v: [1]}, fail-fast: '${{ vars.f }}', max-parallel: '${{ vars.m }}'}", "matrix",
         MatrixSpec(definition={"v": [1]}, fail_fast=Expression("${{ vars.f }}"),
                    max_parallel=Expression("${{ vars.m }}"))),
        ("env: {A: 1.0, B: 007, C: 3.10, D: true, E: null, F: ~, G: '', H: on}", "env",
         {"A": "1.0", "B": "007", "C": "3.10", "D": "true", "E": "", "F": "", "G": "", "H": "on"}),
        ("secrets: [TOKEN]", "secrets", ("TOKEN",)),
        ("shell: python {0}", "shell", "python {0}"),
        ("working-directory: /work", "working_directory", "/work"),
        ("defaults: {run: {shell: bash, working-directory: /w}}", "shell", "bash"),
        ("user: 1000:1000", "user", "1000:1000"),
        ("volumes: 'a:/b:ro'", "volumes", ("a:/b:ro",)),
        ("artifacts: out/*.xml", "artifacts", (ArtifactSpec(paths=("out/*.xml",)),)),
        ("artifacts: [a, {name: n, path: b, exclude: c, when: failure, if_missing: error, expires: 1d}]", "artifacts",
         (ArtifactSpec(paths=("a",)),
          ArtifactSpec(paths=("b",), name="n", exclude=("c",), when="failure", if_missing="error", expires_s=86_400))),
        ("outputs: {a: 1, b: , c: {value: x, required: true, description: d}, d: {required: true}}", "outputs",
         {"a": OutputSpec(value="1"), "b": OutputSpec(), "c": OutputSpec(value="x", required=True, description="d"),
          "d": OutputSpec(required=True)}),
        ("timeout: 90", "timeout_s", 90),
        ("timeout: 1.5", "timeout_s", 1.5),
        ("timeout: '90'", "timeout_s", 90),
        ("timeout: 1h30m", "timeout_s", 5400),
        ("timeout: 1h 30 m", "timeout_s", 5400),
        ("timeout: 500ms", "timeout_s", 0.5),
        ("timeout: 2 days", "timeout_s", 172_800),
        ("timeout-minutes: 2.5", "timeout_s", 150),
        ("timeout_minutes: ${{ inputs.t }}", "timeout_s", Expression("${{ inputs.t }}", 60)),
        ("retry: 2", "retry", RetrySpec(max=2)),
        ("retry: {when: [oom, timeout], exit_codes: 75, if: job.attempt < 3, backoff: 5s}", "retry",
         RetrySpec(max=1, when=("oom", "timeout"), exit_codes=(75,), condition="job.attempt < 3",
                   backoff=BackoffSpec(initial_s=5))),
        ("retry: {max: 3, backoff: {initial: 5, factor: 2, max: 1m, jitter: 0.2}}", "retry",
         RetrySpec(max=3, backoff=BackoffSpec(initial_s=5, factor=2, max_s=60, jitter=0.2))),
        ("continue-on-error: true", "tolerance", ToleranceSpec(always=True)),
        ("continue_on_error: ${{ matrix.x }}", "tolerance", ToleranceSpec(always=Expression("${{ matrix.x }}"))),
        ("continue_on_error: {exit_codes: [137, 2]}", "tolerance", ToleranceSpec(exit_codes=(137, 2))),
        ("concurrency: deploy-${{ inputs.x }}", "concurrency", ConcurrencySpec(group="deploy-${{ inputs.x }}")),
        ("concurrency: {group: g, cancel-in-progress: true, limit: 2}", "concurrency",
         ConcurrencySpec(group="g", cancel_in_progress=True, limit=2)),
        ("concurrency: {group: g, queue: max}", "concurrency", ConcurrencySpec(group="g", queue="max")),
        ("resources: {cpus: 500m, memory: 1.5g, pids: 100, gpus: 1}", "resources",
         ResourcesSpec(cpus=0.5, memory_mb=1536, pids=100, gpus=1)),
        ("resources: {cpus: '2', memory: 512, gpus: '${{ vars.g }}'}", "resources",
         ResourcesSpec(cpus=2, memory_mb=512, gpus=Expression("${{ vars.g }}"))),
        ("stop_signal: SIGINT", "stop_signal", "SIGINT"),
        ("uses: ./b.yaml\nsecrets: [T]", "call",
         CallSpec(file="./b.yaml", secrets={"T": "${{ secrets.T }}"})),
        ("uses: ./b.yaml\nwith: {a: 1, b: ['${{ matrix.x }}']}\nsecrets: {T: '${{ secrets.U }}'}", "call",
         CallSpec(file="./b.yaml", inputs={"a": 1, "b": ["${{ matrix.x }}"]}, secrets={"T": "${{ secrets.U }}"})),
        ("uses: ./b.yaml\nsecrets: inherit", "call", CallSpec(file="./b.yaml", secrets="inherit")),
    ],
)  # fmt: skip
def test_a_key_of_a_job_is_read(body: str, field: str, value: Any) -> None:
    called = "on: {workflow_call: {inputs: {a: {type: number}, b: {type: json}}}}\njobs: {a: {image: alpine, run: x}}"
    beside = "timeout: 2d\n" if "days" in body else ""
    assert getattr(spec(job_text(body, beside=beside), b=called).jobs["a"], field) == value


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("description: d", "description", "d"),
        ("version: 1", "version", 1),
        ("run-name: r ${{ run.number }}", "run_name", "r ${{ run.number }}"),
        ("env: {A: 1}", "env", {"A": "1"}),
        ("expressions: github", "expressions", "github"),
        ("secrets: [A, B]", "secrets", ("A", "B")),
        ("concurrency: ci-${{ github.ref }}", "concurrency", ConcurrencySpec(group="ci-${{ github.ref }}")),
        ("max-parallel: 8", "max_parallel", 8),
        ("on_failure: cancel", "on_failure", "cancel"),
        ("timeout: 45m", "timeout_s", 2700),
        ("timeout-minutes: 45", "timeout_s", 2700),
        ("cleanup-policy: keep", "cleanup", "keep"),
        ("outputs: {a: '${{ jobs.a.result }}', b: 1, c: }", "outputs",
         {"a": "${{ jobs.a.result }}", "b": "1", "c": ""}),
        ("defaults: {working_directory: /w, env: {A: 1}, timeout: 5m}", "defaults", DefaultsSpec(env={"A": "1"})),
        ("x-anything: {a: [1]}", "name", "ci"),
    ],
)  # fmt: skip
def test_a_key_of_a_workflow_is_read(text: str, field: str, value: Any) -> None:
    assert getattr(spec(f"{text}\njobs: {{a: {{image: alpine, run: x}}}}\n"), field) == value


def test_a_job_takes_the_defaults_that_it_does_not_name() -> None:
    found = spec(
        """
        defaults:
          image: python:3.12
          timeout: 7m
          retry: 2
          resources: {cpus: 1, memory: 1g}
          run: {shell: bash, working-directory: /w}
        jobs:
          a: {run: x}
          b: {run: x, image: alpine, timeout_minutes: 1, retry: 0, resources: {cpus: 2}, shell: sh}
        """
    )
    a, b = found.jobs["a"], found.jobs["b"]
    assert (a.image, a.timeout_s, a.retry) == (ImageSpec(name="python:3.12"), 420, RetrySpec(max=2))
    assert (a.shell, a.working_directory, a.resources) == ("bash", "/w", ResourcesSpec(cpus=1, memory_mb=1024))
    assert (b.image, b.timeout_s, b.retry) == (ImageSpec(name="alpine"), 60, RetrySpec(max=0))
    assert (b.shell, b.resources) == ("sh", ResourcesSpec(cpus=2, memory_mb=1024))


def test_a_shell_is_of_the_step_or_of_the_job() -> None:
    found = job("shell: bash\nsteps: [{run: x, shell: python}]")
    assert (found.shell, found.steps[0].shell) == ("bash", "python")


def test_scripts_before_and_after_go_round_the_commands() -> None:
    found = job("before_script: [b1, b2]\nscript: c\nafter_script: d")
    assert found.steps == (
        WorkflowStepSpec(commands=("b1", "b2", "c")),
        WorkflowStepSpec(commands=("d",), condition="always()"),
    )
    with_steps = job("before_script: b\nsteps: [{run: c}]\nafter_script: [d]")
    assert [step.commands for step in with_steps.steps] == [("b",), ("c",), ("d",)]


def test_nothing_is_set_that_was_not_written() -> None:
    found = job("")
    plain = WorkflowJobSpec(id="a", image=ImageSpec(name="alpine:3.20"), steps=(STEP,))
    assert found == plain
    whole = spec("jobs: {a: {image: 'alpine:3.20', commands: [x]}}")
    assert whole == WorkflowSpec(name="ci", jobs={"a": plain})
    assert {field.name for field in fields(whole)} > {"inputs", "jobs"}
