"""Versions, readiness, secrets in the file, text of others in shells."""

from __future__ import annotations

import pytest

from tests.core.plan.lint.linted import after_fixes, found, jobs, lint

RUN = 'image: "alpine:3.20", commands: [ls]'


@pytest.mark.parametrize(
    "image", ["alpine", "alpine:latest", "ghcr.io/a/b", "localhost:5000/a", "localhost:5000/a:latest"]
)
def test_an_image_without_a_version_is_told(image: str) -> None:
    (line,) = found(jobs(f"a: {{image: '{image}', commands: [ls]}}"))
    assert line.startswith(f"W130 2 '{image}' | Image '{image}' names ")


@pytest.mark.parametrize(
    "image", ["alpine:3.20", "localhost:5000/a:1", "alpine@sha256:" + "a" * 64, "x:${{ vars.v }}", "${{ vars.image }}"]
)
def test_an_image_with_a_version_is_not_told(image: str) -> None:
    assert found(jobs(f"a: {{image: '{image}', commands: [ls]}}")) == []


def test_what_many_jobs_take_from_the_defaults_is_told_once() -> None:
    text = jobs("a: {commands: [ls]}\nb: {commands: [ls]}", "defaults: {image: alpine}\n")
    assert found(text) == ["W130 1 alpine | Image 'alpine' names no version: it may be another one tomorrow."]


def test_a_service_of_which_nobody_knows_when_it_is_ready_is_told() -> None:
    text = jobs(f"""
        a:
          {{{RUN}, services: {{
            own: "own:1", redis: "redis:7", pg: "x/postgres:16", told: {{image: "own:1", ready: {{tcp: 1}}}},
            ports: {{image: "own:1", ports: [80]}}, health: {{image: "own:1", health_check: {{test: "true"}}}},
            open: "${{{{ vars.image }}}}"}}}}
        """, "services: {shared: {image: own}}\n")  # fmt: skip
    lines = [line.split(":")[0] for line in found(text)]
    assert lines == [
        "W132 1 {image",
        "W130 1 own | Image 'own' names no version",
        'W132 5 "own',
    ]


def test_a_job_that_shuts_itself_off_from_the_services_of_its_workflow_is_told() -> None:
    text = jobs(f"""
        off: {{{RUN}, network: services}}
        on: {{{RUN}}}
        bridge: {{{RUN}, network: bridge}}
        alone: {{{RUN}, network: none}}
        """, "services: {db: {image: 'redis:7'}}\n")  # fmt: skip
    (line,) = found(text)
    assert line.startswith("W135 3 services | Job 'off' does not reach the workflow's services")


def test_a_job_may_shut_itself_off_where_there_are_no_services_but_its_own() -> None:
    assert found(jobs(f"a: {{{RUN}, network: services, services: {{redis: 'redis:7'}}}}")) == []


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("AKIA" + "ABCDEFGHIJKLMNOP", "An access key of AWS"),
        ("ghp_" + "a1B2" * 9, "A token of GitHub"),
        ("glpat-" + "a1B2" * 5, "A token of GitLab"),
        ("xoxb-" + "1234567890-abcdefghij", "A token of Slack"),
        ("-----BEGIN RSA PRIVATE KEY-----", "A private key"),
    ],
)
def test_a_secret_that_stands_in_the_file_is_told_and_not_repeated(value: str, what: str) -> None:
    for text in (
        jobs(f"a: {{{RUN}, env: {{K: '{value}'}}}}"),
        jobs(f"a: {{{RUN}, services: {{redis: {{image: 'redis:7', env: {{K: '{value}'}}}}}}}}"),
        jobs(f"a: {{image: 'alpine:3.20', commands: ['login {value} now']}}"),
    ):
        (finding,) = lint(text)
        assert (finding.code, finding.message) == ("E133", f"{what} stands here.")
        assert value not in finding.message + finding.hint
        assert finding.place.end_column - finding.place.column == len(value)


@pytest.mark.parametrize("value", ["AKIAIOSFODNN7EXAMPLE", "AKIA", "ghp_short", "not a key at all, really"])
def test_what_only_looks_a_little_like_a_key_is_not_told(value: str) -> None:
    assert found(jobs(f"a: {{{RUN}, env: {{K: '{value}'}}}}")) == []


def test_a_variable_with_the_name_of_a_secret_and_a_value_is_told() -> None:
    text = jobs(
        "a: {image: 'alpine:3.20', steps: [{run: ls, env: {API_KEY: abcdef}}], env: {db_password: hunter22}}",
        "env: {TOKEN: ab-cd-ef}\ndefaults: {env: {MY_SECRET: abcdef}}\n",
    )
    assert sorted(line.split(" | ")[0] for line in found(text)) == [
        "W133 1 ab-cd-ef",
        "W133 2 abcdef",
        "W133 4 abcdef",
        "W133 4 hunter22",
    ]


@pytest.mark.parametrize(
    "variable",
    ["TOKEN_URL: abcdef", "TOKEN: ''", "TOKEN: '${{ secrets.T }}'", "PASSWORD: true", "PASSWORD: /run/secret",
     "API_KEY: $KEY", "SECRET: '***'", "TOKEN: ab", "TOKEN: 123456", "TOKEN: <yours>"],
)  # fmt: skip
def test_variables_that_hold_no_secret_are_not_told(variable: str) -> None:
    assert found(jobs(f"a: {{{RUN}, env: {{{variable}}}}}")) == []


def test_a_job_cannot_wait_for_the_group_that_its_run_holds() -> None:
    text = jobs(
        f"a: {{{RUN}, concurrency: Deploy}}\nb: {{{RUN}, concurrency: other}}\nc: {{{RUN}}}", "concurrency: deploy\n"
    )
    assert found(text) == ["E005 3 Deploy | Job 'a' waits for the group that its own run holds: it could never start."]
    assert (
        found(jobs(f"a: {{{RUN}, concurrency: '${{{{ inputs.x }}}}'}}", "inputs: {x: {}}\nconcurrency: deploy\n")) == []
    )


TOP = (
    "inputs: {who: {}, any: {type: json}, flag: {type: boolean}, n: {type: number}, c: {type: choice, options: [a]}}\n"
)


def commands(*lines: str, keys: str = "") -> str:
    block = "\n".join(f"    - {line}" for line in lines)
    return jobs(f"a:\n  image: alpine:3.20\n{keys}  commands:\n{block}\n", TOP)


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("inputs.who", "inputs.who"),
        ("inputs.any.x", "inputs.any.x"),
        ("toJSON(inputs)", "inputs"),
        ("github.head_ref", "github.head_ref"),
        ("github.event.pull_request.title", "github.event.pull_request.title"),
        ("inputs.who || 'x'", "inputs.who"),
        ("format('{0}', github.event['a b'])", "github.event.a b"),
    ],
)
@pytest.mark.hostile("B49")
def test_text_of_others_in_a_shell_is_told(expression: str, named: str) -> None:
    text = commands(f"echo ${{{{ {expression} }}}}")
    (finding,) = lint(text)
    assert finding.message == f"'{named}' is put into the shell as it is: whoever chooses it chooses what runs."
    assert found(after_fixes(text), "W140") == []


@pytest.mark.parametrize(
    "expression",
    ["inputs.flag", "inputs.n", "inputs.c", "inputs.who == 'x'", "!inputs.who", "contains(inputs.who, 'x')",
     "github.ref_name", "github.sha", "run.id", "env.X", "fromJSON('[1]')[0]"],
)  # fmt: skip
def test_what_nobody_outside_chooses_is_not_told(expression: str) -> None:
    assert found(commands(f"echo ${{{{ {expression} }}}}")) == []


def test_outputs_of_other_jobs_and_computed_matrices_are_text_of_others() -> None:
    text = jobs("""
        a: {image: 'alpine:3.20', commands: [ls]}
        b:
          image: alpine:3.20
          needs: a
          matrix: {x: "${{ fromJSON(needs.a.outputs.x) }}", y: [1]}
          commands:
            - echo ${{ needs.a.outputs.tag }} ${{ needs.a.result }} ${{ jobs.a.outputs.*.x }} ${{ needs.* }}
            - echo ${{ matrix.x }} ${{ matrix.y }} ${{ toJSON(matrix) }}
        c: {image: 'alpine:3.20', matrix: {x: [1]}, commands: ['echo ${{ matrix.x }}']}
        d:
          {image: 'alpine:3.20', needs: a, matrix: "${{ fromJSON(needs.a.outputs.m) }}", commands: ["${{ matrix.x }}"]}
        """)
    assert [line.split(" | ")[0] for line in found(text, "W140")] == [
        "W140 8 ${{ needs.a.outputs.tag }}",
        "W140 8 ${{ jobs.a.outputs.*.x }}",
        "W140 8 ${{ needs.* }}",
        "W140 9 ${{ matrix.x }}",
        "W140 9 ${{ toJSON(matrix) }}",
        "W140 12 ${{ matrix.x }}",
    ]


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        ("echo ${{ inputs.who }}", 'echo "$WHO"'),
        ('echo "hi ${{ inputs.who }}"', 'echo "hi $WHO"'),
        ('echo "hi ${{ inputs.who }}s"', 'echo "hi ${WHO}s"'),
        ("'echo ''it'' ${{ inputs.who }}'", "'echo ''it'' \"$WHO\"'"),
        ('"echo ${{ inputs.who }}"', '"echo \\"$WHO\\""'),
        ("echo \\' ${{ inputs.who }}", 'echo \\\' "$WHO"'),
        ("|\n      # don't\n      echo ${{ inputs.who }}\n", '      echo "$WHO"'),
    ],
)
def test_the_fix_passes_the_text_as_a_variable(line: str, mended: str) -> None:
    text = commands(line)
    made = after_fixes(text)
    assert mended in made
    assert 'env:\n      WHO: "${{ inputs.who }}"' in made
    assert found(made) == []


@pytest.mark.parametrize(
    "line",
    ["${{ inputs.who }} --run", "echo '${{ inputs.who }}'", "echo $(cat ${{ inputs.who }})",
     "echo `cat ${{ inputs.who }}`", "|\n      cat <<END\n      ${{ inputs.who }}\n      END\n"],
)  # fmt: skip
def test_where_the_shells_quoting_is_not_sure_there_is_no_fix(line: str) -> None:
    (finding,) = lint(commands(f'"{line}"' if "`" in line else f'"{line}"' if "'" in line else line))
    assert (finding.code, finding.fix) == ("W140", None)


def test_the_fix_takes_a_name_that_is_free_and_the_env_that_is_there() -> None:
    text = commands("echo ${{ inputs.who }}", keys="  env:\n    WHO: me\n    OTHER: x\n")
    assert '    env:\n      INPUTS_WHO: "${{ inputs.who }}"\n      WHO: me\n' in after_fixes(text)
    held = commands("echo ${{ inputs.who }}", keys="  env:\n    WHO: ${{ inputs.who }}\n")
    assert after_fixes(held).count("inputs.who") == 1
    flow = commands("echo ${{ inputs.who }}", keys="  env: {OTHER: x}\n")
    assert 'env: {WHO: "${{ inputs.who }}", OTHER: x}' in after_fixes(flow)
    reserved = commands("echo ${{ github.event.path }}")
    assert "GITHUB_PATH" not in after_fixes(reserved)
    assert "VALUE" not in after_fixes(reserved)


def test_the_fix_fits_a_job_between_braces_and_leaves_other_shells_alone() -> None:
    text = jobs("a: {image: 'alpine:3.20', commands: ['echo ${{ inputs.who }}']}", TOP)
    assert "a: {env: {WHO: \"${{ inputs.who }}\"}, image: 'alpine:3.20', commands: ['echo \"$WHO\"']}" in after_fixes(
        text
    )
    python = jobs("a: {image: 'alpine:3.20', shell: 'python {0}', commands: ['print(${{ inputs.who }})']}", TOP)
    assert [finding.fix for finding in lint(python)] == [None]


def test_a_job_whose_variables_come_from_a_template_is_left_alone() -> None:
    text = jobs("""
        .base: {image: 'alpine:3.20', env: {A: b}}
        a: {extends: .base, commands: ['echo ${{ inputs.who }}']}
        """, TOP)  # fmt: skip
    assert [finding.fix for finding in lint(text)] == [None]
