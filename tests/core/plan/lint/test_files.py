"""Whole files: many mistakes at once, called files, values from elsewhere, fixes in every style of writing."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.plan.findings import MOST_FINDINGS, Severity
from core.plan.lint import lint_workflow
from core.plan.reading import read_workflow
from tests.core.plan.lint.linted import after_fixes, found, jobs, lint

RUN = 'image: "alpine:3.20", commands: [ls]'


def test_forty_mistakes_are_answered_with_forty_findings() -> None:
    lines = [f"j{number}: {{{RUN}, needs: nobody-{number}, env: {{A: '${{{{ nothing }}}}'}}}}" for number in range(20)]
    assert len(lint(jobs("\n".join(lines)))) == 40


def test_of_too_many_findings_the_errors_are_told() -> None:
    lines = [f"j{number}: {{image: alpine, needs: nobody, commands: [ls]}}" for number in range(80)]
    findings = lint(jobs("\n".join(lines)))
    assert len(findings) == MOST_FINDINGS
    assert sum(finding.severity is Severity.ERROR for finding in findings) == 80


@pytest.mark.parametrize("text", ["", "[1, 2]", "jobs: [", "jobs: 5", "jobs: {a: }", "\t"])
def test_a_file_that_says_nothing_has_no_findings_of_meaning(text: str) -> None:
    assert lint(text) == []


def test_called_files_are_checked_once_under_their_own_names() -> None:
    files = {"inner.yaml": jobs("x: {image: alpine, commands: [ls]}"), "other.yaml": jobs(f"x: {{{RUN}}}")}
    text = jobs("a: {uses: ./inner.yaml}\nb: {uses: ./inner.yaml, needs: z}\nc: {uses: ./other.yaml}")
    assert [(finding.file, finding.code) for finding in lint(text, files)] == [
        ("ci.yaml", "E011"),
        ("inner.yaml", "W130"),
    ]


def test_outputs_of_a_called_file_are_known_if_it_could_be_read() -> None:
    inner = jobs(f"x: {{{RUN}}}", "outputs: {tag: '${{ jobs.x.outputs.tag }}'}\n")
    text = jobs(f"a: {{uses: ./inner.yaml}}\nb: {{needs: a, {RUN}, env: {{A: '${{{{ needs.a.outputs.tga }}}}'}}}}")
    assert found(text, files={"inner.yaml": inner}) == ["E111 3 tga | 'needs.a.outputs' has no 'tga'."]
    assert found(text, "E111") == []


def test_what_an_alias_brings_is_told_where_it_was_written_and_not_mended() -> None:
    text = jobs(f"""
        a: {{{RUN}, needs: &n [nobody]}}
        b: {{{RUN}, needs: *n, if: &c "github.ref = 'x'"}}
        c: {{{RUN}, if: *c}}
        """)
    assert [line.split(" | ")[0] for line in found(text)] == ["E011 2 nobody", "E011 2 nobody", "E101 3 ="]


@pytest.mark.parametrize(
    ("needs", "mended"),
    [
        ("needs: [a, a]", "needs: [a]"),
        ("needs: [a, a, b]", "needs: [a, b]"),
        ("needs: [ a , a , ]", "needs: [ a , ]"),
        ("needs: [a,\n      a]", "needs: [a]"),
        ("needs:\n    - a\n    - a", "needs:\n    - a"),
        ("needs:\n    - a\n    - a # again", None),
        ("needs:\n    - a\n    - {job: a,\n       optional: true}", None),
    ],
)
def test_a_name_too_many_is_taken_out_of_its_list(needs: str, mended: str | None) -> None:
    text = f"jobs:\n  a: {{{RUN}}}\n  b: {{{RUN}}}\n  c:\n    image: alpine:3.20\n    {needs}\n    commands: [ls]\n"
    (finding,) = lint(text)
    assert finding.code == "W011"
    if mended is None:
        assert finding.fix is None
    else:
        assert f"    {mended}\n    commands" in after_fixes(text)


@pytest.mark.parametrize(
    ("job", "mended"),
    [
        ("a: {needs: a, image: 'alpine:3.20', commands: [ls]}", "a: {image: 'alpine:3.20', commands: [ls]}"),
        ("a: {image: 'alpine:3.20', commands: [ls], needs: a}", "a: {image: 'alpine:3.20', commands: [ls]}"),
        ("a:\n  needs:\n    - a\n  image: alpine:3.20\n  commands: [ls]", "a:\n    image: alpine:3.20"),
        ("a:\n  image: alpine:3.20\n  commands: [ls]\n  needs: a # itself\nb: {uses: ./x.yaml}", None),
        ("? a\n: {image: 'alpine:3.20', commands: [ls],\n   needs: a}", "commands: [ls]}"),
    ],
)
def test_the_last_name_goes_with_its_key(job: str, mended: str | None) -> None:
    text = jobs(job)
    findings = [finding for finding in lint(text) if finding.code == "E012"]
    assert len(findings) == 1
    if mended is None:
        assert findings[0].fix is None
    else:
        made = after_fixes(text)
        assert mended in made
        assert found(made) == []


def test_the_last_line_of_a_file_without_a_line_end_is_left_alone() -> None:
    text = f"jobs:\n  a: {{{RUN}}}\n  b:\n    image: alpine:3.20\n    commands: [ls]\n    needs:\n      - a\n      - a"
    assert [finding.fix for finding in lint(text)] == [None]


def test_what_a_template_needs_is_not_taken_out_of_it() -> None:
    text = jobs(f".t: {{{RUN}, needs: a}}\na: {{extends: .t}}")
    (finding,) = lint(text)
    assert (finding.code, finding.fix) == ("E012", None)


def test_a_condition_over_several_lines_is_not_rewritten() -> None:
    text = jobs("a:\n  image: alpine:3.20\n  commands: [ls]\n  if: |\n    ${{ github.ref }}\n    && vars.x\n")
    (finding,) = lint(text)
    assert (finding.code, finding.fix) == ("E114", None)


def test_a_text_around_an_expression_that_is_wrong_itself_has_no_fix() -> None:
    (finding,) = lint(jobs(f"a: {{{RUN}, if: 'x ${{{{ y }}}} z'}}"))
    assert (finding.code, finding.fix) == ("E114", None)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["needs: [a, b]", "after: a", "if: 'x ${{ '", "matrix: {o: [1, 1]}", "env: {A: '${{ needs.b }}'}",
             "unless: true", "parallel_with: [a, q]", "on_complete: always", "commands: ['${{ inputs.x }}']",
             "outputs: {x: '${{ steps }}'}", "services: [x]", "timeout: '${{ fromJSON(1) }}'", "extends: .t",
             "needs: {job: a}", "matrix: '${{ x }}'", "name: &n ${{ 1 }}", "description: *n", "image: [x]"],
        ),
        max_size=6,
    ),
    st.sampled_from(["a", "b", ".t", "A", "1"]),
)  # fmt: skip
def test_whatever_a_file_says_there_are_findings_and_no_surprise(lines: list[str], name: str) -> None:
    body = "\n".join(f"    {line}" for line in lines)
    text = f"jobs:\n  a: {{{RUN}}}\n  {name}:\n    image: alpine\n{body}\n"
    for finding in lint_workflow(read_workflow(text, "x.yaml")):
        assert finding.message
        assert finding.file == "x.yaml"


@pytest.mark.parametrize(
    "text",
    [
        jobs(f"a: {{image: 'a:1', commands: ['echo {'${{ inputs.x }}' * 2000}']}}", "inputs: {x: {}}\n"),
        jobs(f"a: {{{RUN}, if: '{'(' * 5000}'}}"),
        jobs("\n".join(f"j{n}: {{{RUN}, needs: [{', '.join(f'j{m}' for m in range(40))}]}}" for n in range(40))),
        jobs("\n".join(f"j{n}: {{{RUN}, if: jobs.j{n - 1}.result, needs: j{n - 1}}}" for n in range(1, 400))),
        jobs(f"a: {{{RUN}, matrix: {{k: {list(range(10_000))}}}}}"),
        jobs(f"a: {{{RUN}, commands: [\"{'$(`' * 3000}${{{{ github.head_ref }}}}\"]}}"),
    ],
)  # fmt: skip
def test_files_that_are_made_to_take_long_do_not(text: str) -> None:
    began = time.process_time()
    lint(text)
    assert time.process_time() - began < 10


def test_jobs_in_a_circle_and_behind_it_are_known_to_come_before() -> None:
    text = jobs(f"""
        a: {{{RUN}, needs: b}}
        b: {{{RUN}, needs: a}}
        c: {{{RUN}, needs: b, env: {{A: "${{{{ jobs.a.result }}}} ${{{{ jobs.d.result }}}}"}}}}
        d: {{{RUN}}}
        last: {{{RUN}, on_complete: always, env: {{A: "${{{{ jobs.d.result }}}} ${{{{ jobs.last.result }}}}"}}}}
        """)
    assert [line.split(" | ")[0] for line in found(text, "E111")] == ["E111 4 d", "E111 6 last"]
