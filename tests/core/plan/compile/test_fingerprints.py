"""What the fingerprint of a node is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from core.plan.compile import Fingerprints, NodeFacts, RunFacts, Scene, define
from core.plan.reading import read_workflow

if TYPE_CHECKING:
    from core.plan.fingerprint import Fingerprint

FILE = """
inputs: {tag: {type: string, default: one}, limit: {type: number, default: 5}}
env: {COLOUR: blue}
jobs:
  build:
    image: alpine
    commands: [make]
    env: {TAG: "${{ inputs.tag }}", ATTEMPT: "${{ run.attempt }}", KEY: "${{ secrets.KEY }}"}
"""


def _print(text: str = FILE, *, job: str = "build", run: RunFacts | None = None, **facts: Any) -> Fingerprint:
    spec = read_workflow(text).spec
    assert spec is not None
    known = run or RunFacts(inputs={"tag": "one", "limit": 5}, variables={}, run={"attempt": 1}, github={})
    own = replace(NodeFacts(needs={}, jobs={}), **facts)
    return Fingerprints(spec, known).of(spec.jobs[job], own)


def test_what_differs_in_every_attempt_of_a_run_does_not_count() -> None:
    again = RunFacts(
        inputs={"tag": "one", "limit": 5},
        variables={},
        run={"attempt": 2, "id": "other"},
        github={},
        secrets={"KEY": "changed"},
    )
    assert _print(run=again) == _print()


def test_limits_names_retries_and_tolerance_do_not_count_nor_what_they_read() -> None:
    extra = (
        "    timeout: ${{ inputs.limit }}\n    name: build ${{ inputs.limit }}\n    retry: 3\n    allow_failure: true\n"
    )
    other = RunFacts(inputs={"tag": "one", "limit": 9}, variables={}, github={})
    assert _print(FILE + extra, run=other) == _print()


def test_a_changed_command_variable_or_input_is_named() -> None:
    assert _print(FILE.replace("[make]", "[make all]")).changes(_print()) == ("steps",)
    assert _print(FILE.replace("blue", "red")).changes(_print()) == ("env.COLOUR",)
    other = RunFacts(inputs={"tag": "two", "limit": 5}, variables={}, github={})
    assert _print(run=other).changes(_print()) == ("env.TAG", "inputs.tag")


def test_an_input_counts_where_it_stands_beside_something_that_is_not_known_before_the_start() -> None:
    text = FILE.replace("${{ inputs.tag }}", "${{ format('{0}-{1}', run.attempt, inputs.tag) }}")
    other = RunFacts(inputs={"tag": "two", "limit": 5}, variables={}, github={})
    assert _print(text, run=other).changes(_print(text)) == ("inputs.tag",)


def test_an_output_counts_that_only_the_condition_of_a_step_reads() -> None:
    text = """
jobs:
  build: {image: alpine, commands: [make]}
  test:
    image: alpine
    needs: build
    steps: [{run: make test, if: "always() && needs.build.outputs.fast == 'yes' && steps.x.outputs.y"}]
"""
    fast, slow = ({"build": {"result": "success", "outputs": {"fast": answer}}} for answer in ("yes", "no"))
    changes = _print(text, job="test", needs=slow).changes(_print(text, job="test", needs=fast))
    assert changes == ("needs.build.outputs.fast",)


def test_the_services_that_all_jobs_share_count() -> None:
    shared = FILE + "services: {db: {image: 'postgres:15', env: {TAG: '${{ inputs.tag }}'}}}\n"
    assert _print(shared).changes(_print()) == ("shared services",)
    newer = shared.replace("postgres:15", "postgres:16")
    assert _print(newer).changes(_print(shared)) == ("shared services",)


def test_a_step_whose_condition_is_faulty_still_has_a_fingerprint() -> None:
    text = "jobs: {build: {image: alpine, steps: [{run: make, if: 'a ==', name: x}]}}"
    assert _print(text).digest


def test_the_values_of_a_variant_count() -> None:
    assert _print(matrix={"os": "b"}).changes(_print(matrix={"os": "a"})) == ("matrix.os",)


LITERAL = """
inputs: {tag: {type: string, default: one}}
env: {COLOUR: blue, ATTEMPT: "${{ run.attempt }}", TAG: "${{ inputs.tag }}", KEY: "${{ secrets.KEY }}"}
services: {db: {image: "postgres:${{ inputs.tag }}"}}
jobs:
  plain: {image: alpine, commands: [make, make test]}
  kept: {image: alpine, commands: [], timeout: 5m, retry: 2, continue_on_error: true, concurrency: one, name: Kept}
  own_env: {image: {name: alpine, pull: always}, commands: [make], env: {COLOUR: red, OWN: "1"}}
  stepped:
    image: alpine
    steps: [{run: make, name: Make, env: {A: b}, timeout: 10s}, {run: test, continue_on_error: [3]}]
    resources: {memory: 1g}
    artifacts: [dist/]
  spread: {image: alpine, commands: [make], matrix: {os: [a, b]}}
  served: {image: alpine, commands: [make], services: {cache: {image: redis}}}
  asked: {image: alpine, steps: [{run: make, if: "inputs.tag == 'one'"}]}
  read: {image: "alpine:${{ inputs.tag }}", commands: ["echo ${{ run.attempt }} ${{ matrix.os }}"]}
"""


@pytest.mark.parametrize("job", ["plain", "kept", "own_env", "stepped", "spread", "served", "asked", "read"])
def test_a_fingerprint_made_of_what_runs_is_that_made_of_the_file(job: str) -> None:
    spec = read_workflow(LITERAL).spec
    assert spec is not None
    run = RunFacts(
        inputs={"tag": "one"}, variables={}, run={"attempt": 3, "number": 7}, github={}, secrets={"KEY": "hidden"}
    )
    facts = NodeFacts(needs={}, jobs={}, matrix={"os": "a"} if job == "spread" else None)
    scene = Scene(spec, replace(run, secrets=None))
    definition = define(spec.jobs[job], *scene.node(spec.jobs[job], facts))
    prints = Fingerprints(spec, run)
    assert prints.of(spec.jobs[job], facts, definition) == prints.of(spec.jobs[job], facts)
    assert definition.is_literal is (job != "read")
