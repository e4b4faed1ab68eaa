"""Templates: deep merge, the job over all, null takes away."""

from __future__ import annotations

import time

import pytest

from core.plan.source import Scalar, node_at
from core.spec.workflow import ImageSpec, RetrySpec
from tests.core.plan.reading.asking import only, reading, spec, told


def test_a_job_is_merged_over_its_templates_in_their_order() -> None:
    found = spec(
        """
        jobs:
          .base: {image: alpine, env: {A: 1, B: 1, C: 1}, retry: {max: 1, when: [oom]}, artifacts: [a]}
          .more: {env: {B: 2}, user: "1000"}
          a:
            extends: [.base, .more]
            run: x
            env: {C: 3, A: }
            retry: {max: 2}
            artifacts: [b]
        """
    )
    job = found.jobs["a"]
    assert list(found.jobs) == ["a"]
    assert job.env == {"B": "2", "C": "3"}
    assert job.retry == RetrySpec(max=2, when=("oom",))
    assert (job.image, job.user) == (ImageSpec(name="alpine"), "1000")
    assert [artifact.paths for artifact in job.artifacts] == [("b",)]


def test_null_takes_a_key_away_but_is_no_value_of_its_own() -> None:
    found = reading(
        """
        jobs:
          .base: {image: alpine, timeout: 10, services: [redis]}
          a: {extends: .base, run: x, timeout: , services: ~}
        """
    )
    assert told(found) == ""
    assert found.spec is not None
    assert (found.spec.jobs["a"].timeout_s, found.spec.jobs["a"].services) == (300, {})


def test_templates_extend_templates_and_jobs_may_extend_jobs() -> None:
    found = spec(
        """
        jobs:
          .a: {image: alpine, env: {A: 1}}
          .b: {extends: .A, env: {B: 2}}
          c: {extends: .b, run: x}
          d: {extends: c, env: {D: 4}}
        """
    )
    assert found.jobs["c"].env == {"A": "1", "B": "2"}
    assert found.jobs["d"].env == {"A": "1", "B": "2", "D": "4"}
    assert found.jobs["d"].steps == found.jobs["c"].steps


def test_of_what_excludes_each_other_the_jobs_own_stays() -> None:
    found = spec(
        """
        jobs:
          .base: {image: alpine, commands: [x], timeout: 5, matrix: {v: [1]}}
          a: {extends: .base, steps: [{run: y}], timeout-minutes: 1, strategy: {matrix: {w: [2]}}}
        """
    )
    job = found.jobs["a"]
    assert [step.commands for step in job.steps] == [("y",)]
    assert job.timeout_s == 60
    assert job.matrix is not None
    assert job.matrix.definition == {"w": [2]}


def test_different_spellings_of_a_key_are_one_in_a_merge() -> None:
    found = reading(
        """
        jobs:
          .base: {image: alpine, requires: [b], run: x, continue-on-error: true}
          a: {extends: .base, needs: [c], commands: [y], continue_on_error: false}
        """
    )
    assert told(found) == ""
    assert found.spec is not None
    assert [need.job for need in found.spec.jobs["a"].needs] == ["c"]


def test_a_value_knows_the_template_that_it_comes_from() -> None:
    found = reading("jobs:\n  .base: {image: alpine}\n  a: {extends: .base, run: x}\n")
    assert found.tree is not None
    image = node_at(found.tree, ("jobs", "a", "image", "name"))
    assert isinstance(image, Scalar)
    assert (image.path, image.place.line) == (("jobs", ".base", "image"), 2)


def test_faults_of_a_template_are_told_once_and_of_an_unused_one_too() -> None:
    found = reading(
        """
        jobs:
          .base: {image: alpine, tmieout: 3}
          .unused: {retyr: 3}
          a: {extends: .base, run: x}
          b: {extends: .base, run: x}
        """
    )
    assert [(finding.code, finding.path) for finding in found.findings] == [
        ("E002", "jobs['.base'].tmieout"),
        ("E002", "jobs['.unused'].retyr"),
    ]


@pytest.mark.parametrize(
    ("jobs", "circle"),
    [
        ("a: {extends: a, image: alpine, run: x}", "a -> a"),
        (".a: {extends: .b}\n  .b: {extends: .a}\n  c: {extends: .a, image: alpine, run: x}", ".a -> .b -> .a"),
    ],
)
def test_templates_in_a_circle_are_told(jobs: str, circle: str) -> None:
    finding = only(reading(f"jobs:\n  {jobs}\n"))
    assert (finding.code, finding.message) == ("E012", f"Templates extend each other in a circle: {circle}.")


def test_a_chain_of_templates_has_an_end() -> None:
    chain = "".join(f"  .t{index}: {{extends: .t{index + 1}}}\n" for index in range(2000))
    found = reading(f"jobs:\n{chain}  .t2000: {{image: alpine}}\n  a: {{extends: .t0, image: alpine, run: x}}\n")
    assert {finding.code for finding in found.findings} == {"E012"}
    assert "more than 20 deep" in told(found)


def test_an_unknown_template_is_told_with_those_there_are() -> None:
    found = reading("jobs:\n  .python: {image: alpine}\n  a: {extends: .zzz, image: alpine, run: x}\n")
    assert (only(found).code, only(found).hint) == ("E011", "the templates are '.python'")
    near = reading("jobs:\n  .python: {image: alpine}\n  a: {extends: .pyton, run: x, image: alpine}\n")
    assert only(near).hint == "did you mean '.python'?"


@pytest.mark.slow
def test_large_templates_of_many_jobs_are_bounded() -> None:
    env = ", ".join(f"A{index}: x" for index in range(4000))
    jobs = "".join(f"  j{index}: {{extends: .t, run: x}}\n" for index in range(2000))
    start = time.perf_counter()
    found = reading(f"jobs:\n  .t: {{image: alpine, env: {{{env}}}}}\n{jobs}")
    assert "The templates make more than 400,000 values" in told(found)
    assert time.perf_counter() - start < 60
