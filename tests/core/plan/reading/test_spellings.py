"""What people know by heart from other systems is read, or answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.plan.findings import Severity, has_errors
from core.spec.workflow import ImageSpec, MatrixSpec, NeedSpec, WorkflowStepSpec
from tests.core.plan.reading.asking import job_text, only, reading, spec, told

if TYPE_CHECKING:
    from core.plan.reading import Reading


def codes(found: Reading) -> list[str]:
    return [finding.code for finding in found.findings]


def test_a_workflow_of_github_is_read() -> None:
    found = reading(
        """
        name: CI
        on:
          push: {branches: [main]}
          pull_request:
          workflow_dispatch:
            inputs:
              level: {type: choice, options: [a, b], default: a}
        permissions: {contents: read}
        defaults: {run: {shell: bash}}
        jobs:
          test:
            runs-on: ubuntu-latest
            container: {image: "python:3.12", options: --cpus 1}
            timeout-minutes: 10
            strategy:
              fail-fast: false
              max-parallel: 2
              matrix: {python: ["3.11", "3.12"]}
            steps:
              - name: Test
                id: test
                run: pytest
                continue-on-error: true
        """
    )
    assert codes(found) == ["I160", "I160", "I160", "I160", "I160", "E002"], told(found)
    assert found.spec is not None
    job = found.spec.jobs["test"]
    assert job.timeout_s == 600
    assert job.matrix == MatrixSpec(definition={"python": ["3.11", "3.12"]}, fail_fast=False, max_parallel=2)
    assert (job.shell, job.steps[0].name, job.steps[0].tolerance.always) == ("bash", "Test", True)
    assert found.spec.inputs["level"].options == ("a", "b")


def test_a_job_of_gitlab_is_read() -> None:
    found = reading(
        """
        stages: [build, test, deploy]
        variables: {A: 1}
        jobs:
          .base: {image: "alpine:3.20", before_script: [setup]}
          compile: {extends: .base, stage: build, script: [make], tags: [big]}
          lint: {extends: .base, stage: test, script: lint, allow_failure: {exit_codes: 2}}
          unit:
            extends: [.base]
            stage: test
            script: [test]
            parallel: 2
            services: [{name: "postgres:15", alias: db, variables: {POSTGRES_PASSWORD: x}}]
            retry: {max: 2, when: script_failure}
            artifacts: {paths: [out], expire_in: 1 week, when: on_failure}
          ship: {extends: .base, stage: deploy, script: ship, when: on_success}
          tell: {extends: .base, needs: [], script: tell}
        """
    )
    assert not has_errors(found.findings), told(found)
    assert {finding.severity for finding in found.findings} == {Severity.INFO}
    assert found.spec is not None
    jobs = found.spec.jobs
    assert found.spec.env == {"A": "1"}
    assert list(jobs) == ["compile", "lint", "unit", "ship", "tell"]
    assert jobs["compile"].needs == ()
    assert jobs["compile"].steps == (WorkflowStepSpec(commands=("setup", "make")),)
    assert jobs["lint"].needs == (NeedSpec(job="compile"),)
    assert jobs["lint"].tolerance.exit_codes == (2,)
    assert jobs["ship"].needs == (NeedSpec(job="lint"), NeedSpec(job="unit"), NeedSpec(job="tell"))
    assert jobs["tell"].needs == ()
    unit = jobs["unit"]
    assert unit.matrix == MatrixSpec(definition={"index": [1, 2], "include": [{"total": 2}]})
    assert (unit.services["postgres"].alias, unit.services["postgres"].env) == (("db",), {"POSTGRES_PASSWORD": "x"})
    assert (unit.retry.max, unit.retry.when) == (2, ("failure",))
    assert (unit.artifacts[0].expires_s, unit.artifacts[0].when) == (604_800, "failure")


def test_a_stage_without_jobs_is_passed_over_and_an_unknown_one_told() -> None:
    found = reading(
        """
        stages: [first, second, third]
        jobs:
          one: {image: alpine, run: x, stage: first}
          two: {image: alpine, run: x, stage: third}
          three: {image: alpine, run: x, stage: tests}
        """
    )
    assert found.spec is not None
    assert found.spec.jobs["two"].needs == (NeedSpec(job="one"),)
    errors = [finding for finding in found.findings if finding.severity is Severity.ERROR]
    assert [(finding.message, finding.hint) for finding in errors] == [
        ("There is no stage 'tests'.", "the stages are 'first', 'second', 'third'")
    ]


def test_jobs_without_a_stage_stand_in_the_stage_test() -> None:
    found = spec(
        "jobs: {a: {image: a, run: x, stage: build}, b: {image: a, run: x}, c: {image: a, run: x, stage: test}}"
    )
    assert found.jobs["b"].needs == found.jobs["c"].needs == (NeedSpec(job="a"),)


def test_a_matrix_of_gitlab_is_the_products_one_behind_the_other() -> None:
    found = spec(job_text("parallel: {matrix: [{A: [1, 2], B: x}, {A: 3}]}")).jobs["a"]
    assert found.matrix == MatrixSpec(definition={"include": [{"A": 1, "B": "x"}, {"A": 2, "B": "x"}, {"A": 3}]})


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ("rules: [{if: '$CI_COMMIT_BRANCH == \"main\"'}]", "write if: ${{ github.ref_name == 'main' }}"),
        ("rules: [{if: '$X != \"1\"'}, {if: '$CI_COMMIT_TAG == \"v1\"'}]",
         "write if: ${{ env.X != '1' || github.ref_name == 'v1' }}"),
        ("rules: [{changes: [a]}]", "write a condition, such as if:"),
        ("rules: [{if: '$A =~ /x/'}]", "write a condition, such as if:"),
        ("only: [main, dev]", "write if: ${{ github.ref_name == 'main' || github.ref_name == 'dev' }}"),
        ("except: main", "write if: ${{ github.ref_name != 'main' }}"),
        ("only: {refs: [main]}", "write a condition"),
        ("when: {event: push}", "write a condition"),
        ("when: manual", "an approval is given outside of the file"),
        ("on_complete: never", "write if: false"),
        ("cache: {paths: [x]}", "nothing is cached between runs"),
        ("environment: production", "there are no deployment environments"),
        ("environment: {name: production, url: x}", "there are no deployment environments"),
        ("resource_group: x", "write concurrency:"),
        ("steps: [{uses: actions/checkout@v4}]", "the workspace is already in $ORCAOPS_WORKSPACE"),
        ("steps: [{uses: foo/bar@v1}]", "actions are not run"),
        ("steps: [{uses: ./x.yaml}]", "in the place of a job"),
        ("steps: [{image: a, run: x}]", "the steps of a job share its container"),
        ("steps: [{when: {event: push}, run: x}]", "write a condition"),
        ("uses: foo/bar/.github/workflows/x.yml@main", "copy the file beside this one"),
    ],
)  # fmt: skip
def test_a_key_without_an_equal_is_answered_with_what_to_write_instead(body: str, hint: str) -> None:
    finding = only(reading(job_text(body)))
    assert finding.severity is Severity.ERROR
    assert finding.code in ("E160", "E150")
    assert hint in finding.hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("cache: {}", "nothing is cached"),
        ("include: [x]", "uses: ./file.yaml"),
        ("image: alpine", "write defaults: {image: …}"),
        ("before_script: [x]", "write it in a template"),
        ("schedule: x", "start runs from outside"),
        ("steps: [x]", "steps belong to a job"),
        ("workflow: {rules: []}", "a file holds one workflow"),
    ],
)
def test_a_key_at_the_top_without_an_equal_is_answered(text: str, hint: str) -> None:
    finding = only(reading(f"{text}\njobs: {{a: {{image: alpine, run: x}}}}\n"))
    assert (finding.code, finding.place.line) == ("E160", 1)
    assert hint in finding.hint


@pytest.mark.parametrize(
    ("body", "message", "fix"),
    [
        ("script: x", "'script' is read as 'commands'.", "commands"),
        ("variables: {A: 1}", "'variables' is read as 'env'.", "env"),
        ("environment: {A: 1}", "'environment' is read as 'env'.", "env"),
        ("allow-failure: true", "'allow-failure' is read as 'continue_on_error'.", "continue_on_error"),
        ("container: alpine", "'container' is read as 'image'.", "image"),
        ("runs-on: x", "'runs-on' is ignored: a job runs in a container, of the image it names.", None),
        ("labels: [x]", "'labels' is ignored: there are no runners to choose from.", None),
        ("permissions: write-all", "'permissions' is ignored: a job has no token that it could limit.", None),
    ],
)
def test_a_key_that_is_mapped_or_ignored_is_mentioned(body: str, message: str, fix: str | None) -> None:
    finding = only(reading(job_text(body)))
    assert (finding.code, finding.message) == ("I160", message)
    assert (finding.fix.edits[0].text if finding.fix else None) == fix


@pytest.mark.parametrize("on", ["push", "[push, workflow_dispatch]", "{push: , schedule: [{cron: x}]}"])
def test_triggers_start_nothing_here(on: str) -> None:
    found = reading(f"on: {on}\njobs: {{a: {{image: alpine, run: x}}}}\n")
    assert set(codes(found)) == {"I160"}
    assert "it is not a trigger here" in told(found)


@pytest.mark.parametrize("on", ["[pusch]", "{pusch: }", "1"])
def test_an_unknown_trigger_is_told(on: str) -> None:
    assert has_errors(reading(f"on: {on}\njobs: {{a: {{image: alpine, run: x}}}}\n").findings)


def test_what_a_workflow_of_github_hands_to_its_callers_is_its_inputs_outputs_and_secrets() -> None:
    found = spec(
        """
        on:
          workflow_dispatch: {inputs: {a: {type: boolean, default: true}}}
          workflow_call:
            inputs: {a: {type: boolean}, b: {type: number, required: true}}
            outputs: {o: {description: d, value: "${{ jobs.x.result }}"}, p: {description: nothing}}
            secrets: {NEEDED: {required: true}, OTHER: {}, THIRD: }
        secrets: [FIRST]
        jobs: {x: {image: alpine, run: x}}
        """
    )
    assert {name: (each.type, each.default) for name, each in found.inputs.items()} == {
        "a": ("boolean", True),
        "b": ("number", None),
    }
    assert found.outputs == {"o": "${{ jobs.x.result }}", "p": ""}
    assert found.secrets == ("FIRST", "NEEDED")


def test_an_input_declared_at_both_places_is_told() -> None:
    found = reading("inputs: {a: {}}\non: {workflow_dispatch: {inputs: {a: {}}}}\njobs: {a: {image: alpine, run: x}}\n")
    assert (only(found).code, only(found).related[0].place.line) == ("E005", 1)


@pytest.mark.parametrize("spelling", ["needs", "requires", "depends_on", "depends-on"])
def test_needs_has_several_spellings(spelling: str) -> None:
    assert spec(job_text(f"{spelling}: [b]")).jobs["a"].needs == (NeedSpec(job="b"),)


def test_a_container_of_github_is_an_image() -> None:
    assert spec(job_text("container: {image: 'alpine:3.20', pull-policy: always}")).jobs["a"].image == ImageSpec(
        name="alpine:3.20", pull="always"
    )


@pytest.mark.slow
def test_two_large_stages_do_not_make_needs_without_end() -> None:
    jobs = "".join(
        f"  j{index}: {{image: a, run: x, stage: {'build' if index % 2 else 'test'}}}\n" for index in range(1000)
    )
    found = reading(f"stages: [build, test]\njobs:\n{jobs}")
    assert "The stages make more than 100,000 needs." in told(found)
    assert found.spec is not None
    assert sum(len(job.needs) for job in found.spec.jobs.values()) == 100_000
