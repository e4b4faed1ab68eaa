"""What is wrong with a file: each with its code, its place, a hint, and a fix that mends it."""

from __future__ import annotations

import pytest

from core.plan.findings import SourceFinding, has_errors
from core.plan.fixes import mended
from core.plan.reading import read_workflow
from tests.core.plan.reading.asking import job_text, only, reading, told

JOBS = "jobs: {a: {image: alpine, run: x}}\n"


def where(finding: SourceFinding) -> tuple[str, int, int]:
    return finding.code, finding.place.line, finding.place.column


@pytest.mark.parametrize(
    ("body", "code", "column", "message", "hint"),
    [
        ("parralel_with: [b]", "E002", 5, "Unknown key 'parralel_with' in a job.", "did you mean 'parallel_with'?"),
        ("Timeout: 3", "E002", 5, "Unknown key 'Timeout'", "keys are lower case: timeout"),
        ("zzz: 3", "E002", 5, "Unknown key 'zzz'", "the keys of a job are 'name', 'description'"),
        ("envs: {A: 1}", "E002", 5, "Unknown key 'envs'", "did you mean 'env'?"),
        ("timeout: [1]", "E004", 14, "'timeout' must be seconds as a number, or a text such as", ""),
        ("timeout:", "E004", 13, "'timeout' is empty; it must be", ""),
        ("timeout: true", "E004", 14, "not a boolean", ""),
        ("timeout: 0", "E170", 14, "'timeout' must be longer than 0 and at most 7 days, not 0.", ""),
        ("timeout: 8d", "E170", 14, "at most 7 days", ""),
        ("timeout: 10 lightyears", "E170", 14, "not '10 lightyears'", ""),
        ("timeout: .inf", "E170", 14, "not '.inf'", ""),
        ("timeout: 1\ntimeout-minutes: 1", "E005", 5, "'timeout_minutes' and 'timeout' exclude each other.", ""),
        ("retry: 11", "E170", 12, "'retry' must be a whole number from 0 to 10.", ""),
        ("retry: 1.5", "E004", 12, "not a fraction", ""),
        ("retry: '1'", "E004", 12, "not a text", "remove the quotes"),
        ("retry: {when: tiemout}", "E004", 19, "not 'tiemout'", "did you mean 'timeout'?"),
        ("retry: {exit_codes: 256}", "E170", 25, "from 0 to 255", ""),
        ("retry: {backoff: {jitter: 2}}", "E170", 31, "from 0 to 1", ""),
        ("continue_on_error: yes", "E004", 24, "must be true or false, not a text", "'yes' is a text: write true"),
        ("continue_on_error: {}", "E003", 24, "'exit_codes' is missing", ""),
        ("continue_on_error: [1]", "E004", 24, "not a list", "write true, or {exit_codes: [137]}"),
        ("finally: ${{ true }}", "E110", 14, "No expression may stand in 'finally'.", "write the value itself"),
        ("after: ${{ x }}", "E110", 12, "No expression may stand in 'after'.", ""),
        ("on_complete: ${{ x }}", "E110", 18, "No expression may stand in 'on_complete'.", ""),
        ("on_complete: sometimes", "E004", 18, "not 'sometimes'", "the values are 'success', 'failure', 'always'"),
        ("image: 5", "E004", 12, "not a number", "put it in quotes"),
        ("image: ''", "E004", 12, "'image' is empty", ""),
        ("image: 'a b'", "E130", 12, "'image' is refused: not an image reference", ""),
        ("image: {name: 'A:b'}", "E130", 19, "'name' is refused: not an image reference", ""),
        ("image: {pull: always}", "E003", 12, "'name' is missing in an image.", ""),
        ("image: {name: a, credentials: {username: u, password: p}}", "E133", 59, "stands in the file", "${{ secrets."),
        ("commands: [{echo: hi}]", "E004", 16, "'commands[0]' must be a command, not a mapping.", "quotes"),
        ("commands: {a: b}", "E004", 15, "not a mapping", ""),
        ("commands: [[a]]", "E004", 16, "not a list", ""),
        ("commands: [~]", "E004", 16, "'commands[0]' is empty", ""),
        ('commands: ["a\\0b"]', "E004", 16, "holds a NUL character", ""),
        ("commands: x\nsteps: [y]", "E005", 5, "'steps' and 'commands' exclude each other.", ""),
        ("steps: []", "E004", 12, "'steps' is an empty list", ""),
        ("steps: x", "E004", 12, "must be a list of steps", ""),
        ("steps: [{run: x, id: 9a}]", "E010", 26, "'id' is refused", ""),
        ("steps: [{id: a, run: x}, {id: A, run: x}]", "E010", 35, "Two steps have the id 'A'.", ""),
        ("steps: [{name: n}]", "E003", 13, "'commands' is missing in a step.", "add run"),
        ("env: [A=1]", "E004", 10, "must be the environment variables, not a list", "NAME: value"),
        ("env: {1A: x}", "E134", 11, "'1A' is none", "such as '_1A'"),
        ("env: {A-B: x}", "E134", 11, "'A-B' is none", "such as 'A_B'"),
        ("env: {A: [1]}", "E004", 14, "'A' must be a text, not a list.", ""),
        ("env: {ORCAOPS_JOB: x}", "W134", 11, "begin with ORCAOPS_ or GITHUB_ are set for every job", ""),
        ("shell: fish", "E004", 12, "must be one of 'sh', 'bash', 'python', or a command with {0}", ""),
        ("user: 'a b'", "E004", 11, "a user is a name or number", ""),
        ("stop_signal: term", "E004", 18, "must be the name of a signal", ""),
        ("artifacts: /", "E004", 16, "name the files or folders to keep", ""),
        ("artifacts: {name: x}", "E003", 16, "'paths' is missing", ""),
        ("artifacts: {paths: []}", "E004", 24, "is an empty list", ""),
        ("outputs: {'a b': 1}", "E010", 15, "'a b' is none", "such as 'a_b'"),
        ("outputs: {a: 1, A: 2}", "E010", 21, "differs from 'a' in line 5 in case alone", ""),
        ("resources: {memory: 1k}", "E170", 25, "from 6 MiB to 16 TiB", ""),
        ("resources: {memory: 1073741824}", "E170", 25, "a number without a unit is MiB", ""),
        ("resources: {cpus: 0}", "E170", 23, "from 0.01 to 1024", ""),
        ("resources: {pids: -1}", "E170", 23, "'pids' must be a whole number from 1", ""),
        ("resources: {disk: 1}", "E002", 17, "Unknown key 'disk' in resources.", "'cpus', 'memory', 'pids', 'gpus'"),
        ("concurrency: ''", "E004", 18, "is empty", ""),
        ("concurrency: {queue: max}", "E003", 18, "'group' is missing", ""),
        ("concurrency: {group: g, queue: max, cancel_in_progress: true}", "E005", 61, "exclude each other", ""),
        ("needs: [{optional: true}]", "E003", 13, "'job' is missing in a need.", ""),
        ("needs: [{job: b, matrix: other}]", "E004", 30, "must be 'same', not 'other'", ""),
        ("matrix: [1]", "E004", 13, "must be a mapping of lists, or an expression, not a list", "write python:"),
        ("matrix: x", "E004", 13, "'matrix' must be a mapping, or an expression, not a text", ""),
        ("matrix: '[1]'", "E004", 13, "not a text", "fromJSON"),
        ("matrix: {v: [1]}\nstrategy: {matrix: {v: [1]}}", "E005", 16, "both in the job and in its strategy", ""),
        ("matrix: {v: [1]}\nparallel: 2", "E005", 5, "'parallel' and 'matrix' exclude each other.", ""),
        ("matrix: {v: [1], include: [{v: 2}]}\ninclude: [{v: 3}]", "E005", 5, "in the job and in its matrix", ""),
        ("matrix: ${{ vars.m }}\nexclude: [{v: 3}]", "E005", 5, "beside a matrix that is an expression", ""),
        ("parallel: 0", "E170", 15, "from 1 to 256", ""),
        ("parallel: {matrix: [{A: []}]}", "E124", 15, "does not contain any values", ""),
        ("parallel: {matrix: [1]}", "E124", 15, "A mapping of names to values was expected", ""),
        ("matrix: {v: [3.10]}", "W006", 18, "3.10 is the number 3.1.", "put it in quotes"),
        ("matrix: {v: [0755]}", "W006", 18, "0755 is the number 755.", ""),
        ("matrix: {v: [1_000]}", "W006", 18, "1_000 is a text here", ""),
        ("matrix: {v: [on]}", "W006", 18, "on is a text here; YAML 1.1 has another value for it.", "quotes say"),
        ("include: [{v: 1.0}]", "W006", 19, "1.0 is the number 1.", ""),
        ("uses: ./b.yaml\nimage: alpine", "E005", 5, "'image' cannot stand beside 'uses'", ""),
        ("extends: [.b]", "E011", 15, "There is no template or job '.b'.", "a template stands under jobs"),
    ],
)  # fmt: skip
def test_a_fault_of_a_job_is_told_at_its_place(body: str, code: str, column: int, message: str, hint: str) -> None:
    finding = only(reading(job_text(body), b=JOBS))
    assert (finding.code, finding.place.column) == (code, column)
    assert message in finding.message
    assert hint in finding.hint
    assert finding.file == "ci.yaml"


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("name: x\n", ("E003", 1, 1), "'jobs' is missing in a workflow.", "add jobs:"),
        ("jobs: {}\n", ("E004", 1, 7), "'jobs' is an empty mapping", ""),
        ("jobs:\n", ("E004", 1, 6), "'jobs' is empty", ""),
        ("jobs: []\n", ("E004", 1, 7), "must be jobs by their ids, not a list", ""),
        ("jobs: {.a: {run: x}}\n", ("E003", 1, 7), "There are templates only, no job.", ""),
        ("jobs: {__a: {image: a, run: x}, b: {image: a, run: x}}\n", ("E010", 1, 8), "'__a' is none", "such as 'a'"),
        ("jobs: {a b: {image: a, run: x}, b: {image: a, run: x}}\n", ("E010", 1, 8), "'a b' is none", "'a_b'"),
        ("jobs: {a: {image: a, run: x}, A: {image: a, run: x}}\n", ("E010", 1, 31), "in case alone", "without regard"),
        ("jobs: {a: {run: x}}\n", ("E003", 1, 8), "Job 'a' has no image.", "defaults"),
        ("jobs: {a: {image: a}}\n", ("E003", 1, 8), "Job 'a' has nothing to run.", "commands: []"),
        ("jobs: {a: [1]}\n", ("E004", 1, 11), "'a' must be a mapping: a job, not a list.", "the keys are"),
        (f"version: 2\n{JOBS}", ("E004", 1, 10), "'version' must be 1.", ""),
        (f"name: {'x' * 101}\n{JOBS}", ("E004", 1, 7), "'name' has 101 characters; at most 100 are allowed.", ""),
        (f"max_parallel: ${{{{ x }}}}\n{JOBS}", ("E110", 1, 15), "No expression may stand in 'max_parallel'.", ""),
        (f"max-parallel: 1\nmax_parallel: 2\n{JOBS}", ("E005", 2, 1), "says the same as the key in line 1", "keep one"),
        (f"secrets: A\n{JOBS}", ("E004", 1, 10), "must be a list of the names of secrets", ""),
        (f"secrets: [a b]\n{JOBS}", ("E004", 1, 11), "must be the name of a secret", ""),
        (f"outputs: {{a: [1]}}\n{JOBS}", ("E004", 1, 14), "'a' must be a text, not a list.", ""),
        (f"my-job: {{script: x}}\n{JOBS}", ("E002", 1, 1), "Unknown key 'my-job'", "jobs: {my-job: …}"),
        ("timeout: 1m\njobs: {a: {image: a, run: x, timeout: 2m}}\n", ("E170", 2, 39), "may take 120 s", "shorten it"),
        ("jobs: {a: {image: a, run: x, timeout: 2h}}\n", ("W170", 1, 39), "run only 3600 s", "timeout at the top"),
    ],
)  # fmt: skip
def test_a_fault_of_a_workflow_is_told_at_its_place(
    text: str, place: tuple[str, int, int], message: str, hint: str
) -> None:
    finding = only(reading(text))
    assert where(finding) == place
    assert message in finding.message
    assert hint in finding.hint


@pytest.mark.parametrize(
    "text",
    [
        job_text("requries: [b]"),
        job_text("Timeout: 3"),
        job_text("'paralel': 3"),
        job_text("continue_on_error: yes"),
        job_text('continue_on_error: "false"'),
        job_text("retry: '2'"),
        job_text("retry: {when: tiemout}"),
        job_text("image: 5"),
        job_text("commands: [{echo: hi}]"),
        job_text('commands:\n  - echo "state: $A"'),
        job_text("matrix: {v: [3.10, on, 1_000, 0755]}"),
        job_text("allow_failure: true\nvariables: {A: 1}\nscript: x"),
        job_text("when: on_failure"),
        job_text("extends: .pyton", beside="x-a: 1\n") + "  .python: {user: '1'}\n",
        "on: {workflow_dispatch: {inputs: {a: {type: bool}}}}\n" + JOBS,
        "stages: [build, test]\njobs: {a: {image: a, run: x, stage: biuld}}\n",
    ],
)
def test_a_fix_mends_what_it_is_for(text: str) -> None:
    found = reading(text)
    fixable = [finding for finding in found.findings if finding.fix]
    assert fixable, told(found)
    after = read_workflow(mended(text, fixable), "ci.yaml")
    assert not [finding for finding in after.findings if finding.fix], told(after)
    assert not has_errors(after.findings), told(after)


def test_a_key_is_not_mended_into_one_that_is_there_already() -> None:
    found = reading(job_text("needs: []\nneed: [b]"))
    finding = only(found)
    assert (finding.code, finding.fix) == ("E002", None)
    assert "did you mean 'needs'?" in finding.hint


def test_what_was_at_fault_is_not_said_to_be_missing() -> None:
    found = reading(job_text("image: [1]\ncommands: {a: b}\nartifacts: {paths: 1}\nconcurrency: {group: [1]}"))
    assert [finding.code for finding in found.findings] == ["E004"] * 3
    assert found.spec is not None
    assert found.spec.jobs["a"].image is None


def test_forty_mistakes_are_forty_findings_in_the_order_of_the_file() -> None:
    lines = [f"  j{index}: {{image: alpine, run: x, tmieout: 3}}" for index in range(40)]
    found = reading("jobs:\n" + "\n".join(lines))
    assert [finding.place.line for finding in found.findings] == list(range(2, 42))
    assert all("'timeout'" in finding.hint and finding.fix for finding in found.findings)


def test_a_fault_that_an_anchor_brings_to_several_jobs_is_told_once() -> None:
    found = reading(
        """
        x-env: &env {1A: x}
        jobs:
          a: {image: alpine, run: x, env: *env}
          b: {image: alpine, run: x, env: *env}
        """
    )
    assert where(only(found)) == ("E134", 2, 14)


def test_yaml_faults_and_faults_of_keys_are_told_together() -> None:
    found = reading("jobs: {a: {image: alpine, run: x, nedes: [], image: alpine}}")
    assert [finding.code for finding in found.findings] == ["E002", "E001"]


@pytest.mark.parametrize(
    "text",
    [
        "timeout: ${{ inputs.t }}\njobs: {a: {image: a, run: x, timeout: 2d}}\n",
        "timeout: 1m\njobs: {a: {image: a, run: x, timeout: '${{ vars.t }}'}, b: {image: a, run: x, timeout: 1m}}\n",
        "timeout: 1m\njobs: {a: {image: a, run: x}}\n",
    ],
)
def test_limits_are_compared_only_where_both_are_written_and_known(text: str) -> None:
    assert told(reading(text)) == ""


def test_minutes_are_compared_with_the_limit_of_the_run_too() -> None:
    assert only(reading("timeout-minutes: 1\njobs: {a: {image: a, run: x, timeout-minutes: 2}}\n")).code == "E170"


def test_a_limit_at_fault_is_compared_with_nothing() -> None:
    assert only(reading("timeout: soon\njobs: {a: {image: a, run: x, timeout: 2h}}\n")).place.line == 1


def test_a_hundred_inputs_are_declared_at_most() -> None:
    inputs = ", ".join(f"i{index}: " for index in range(101))
    finding = only(reading(f"inputs: {{{inputs}}}\n{JOBS}"))
    assert (finding.code, finding.message) == ("E004", "'inputs' has 101 entries; at most 100 are allowed.")
