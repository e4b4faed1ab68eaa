"""Inputs, faults, matrices, assumptions and called files of plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.errors import InvalidArgumentError, InvalidSpecError
from core.plan.compile import Assumption, NodeFacts, RunFacts, Scene, compile_workflow, define, take_inputs
from core.plan.reading import read_workflow
from core.plan.results import Outcome, Result
from core.plan.rollup import RunStatus
from core.spec.workflow import ImageSpec, NeedSpec, WorkflowJobSpec, WorkflowSpec
from tests.core.plan.compile.planned import fates, plan
from tests.core.plan.lint.linted import jobs

if TYPE_CHECKING:
    from core.plan.compile import WorkflowPlan

RUN = 'image: "alpine:3.20", commands: [ls]'


def test_every_input_that_is_wrong_is_told_at_once() -> None:
    text = jobs(
        f"a: {{{RUN}}}",
        "inputs: {v: {required: true}, n: {type: number, max: 3}, p: {pattern: a}, c: {type: choice, options: [x]}}\n",
    )
    with pytest.raises(InvalidSpecError) as error:
        plan(text, {"n": 4, "p": "b", "c": "y", "nn": 1})
    assert sorted(finding.path for finding in error.value.findings) == [
        "inputs.c",
        "inputs.n",
        "inputs.nn",
        "inputs.p",
        "inputs.v",
    ]


def test_a_default_may_come_from_what_is_known_of_the_run() -> None:
    text = jobs(
        f"a: {{{RUN}, if: \"inputs.branch == 'main'\"}}",
        "inputs: {branch: {default: '${{ github.ref_name }}'}, n: {}}\n",
    )
    assert fates(plan(text, github={"ref_name": "main"})) == {"a": "run"}
    unknown = plan(text)
    assert unknown.node("a").decision.explanation == "depends on inputs.branch"
    assert unknown.inputs == {"branch": None, "n": ""}
    assert plan(text, {"branch": "x"}).inputs == {"branch": "x", "n": ""}


def test_a_default_that_cannot_be_evaluated_is_told() -> None:
    text = jobs(f"a: {{{RUN}}}", "inputs: {b: {type: json, default: '${{ fromJSON(vars.x) }}'}}\n")
    with pytest.raises(InvalidSpecError) as error:
        plan(text, variables={"x": "{"})
    assert error.value.findings[0].path == "inputs.b.default"
    assert plan(text, variables={"x": "[1]"}).inputs == {"b": [1]}


def test_a_workflow_whose_order_is_at_fault_has_no_plan() -> None:
    def job(name: str, need: str) -> WorkflowJobSpec:
        return WorkflowJobSpec(id=name, image=ImageSpec(name="alpine:3.20"), needs=(NeedSpec(job=need),))

    circle = WorkflowSpec(name="x", jobs={"a": job("a", "b"), "b": job("b", "a"), "c": job("c", "gone")})
    with pytest.raises(InvalidSpecError) as error:
        compile_workflow(circle)
    assert [str(finding) for finding in error.value.findings] == [
        "jobs.c: 'gone' is no job of this workflow",
        "jobs.a: waits for itself: a -> b -> a",
    ]


@pytest.mark.parametrize(
    ("keys", "path", "message"),
    [
        ("env: {A: '${{ fromJSON(vars.x) }}'}", "env.A", "Error parsing fromJson"),
        ("env: {A: 'x ${{ fromJSON(vars.x) }}'}", "env.A", "Error parsing fromJson"),
        ("timeout: '${{ vars.x }}'", "timeout_s", "timeout_s must be a duration such as 90, 10m or 1h30m, not '{'"),
        ("timeout: '${{ vars.neg }}'", "timeout_s", "timeout_s must be more than 0 seconds, not '-1'"),
        (
            "timeout: '${{ fromJSON(vars.list) }}'",
            "timeout_s",
            "must be a duration such as 90, 10m or 1h30m, not a list",
        ),
        ("continue_on_error: '${{ vars.x }}'", "continue_on_error.always", "must be true or false, not '{'"),
        ("continue_on_error: '${{ vars.none }}'", "continue_on_error.always", "must be true or false, not nothing"),
        ("resources: {memory: '${{ vars.x }}'}", "resources.memory_mb", "must be a size such as 512m or 2g, not '{'"),
        ("resources: {memory: '${{ vars.small }}'}", "resources.memory_mb", "must be at least 1 MiB, not '1k'"),
        ("resources: {cpus: '${{ vars.x }}'}", "resources.cpus", "resources.cpus must be a number, not '{'"),
        ("resources: {cpus: '${{ vars.t == 1 }}'}", "resources.cpus", "resources.cpus must be a number, not false"),
    ],
)
def test_what_cannot_be_evaluated_fails_before_it_starts(keys: str, path: str, message: str) -> None:
    variables = {"x": "{", "neg": "-1", "list": "[1]", "small": "1k"}
    found = plan(jobs(f"a: {{{RUN}, {keys}}}\nb: {{{RUN}, needs: a}}"), variables=variables)
    assert fates(found) == {"a": "fail", "b": "skip needs"}
    (fault,) = found.node("a").definition.faults
    assert fault.path == path
    assert message in fault.message
    assert found.node("a").decision.explanation == fault.message
    assert found.status is RunStatus.FAILED


def test_what_comes_to_the_type_that_is_meant_is_taken() -> None:
    keys = (
        "timeout: '${{ vars.t }}', continue_on_error: '${{ vars.f }}', "
        "resources: {memory: '${{ vars.m }}', cpus: '${{ vars.c }}', pids: '${{ vars.p }}'}"
    )
    found = plan(
        jobs(f"a: {{{RUN}, {keys}}}"), variables={"t": "1h30m", "f": " TRUE ", "m": "2g", "c": "0.5", "p": 100}
    )
    values = found.node("a").definition.values
    assert values["timeout_s"] == 5400
    assert values["continue_on_error"] == {"always": True}
    assert values["resources"] == {"memory_mb": 2048, "cpus": 0.5, "pids": 100}
    minutes = plan(jobs(f"a: {{{RUN}, timeout-minutes: '${{{{ vars.t }}}}'}}"), variables={"t": "1.5"})
    assert minutes.node("a").definition.values["timeout_s"] == 90
    open_flag = plan(jobs(f"a: {{{RUN}, continue_on_error: '${{{{ vars.f }}}}'}}"), assume={"a": "failure"})
    assert open_flag.node("a").results == {Result.SUCCESS, Result.FAILURE}
    assert open_flag.status is None


def test_a_condition_that_cannot_be_evaluated_fails_its_job() -> None:
    found = plan(jobs(f"a: {{{RUN}, if: 'fromJSON(vars.x)'}}"), variables={"x": "{"})
    assert fates(found) == {"a": "fail"}
    assert "Error parsing fromJson" in found.node("a").decision.explanation


def test_variables_of_the_workflow_that_cannot_be_evaluated_are_told() -> None:
    found = plan(jobs(f"a: {{{RUN}}}", "env: {A: '${{ fromJSON(vars.x) }}'}\n"), variables={"x": "{"})
    assert [fault.path for fault in found.faults] == ["env.A"]


def test_variables_are_laid_over_each_other_and_used_from_above() -> None:
    text = jobs(
        f"a: {{{RUN}, env: {{B: '${{{{ env.A }}}}3', C: '${{{{ env.B }}}}4', A: x}}}}",
        "defaults: {env: {A: '0', D: d}}\nenv: {A: '1', E: '${{ run.id }}', F: '${{ env.E }}'}\n",
    )
    definition = plan(text).node("a").definition
    assert definition.values["env"] == {
        "A": "x",
        "D": "d",
        "E": "${{ run.id }}",
        "F": "${{ env.E }}",
        "B": "13",
        "C": "134",
    }
    assert definition.open == {"env.E": ("run.id",), "env.F": ("env.E",)}


def test_a_condition_reads_the_variables_of_its_job() -> None:
    assert fates(plan(jobs(f"a: {{{RUN}, env: {{A: x}}, if: \"env.A == 'x'\"}}"))) == {"a": "run"}
    assert fates(plan(jobs(f"a: {{{RUN}, env: {{A: '${{{{ run.id }}}}'}}, if: 'env.A'}}"))) == {"a": "depends"}


MATRIX = f"""
    a: {{matrix: {{os: [x, y, z]}}, {RUN}, if: "matrix.os != 'y'"}}
    b: {{needs: a, {RUN}}}
    """


def test_each_variant_has_its_own_answer_where_the_condition_reads_the_matrix() -> None:
    found = plan(jobs(MATRIX))
    assert fates(found) == {"a-x": "run", "a-y": "skip condition", "a-z": "run", "b": "run"}
    assert found.job("a").decision.act == "run"
    assert found.job("a").nodes == ("a-x", "a-y", "a-z")
    none = plan(jobs(f"a: {{matrix: {{os: [x]}}, {RUN}, if: \"matrix.os == 'q'\"}}\nb: {{needs: a, {RUN}}}"))
    assert fates(none) == {"a-x": "skip condition", "b": "skip needs"}


def test_a_failing_variant_may_stop_the_others_unless_they_are_told_to_go_on() -> None:
    found = plan(jobs(MATRIX), assume={"a-x": "failure"})
    assert found.node("a-z").results == {Result.SUCCESS, Result.CANCELLED}
    assert found.job("a").results == {Result.FAILURE}
    calm = jobs(MATRIX.replace("os: [x, y, z]}", "os: [x, y, z]}, fail_fast: false"))
    assert plan(calm, assume={"a-x": "failure"}).node("a-z").results == {Result.SUCCESS}


def test_strategy_is_known_in_the_variants() -> None:
    text = jobs("""
        a:
          strategy: {matrix: {os: [x, y]}, max-parallel: "${{ vars.m }}", fail-fast: "${{ vars.f }}"}
          image: alpine:3.20
          commands: [ls]
          env: {A: "${{ strategy.job-index }}/${{ strategy.job-total }}/${{ strategy.max-parallel }}"}
        """)
    found = plan(text, variables={"m": 2, "f": "false"})
    assert [node.definition.values["env"] for node in found.nodes] == [{"A": "0/2/2"}, {"A": "1/2/2"}]
    assert plan(text).node("a-y").definition.open == {"env.A": ("strategy.max-parallel",)}


def test_ids_of_nodes_are_unlike_each_other_and_jobs_keep_theirs() -> None:
    text = jobs(f"a: {{matrix: {{os: [b, '']}}, {RUN}}}\na-b: {{{RUN}}}")
    assert plan(text).order == ("a-b-2", "a-2", "a-b")


def test_a_computed_matrix_may_be_at_fault() -> None:
    text = jobs(f"a: {{matrix: '${{{{ fromJSON(vars.m) }}}}', {RUN}}}\nb: {{needs: a, {RUN}}}")
    found = plan(text, variables={"m": '{"os": 1}'})
    assert fates(found) == {"a": "fail", "b": "skip needs"}
    assert found.node("a").decision.fault.startswith("A sequence was expected")
    skipped = jobs(f"a: {{matrix: '${{{{ fromJSON(vars.m) }}}}', if: '!vars.m', {RUN}}}")
    assert fates(plan(skipped, variables={"m": "{"})) == {"a": "skip condition"}
    per_variant = jobs(f"a: {{matrix: '${{{{ fromJSON(vars.m) }}}}', if: matrix.os, {RUN}}}")
    assert fates(plan(per_variant)) == {"a": "depends"}


def test_variants_that_are_needed_one_to_one_must_be_there() -> None:
    text = jobs(f"""
        a: {{matrix: {{os: [x, w]}}, fail_fast: false, {RUN}}}
        b: {{matrix: "${{{{ fromJSON(vars.m) }}}}", needs: [{{job: a, matrix: same}}], {RUN}}}
        c: {{needs: [{{job: a, matrix: {{os: x}}}}], {RUN}}}
        d: {{matrix: {{q: [1]}}, needs: [{{job: a, matrix: {{os: w}}}}], {RUN}}}
        """)
    found = plan(text, variables={"m": '{"os": ["x", "q"]}'}, assume={"a[os=w]": "failure"})
    assert fates(found) == {
        "a-x": "run",
        "a-w": "run",
        "b-x": "run",
        "b-q": "fail",
        "c": "run",
        "d-1": "skip needs",
    }
    assert [edge.nodes for edge in found.node("c").edges] == [("a-x",)]
    assert "has no variant with os q" in found.node("b-q").decision.fault


def test_the_first_failure_may_cancel_the_run() -> None:
    text = jobs(
        f"""
        a: {{{RUN}}}
        b: {{{RUN}}}
        c: {{needs: b, {RUN}}}
        d: {{needs: b, if: always(), {RUN}}}
        last: {{on_complete: always, {RUN}}}
        """,
        "on_failure: cancel\n",
    )
    found = plan(text, assume={"a": "failure"})
    assert fates(found) == {"a": "run", "b": "run", "c": "cancel cancelled", "d": "run", "last": "run"}
    assert found.status is RunStatus.PARTIAL
    assert fates(plan(text)) == dict.fromkeys("abcd", "run") | {"last": "run"}


@pytest.mark.parametrize(
    ("assume", "message"),
    [
        ({"a": "sucess"}, "'a' cannot end as 'sucess'."),
        ({"bb": "failure"}, "'bb' is assumed of, but there is no such job."),
        ({"a[os=q]": "failure"}, "'a[os=q]' is assumed of, but there is no such job."),
        ({"x / y": "failure"}, "'x / y' is assumed of, but there is no such job."),
    ],
)
def test_an_assumption_that_means_nothing_is_refused(assume: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidArgumentError) as error:
        plan(jobs(MATRIX), assume=assume)
    assert error.value.message == message
    assert error.value.hint


def test_what_is_assumed_of_outputs_is_read_by_others() -> None:
    text = jobs(f"""
        a: {{{RUN}, outputs: {{v: x}}}}
        b: {{needs: a, if: "needs.a.outputs.v == '1'", {RUN}, env: {{A: "${{{{ jobs.a.outputs.v }}}}"}}}}
        """)
    assert plan(text).node("b").decision.waits_for == ("needs.a.outputs.v",)
    assumed = {"a": Assumption(Outcome.SUCCESS, {"v": "1"})}
    found = plan(text, assume=assumed)
    assert fates(found) == {"a": "run", "b": "run"}
    assert found.node("b").definition.values["env"] == {"A": "1"}


def test_results_of_others_are_known_as_far_as_they_are_sure() -> None:
    env = "{A: '${{ needs.a.result }} ${{ needs.a.outcome }} ${{ jobs.a.status }} ${{ needs.a.attempts }}'}"
    text = jobs(f"a: {{{RUN}, if: vars.x, continue_on_error: true}}\nb: {{needs: a, {RUN}, if: always(), env: {env}}}")
    definition = plan(text).node("b").definition
    assert definition.open["env.A"] == ("needs.a.result", "needs.a.outcome", "jobs.a.status", "needs.a.attempts")
    known = plan(text, variables={"x": 1}, assume={"a": "failure"}).node("b").definition
    assert known.values["env"] == {"A": "success failure success ${{ needs.a.attempts }}"}
    skipped = plan(text, variables={}).node("b").definition
    assert skipped.values["env"] == {"A": "skipped skipped skipped 0"}


CALLED = jobs(
    f"x: {{{RUN}, env: {{WHO: '${{{{ inputs.who }}}}'}}}}\ny: {{needs: x, {RUN}, if: 'inputs.go'}}",
    "inputs: {who: {required: true}, go: {type: boolean, default: true}}\noutputs: {who: '${{ inputs.who }}'}\n",
)


def calling(keys: str) -> WorkflowPlan:
    return plan(jobs(f"""
        call: {{uses: ./called.yaml, {keys}}}
        b: {{needs: call, {RUN}, env: {{A: "${{{{ needs.call.outputs.who }}}}"}}}}
        """), files={"called.yaml": CALLED})  # fmt: skip


def test_a_called_file_is_planned_with_the_inputs_it_is_given() -> None:
    found = calling("with: {who: me, go: false}")
    assert [(path, node.decision.act) for path, node in found.all_nodes()] == [
        ("call", "run"),
        ("call / x", "run"),
        ("call / y", "skip"),
        ("b", "run"),
    ]
    assert found.node("b").definition.values["env"] == {"A": "me"}
    assert found.node("call").definition.values["uses"] == "./called.yaml"
    assert found.node("call").definition.values["with"] == {"who": "me", "go": False}


def test_inputs_of_a_called_file_that_are_not_known_yet_stay_open() -> None:
    found = calling("with: {who: '${{ run.id }}', go: '${{ vars.go }}'}")
    called = dict(found.all_nodes())
    assert called["call / x"].definition.open == {"env.WHO": ("inputs.who",)}
    assert called["call / y"].decision.waits_for == ("inputs.go",)
    assert found.node("b").definition.open == {"env.A": ("needs.call.outputs.who",)}


def test_a_called_file_may_stand_in_a_matrix() -> None:
    found = calling("matrix: {w: [p, q]}, with: {who: '${{ matrix.w }}'}")
    called = dict(found.all_nodes())
    assert called["call-q / x"].definition.values["env"] == {"WHO": "q"}
    with pytest.raises(InvalidSpecError) as error:
        calling(f"matrix: {{w: {[str(n) for n in range(129)]}}}, with: {{who: '${{{{ matrix.w }}}}'}}")
    assert error.value.message == "Called files have more than 256 jobs in all"


def test_the_pieces_of_a_plan_serve_a_run_where_everything_is_known() -> None:
    command = "commands: ['ls ${{ hashFiles(''x'') }} ${{ steps.a.outputs.b }}']"
    text = jobs(f"a: {{image: 'alpine:3.20', {command}, env: {{A: '${{{{ secrets.S }}}}'}}}}", "inputs: {n: {}}\n")
    workflow = read_workflow(text).spec  # no step of this job is called a
    assert workflow is not None
    assert compile_workflow(workflow).node("a").definition.open == {
        "env.A": ("secrets.S",),
        "steps[0].commands[0]": ("hashFiles()", "steps.a"),
    }
    scene = Scene(workflow, RunFacts(inputs={}, secrets={"S": "hush"}, hash_files=lambda _: "#"))
    taken = take_inputs(workflow.inputs, {"n": "1"}, scene.resolver())
    assert (taken.values, taken.context, taken.findings) == ({"n": "1"}, {"n": "1"}, ())
    facts = NodeFacts(needs={}, jobs={}, steps={"a": {"outputs": {"b": "c"}}}, services={}, job={"id": "a"})
    resolver, env = scene.node(workflow.jobs["a"], facts)
    definition = define(workflow.jobs["a"], resolver, env)
    assert definition.open == {}
    assert definition.values["steps"] == [{"commands": ["ls # c"]}]
    assert definition.values["env"] == {"A": "hush"}
    assert next(map(str, definition.readings.values())) == "secrets.S = *** (text)"


def test_inputs_that_a_called_file_refuses_fail_its_caller() -> None:
    text = jobs("call: {uses: ./called.yaml, with: {who: '${{ fromJSON(vars.x) }}'}}")
    found = plan(text, files={"called.yaml": CALLED}, variables={"x": "[1]"})
    assert fates(found) == {"call": "fail"}
    assert found.node("call").decision.fault == "./called.yaml: inputs.who: must be a text"
