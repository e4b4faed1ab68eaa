"""Faults of expressions at the right characters, with fixes that mend."""

from __future__ import annotations

import pytest

from tests.core.plan.lint.linted import after_fixes, found, jobs, lint, marked

TOP = """
inputs:
  who: {type: string}
  flag: {type: boolean}
  count: {type: number}
"""


def job(lines: str, top: str = TOP) -> str:
    """A workflow of one job with these keys."""
    return jobs(
        "build:\n  image: alpine:3.20\n  commands: [ls]\n" + "\n".join("  " + x for x in lines.splitlines()), top
    )


@pytest.mark.parametrize(
    ("written", "token", "mended"),
    [
        ('if: github.ref == "push"', '"push"', "if: github.ref == 'push'"),
        ('if: ${{ github.ref == "a b" }}', '"a', "if: ${{ github.ref == 'a b' }}"),
        ("if: '${{ github.ref == \"x\" }}'", '"x"', "if: '${{ github.ref == ''x'' }}'"),
        ('if: "${{ github.ref == \\"x\\" }}"', '\\"x\\"', "if: \"${{ github.ref == 'x' }}\""),
        ("if: github.ref = 'x'", "=", "if: github.ref == 'x'"),
        ("if: github.ref === 'x'", "=", "if: github.ref == 'x'"),
        ("if: inputs.flag and inputs.who", "and", "if: inputs.flag && inputs.who"),
        ("if: inputs.flag or inputs.who", "or", "if: inputs.flag || inputs.who"),
        ("if: not inputs.flag", "not", 'if: "!inputs.flag"'),
        ("if: ${{ not inputs.flag }}", "not", "if: ${{ !inputs.flag }}"),
        ("if: inputs.flag == True", "True", "if: inputs.flag == true"),
        ("if: inputs.who == None", "None", "if: inputs.who == null"),
        ("if: $HOME == 'x'", "$HOME", "if: env.HOME == 'x'"),
        ("if: ${HOME} == 'x'", "${HOME}", "if: env.HOME == 'x'"),
        ("if: inptus.flag", "inptus", "if: inputs.flag"),
        ("if: contians(inputs.who, 'x')", "contians", "if: contains(inputs.who, 'x')"),
        ("if: inputs.whoo == 'x'", "whoo", "if: inputs.who == 'x'"),
        ("if: inputs['whoo'] == 'x'", "'whoo'", "if: inputs['who'] == 'x'"),
        ("if: inputs.flag == 'true'", "inputs.flag == 'true'", "if: inputs.flag == true"),
        ("if: ${{ inputs.flag }} && github.ref == 'x'", None, "if: inputs.flag && github.ref == 'x'"),
        ("env: {A: '${{ needs }}'}", "needs", "env: {A: '${{ toJSON(needs) }}'}"),
        ("env: {A: 'x ${{ github.event.a.1 }}'}", "1", "env: {A: 'x ${{ github.event.a[1] }}'}"),
    ],
)
def test_a_fault_is_told_at_its_token_and_mended(written: str, token: str | None, mended: str) -> None:
    text = job(written)
    (finding,) = lint(text)
    assert marked(text, finding.place) == (token if token is not None else written.removeprefix("if: "))
    if mended.startswith('if: "!'):  # a plain scalar cannot begin with an exclamation mark
        assert finding.fix is None
    else:
        assert mended in after_fixes(text)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "if: github.ref ==",
            "E102 ==| Unexpected end of expression: '=='. Located at position 12 within expression: ",
        ),
        ("if: inputs.count + 1", "E101 +| Unexpected symbol: '+'. Located at position 14 within expression: "),
        ("name: x ${{ }}", "E108 ${{ }}| An expression was expected"),
        ("name: x ${{ a", "E107 ${{| The expression is not closed."),
        ("name: ${{ secrets.X }}", "E110 secrets| Unrecognized named-value: 'secrets'."),
        ("name: ${{ success() }}", "E110 success| Unrecognized function: 'success'."),
        ("name: ${{ nothing.x }}", "E103 nothing| Unrecognized named-value: 'nothing'."),
        ("name: ${{ nothing() }}", "E104 nothing| Unrecognized function: 'nothing'."),
        ("name: ${{ contains('a') }}", "E105 contains| Too few parameters supplied: 'contains'."),
        ("name: ${{ format('{1}', 1) }}", "E115 '{1}'| The following format string references more arguments"),
        ("name: ${{ format('{0}', 1, 2) }}", "W115 2| The text names no {1}, so that this argument is not used"),
        ("name: ${{ fromJSON('{a}') }}", "E115 '{a}'| Error parsing fromJson: "),
        ("name: ${{ env.X.y }}", "W112 env.X.y| 'env.X' is a text and has no properties: this is always null."),
        ("name: ${{ inputs.flag > 1 }}", "W112 inputs.flag > 1| Booleans have no order."),
        ("name: ${{ inputs.flag && '' || 'x' }}", "W113 inputs.flag && ''| 'inputs.flag && ''' is never true"),
        ("if: true", "W113 true| The condition 'true' is always true."),
        ("unless: ${{ 1 == 2 }}", "W113 1 == 2| The condition '1 == 2' is always false."),
        ("name: ${{ matrix.os }}", "E111 os| 'matrix' has no 'os'."),
        ("name: ${{ needs.x.result }}", "E111 x| 'needs' has no 'x'."),
        ("env: {A: '${{ services.db.host }}'}", "E111 db| 'services' has no 'db'."),
        ("env: {A: '${{ split(inputs.who, 1) }}'}", "W112 split(inputs.who, 1)| 'split(inputs.who, 1)' is a list"),
        ("retry: {max: 1, if: job.exit_cod == 1}", "E111 exit_cod| 'job' has no 'exit_cod'."),
        ("if: success('x')", "E011 'x'| Job 'build' asks for the result of unknown job 'x'."),
    ],
)
def test_a_fault_is_told_at_its_token(written: str, told: str) -> None:
    text = job(written)
    (finding,) = lint(text)
    code, token = told.split("| ", maxsplit=1)[0].split(" ", maxsplit=1)
    assert (finding.code, marked(text, finding.place)) == (code, token)
    assert finding.message.startswith(told.split("| ", maxsplit=1)[1])


def test_tokens_are_found_in_block_scalars_and_over_several_lines() -> None:
    text = job("""if: >-
  github.ref == 'x'
  && inputs.nobody
env:
  A: |
    first ${{ inputs.who }}
      second ${{ inputs.nobody }}
  B: "caf\\u00e9 ${{ inputs.nobody }}"
""")
    assert found(text) == [
        "E111 12 nobody | 'inputs' has no 'nobody'.",
        "E111 16 nobody | 'inputs' has no 'nobody'.",
        "E111 17 nobody | 'inputs' has no 'nobody'.",
    ]


def test_every_expression_of_a_text_is_read_whatever_is_wrong_with_the_others() -> None:
    text = job("name: ${{ a }} ${{ inputs.flag }} ${{ 1 + }} ${{ inputs.nobody }}")
    assert [line.split(" ")[0] for line in found(text)] == ["E103", "E101", "E111"]


def test_own_functions_are_refused_where_the_file_asks_for_githubs() -> None:
    assert found(job("name: ${{ lower(inputs.who) }}")) == []
    text = job("name: ${{ lower(inputs.who) }}", TOP + "expressions: github\n")
    assert [line.split(" ")[0] for line in found(text)] == ["E110"]


def test_a_job_that_is_there_but_not_needed_is_told_as_such() -> None:
    text = jobs("""
        a: {image: 'alpine:3.20', commands: [ls], outputs: {tag: x}}
        b: {image: 'alpine:3.20', commands: [ls], env: {A: "${{ needs.a.result }} ${{ jobs.a.outputs.tag }}"}}
        c: {image: 'alpine:3.20', commands: [ls], if: "success('a')"}
        d: {image: 'alpine:3.20', commands: [ls], needs: a, env: {A: "${{ needs.a.outputs.tga }}"}}
        """)
    assert found(text) == [
        "E111 3 a | 'needs' has no 'a'.",
        "E111 3 a | 'jobs' has no 'a'.",
        "E011 4 'a' | 'a' is no job that 'c' needs, so that success() cannot ask for it.",
        "E111 5 tga | 'needs.a.outputs' has no 'tga'.",
    ]
    assert [finding.hint for finding in lint(text)[:3]] == ["add 'a' to the job's needs"] * 3
    assert "outputs.tag }}" in after_fixes(text)


def test_outputs_that_are_not_declared_may_be_any() -> None:
    text = jobs("""
        a: {image: 'alpine:3.20', commands: [ls]}
        b: {image: 'alpine:3.20', commands: [ls], needs: a, env: {A: "${{ needs.A.outputs.any.thing }}"}}
        """)
    assert [line.split(" ")[0] for line in found(text)] == ["W112"]


def test_steps_are_known_once_they_have_run() -> None:
    text = jobs("""
        a:
          image: alpine:3.20
          steps:
            - {id: one, run: "echo ${{ steps.two.outcome }}"}
            - {id: two, run: "echo ${{ steps.one.outcome }}", if: "steps.one.conclusion == 'x' && failure()"}
          outputs: {x: "${{ steps.two.outputs.any }} ${{ steps.three.outputs.x }}"}
        """)
    assert found(text) == [
        "E111 5 two | 'steps' has no 'two'.",
        "E111 7 three | 'steps' has no 'three'.",
    ]


def test_workflow_keys_are_checked_as_well() -> None:
    text = jobs(
        "a: {image: 'alpine:3.20', commands: [ls]}",
        "run_name: ci ${{ jobs.a.result }}\noutputs: {x: '${{ jobs.b.result }} ${{ jobs.a.status }}'}\n",
    )
    assert [line.split(" | ")[0] for line in found(text)] == ["E110 1 jobs", "E111 2 b"]


def test_secrets_are_compared_with_the_declared_ones_if_any_are() -> None:
    assert found(job("env: {A: '${{ secrets.ANY }}'}")) == []
    text = job("env: {A: \"${{ secrets.TOKN }} ${{ secrets['x'] }} ${{ secrets.token }}\"}", "secrets: [TOKEN]\n")
    assert found(text) == [
        "W111 6 TOKN | Secret 'TOKN' is not among the declared ones.",
        "W111 6 'x' | Secret 'x' is not among the declared ones.",
    ]
    assert "secrets.TOKEN }}" in after_fixes(text)


def test_conditions_that_may_come_out_either_way_are_not_told() -> None:
    for condition in ("always()", "inputs.flag", "github.ref == 'x'", "inputs.who == 'true'", "env.CI == 'true'"):
        assert found(job(f"if: {condition}")) == []


def test_a_finding_tells_the_path_where_the_text_was_written() -> None:
    (finding,) = lint(job("env: {A: '${{ inputs.nobody }}'}"))
    assert finding.path == "jobs.build.env.A"
    assert finding.file == "ci.yaml"
