"""Unknown jobs, circles, promises that cannot be kept, jobs that never run."""

from __future__ import annotations

import pytest

from tests.core.plan.lint.linted import after_fixes, found, jobs, lint, marked

RUN = 'image: "alpine:3.20", commands: [ls]'


def test_an_unknown_job_is_told_with_the_one_that_was_meant() -> None:
    text = jobs(f"""
        build: {{{RUN}}}
        test: {{needs: [build, bulid], after: [tset], parallel_with: lint, {RUN}}}
        """)
    assert found(text) == [
        "E011 3 bulid | Job 'test' depends on unknown job 'bulid'.",
        "E011 3 tset | Job 'test' comes after unknown job 'tset'.",
        "E011 3 lint | Job 'test' runs beside unknown job 'lint'.",
    ]
    hints = [finding.hint for finding in lint(text)]
    assert hints == ["did you mean 'build'?", "the jobs are build", "the jobs are build"]
    assert "[build, build]" in after_fixes(text)


def test_a_job_is_never_suggested_to_itself_and_a_template_is_no_job() -> None:
    alone = lint(jobs(f"build: {{needs: buidl, {RUN}}}"))
    assert [finding.hint for finding in alone] == ["there is no other job"]
    template = lint(jobs(f".base: {{{RUN}}}\ntest: {{needs: .base, commands: [ls], image: 'alpine:3.20'}}"))
    assert [finding.hint for finding in template] == ["a template never runs: use extends"]


def test_names_of_jobs_are_found_whatever_their_case() -> None:
    assert found(jobs(f"Build: {{{RUN}}}\ntest: {{needs: [BUILD], if: \"success('build')\", {RUN}}}")) == []


def test_a_job_that_is_named_twice_is_told_with_the_first_place() -> None:
    text = jobs("""
        a: {image: 'alpine:3.20', commands: [ls]}
        b:
          image: alpine:3.20
          needs:
            - a
            - job: a
            - a
          after:
            - a
          commands: [ls]
        """)
    assert found(text) == [
        "W011 7 a | Job 'b' names 'a' twice in needs.",
        "W011 8 a | Job 'b' names 'a' twice in needs.",
        "E011 10 a | Job 'b' names 'a' both in needs and in after.",
    ]
    assert [finding.related[0].place.line for finding in lint(text)] == [6, 6, 6]
    made = after_fixes(text)
    assert found(made, "E011") == []
    assert "after:" not in made


def test_a_circle_is_told_whole_with_the_place_of_each_edge_and_the_one_against_the_order_of_the_file() -> None:
    text = jobs(f"""
        prepare: {{{RUN}, needs: install}}
        build: {{needs: [prepare], {RUN}}}
        install: {{needs: [build], {RUN}}}
        """)
    (finding,) = lint(text)
    assert (finding.code, finding.place.line, marked(text, finding.place)) == ("E012", 2, "install")
    assert finding.message == "Jobs wait for each other in a circle: prepare -> install -> build -> prepare."
    assert [str(note.place.line) + " " + note.message for note in finding.related] == [
        "2 'prepare' waits for 'install'",
        "4 'install' waits for 'build'",
        "3 'build' waits for 'prepare'",
    ]
    assert found(after_fixes(text)) == []


def test_every_circle_is_told_and_one_with_two_edges_against_the_order_has_no_sure_fix() -> None:
    text = jobs(f"""
        a: {{{RUN}, needs: a}}
        b: {{{RUN}, needs: c}}
        c: {{{RUN}, needs: d}}
        d: {{{RUN}, needs: b}}
        """)
    findings = lint(text)
    assert [finding.message for finding in findings] == [
        "Job 'a' waits for itself: a -> a.",
        "Jobs wait for each other in a circle: b -> c -> d -> b.",
    ]
    assert findings[1].fix is None
    after_fixes(text)


def test_nobody_can_need_a_finally_job_that_waits_for_him() -> None:
    text = jobs(f"""
        a: {{{RUN}, needs: last}}
        last: {{{RUN}, on_complete: always}}
        """)
    (finding,) = lint(text)
    assert finding.message == "Jobs wait for each other in a circle: a -> last -> a."
    assert finding.hint.startswith("'last' is a finally job")
    assert finding.related == ()


def test_jobs_that_are_ordered_cannot_run_beside_each_other() -> None:
    text = jobs(f"""
        a: {{{RUN}, parallel_with: [c, b]}}
        b: {{{RUN}, needs: a, parallel_with: [b]}}
        c: {{{RUN}, needs: b}}
        d: {{{RUN}, parallel_with: [a]}}
        """)
    assert found(text) == [
        "E013 2 c | Job 'a' is to run beside 'c', but 'c' waits for 'a' to end.",
        "E013 2 b | Job 'a' is to run beside 'b', but 'b' waits for 'a' to end.",
        "E013 3 b | Job 'b' cannot run beside itself.",
    ]
    after_fixes(text)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("if: false", "Job 'a' can never run: success() && false → false."),
        ("unless: true", "Job 'a' can never run: success() && !true → false."),
        ("if: failure()", "Job 'a' can never run: failure() → false."),
        ("if: \"failure() && github.ref == 'x'\"", "Job 'a' can never run: failure() && github.ref == 'x' → false."),
        ("if: inputs.x && 0", "Job 'a' can never run: success() && inputs.x && 0 → false."),
    ],
)
def test_a_job_whose_condition_is_false_whatever_happens_is_told(keys: str, message: str) -> None:
    text = jobs(f"a: {{{RUN}, {keys}}}", "inputs: {x: {type: boolean}}\n")
    assert [line.split(" | ")[1] for line in found(text, "W014")] == [message]
    assert found(text, "W113") == []


def test_what_needs_a_job_that_never_runs_never_runs_either_unless_it_catches_that() -> None:
    text = jobs(f"""
        never: {{{RUN}, if: false}}
        below: {{{RUN}, needs: never}}
        further: {{{RUN}, needs: below}}
        optional: {{{RUN}, needs: [{{job: never, optional: true}}]}}
        catching: {{{RUN}, needs: never, if: "!cancelled()"}}
        behind: {{{RUN}, after: never}}
        failing: {{{RUN}, needs: never, if: failure()}}
        last: {{{RUN}, on_complete: success}}
        """)
    assert found(text, "W014") == [
        "W014 2 false | Job 'never' can never run: success() && false → false.",
        "W014 3 never | Job 'below' can never run: it needs 'never', which never does.",
        "W014 4 below | Job 'further' can never run: it needs 'below', which never does.",
        "W014 8 failure() | Job 'failing' can never run: failure() → false.",
    ]


@pytest.mark.parametrize(
    "keys",
    ["on_complete: failure", "if: always()", "if: cancelled()", "if: github.ref", "unless: failure()", "if: env.X"],
)
def test_a_job_that_may_run_is_not_told(keys: str) -> None:
    assert found(jobs(f"a: {{{RUN}, {keys}}}\nb: {{{RUN}}}"), "W014") == []


def test_a_condition_that_cannot_be_read_makes_no_job_unreachable() -> None:
    text = jobs(f"a: {{{RUN}, if: 'false &&'}}\nb: {{{RUN}, needs: a}}")
    assert [line[:4] for line in found(text)] == ["E102"]


def test_on_complete_and_a_status_function_do_not_go_together() -> None:
    text = jobs(f"""
        a: {{{RUN}}}
        b: {{{RUN}, needs: a, on_complete: failure, if: always()}}
        c: {{{RUN}, needs: a, on_complete: always, unless: success(), if: "1 +"}}
        """)
    assert [line for line in found(text) if line.startswith("E005")] == [
        "E005 3 always() | Job 'b' has on_complete, and a status function in 'if': both say which ends count.",
        "E005 4 success() | Job 'c' has on_complete, and a status function in 'unless': both say which ends count.",
    ]
