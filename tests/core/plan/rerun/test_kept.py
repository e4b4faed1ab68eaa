"""Which results a further attempt keeps."""

from __future__ import annotations

import pytest

from core.errors import InvalidArgumentError
from core.plan.rerun import Selection, Wish
from tests.core.plan.rerun.playing import CANCELLED, FAILED, TIMED_OUT, TOLERATED, jobs, played, skipped_for, wrote

CHAIN = """
inputs: {tag: {type: string, default: one}}
jobs:
  build: {image: alpine, commands: [make]}
  lint: {image: alpine, commands: [make lint]}
  test: {image: alpine, commands: [make test], needs: build, env: {TAG: "${{ inputs.tag }}"}}
  deploy: {image: alpine, commands: [make deploy], needs: [test, lint]}
"""


def test_after_a_failure_the_successes_are_kept_and_what_failed_runs_with_what_depends_on_it() -> None:
    fates = played(CHAIN, {"test": FAILED}, tag="one").again()
    assert {node: fate.keeps for node, fate in fates.items()} == {
        "build": True, "lint": True, "test": False, "deploy": False,
    }  # fmt: skip
    assert fates["build"].why == "its definition and everything it depends on are unchanged"
    assert fates["test"].why == "it failed (exit code 1)"
    assert fates["deploy"].why == "it waits for test, which runs again"


@pytest.mark.parametrize(
    ("ending", "why"), [(TIMED_OUT, "it timed out"), (CANCELLED, "it was cancelled"), (FAILED, "it failed")]
)
def test_what_did_not_succeed_runs_again_and_says_how_it_ended(ending: object, why: str) -> None:
    assert played(CHAIN, {"lint": ending}, tag="one").again()["lint"].why.startswith(why)  # pyright: ignore[reportArgumentType]


def test_all_keeps_nothing() -> None:
    fates = played(CHAIN, tag="one").again(Wish(selection=Selection.ALL))
    assert {fate.why for fate in fates.values()} == {"everything runs again"}
    assert not any(fate.keeps for fate in fates.values())


def test_a_changed_command_runs_that_job_again_and_what_depends_on_it_and_nothing_else() -> None:
    fates = played(CHAIN, tag="one").again(text=CHAIN.replace("make test", "make check"))
    assert [node for node, fate in fates.items() if not fate.keeps] == ["test", "deploy"]
    assert fates["test"].why == "its definition has changed: steps"


def test_a_changed_input_runs_the_jobs_again_that_read_it() -> None:
    run = played(CHAIN, tag="one")
    assert run.kept(tag="two") == {"build", "lint"}
    assert run.again(tag="two")["test"].why == "its definition has changed: env.TAG, inputs.tag"
    assert run.kept(tag="one") == {"build", "lint", "test", "deploy"}


def test_a_new_job_runs_and_a_vanished_one_is_dropped() -> None:
    fates = played(CHAIN, tag="one").again(text=CHAIN.replace("  lint:", "  style:").replace("lint]}", "style]}"))
    assert "lint" not in fates
    assert fates["style"].why == "the attempt before had no such node"


def test_what_is_not_there_any_more_or_changed_under_a_job_lets_it_run_again() -> None:
    run = played(CHAIN, tag="one")
    assert run.with_change("build", gone="its artifact dist/app is gone").kept() == {"lint"}
    stale = run.with_change("build", stale="alpine is another image now")
    assert stale.again()["build"].why == "alpine is another image now"
    assert stale.kept(jobs("deploy")) == {"build", "lint", "test"}
    assert run.with_change("build", fingerprint=None).again()["build"].why == "it is not known what it ran"


# --- named jobs


def test_named_jobs_run_with_what_depends_on_them_and_the_rest_stays_as_it_ended() -> None:
    run = played(CHAIN, {"lint": FAILED}, tag="one")
    fates = run.again(jobs("build"))
    assert [node for node, fate in fates.items() if fate.keeps] == ["lint"]
    assert fates["lint"].why == "it failed (exit code 1), and was not asked for"
    assert fates["build"].why == "it was asked for"
    assert run.kept(Wish(selection=Selection.FROM, names=("build",))) == set()


def test_only_runs_nothing_but_what_was_named() -> None:
    run = played(CHAIN, {"deploy": FAILED}, tag="one")
    fates = run.again(jobs("build", only=True))
    assert [node for node, fate in fates.items() if not fate.keeps] == ["build"]
    assert fates["deploy"].ending == FAILED
    assert fates["test"].why == "only what was asked for runs again"


def test_a_named_job_that_would_be_skipped_says_so() -> None:
    fate = played(CHAIN, {"test": FAILED}, tag="one").again(jobs("deploy"))["deploy"]
    assert fate.is_idle
    assert fate.why == "it was asked for, but it is skipped again: needs test (failure)"


def test_names_that_mean_nothing_are_told_with_what_may_have_been_meant() -> None:
    wish = jobs("biuld")
    fates = played(CHAIN, tag="one").again(wish)
    with pytest.raises(InvalidArgumentError, match="'biuld' is no job of this run") as caught:
        wish.check(fates)
    assert caught.value.hint == "did you mean 'build'?"


def test_a_job_that_was_done_by_hand_counts_as_success_and_lets_the_others_run() -> None:
    run = played(CHAIN, {"test": FAILED}, tag="one")
    fates = run.again(Wish(done={"test": {"report": "fine"}}))
    test = fates["test"]
    assert (test.keeps, test.is_manual, test.why) == (True, True, "it counts as done, by hand")
    assert test.ending is not None
    assert test.ending.outputs == {"report": "fine"}
    assert fates["deploy"].why == "it was skipped, and its condition holds now"
    later = run.with_change("test", is_manual=True, ending=test.ending, fingerprint=None)
    assert later.again()["test"].why == "it counted as done, by hand, and still does"


# --- conditions


CATCHING = """
inputs: {deploy: {type: boolean, default: false}}
jobs:
  build: {image: alpine, commands: [make]}
  rescue: {image: alpine, commands: [rescue], needs: build, if: failure()}
  deploy: {image: alpine, commands: [deploy], needs: build, if: inputs.deploy}
  after_deploy: {image: alpine, commands: [tell], needs: deploy}
  report: {image: alpine, commands: [report], needs: [deploy], if: "!cancelled()"}
  clean: {image: alpine, commands: [clean], on_complete: always}
"""


def test_a_job_that_was_skipped_is_kept_as_such_while_its_condition_does_not_hold() -> None:
    run = played(CATCHING, {"report": FAILED}, deploy=False)
    fates = run.again()
    assert [node for node, fate in fates.items() if not fate.keeps] == ["report", "clean"]
    assert fates["deploy"].why == "it is skipped again: success() && false → false"
    assert fates["after_deploy"].why == "it is skipped again: needs deploy (skipped)"
    assert run.again(deploy=True)["deploy"].why == "it was skipped, and its condition holds now"


def test_a_success_whose_condition_does_not_hold_any_more_is_not_kept() -> None:
    fates = played(CATCHING, deploy=True).again(deploy=False)
    assert fates["deploy"].why == "its condition does not hold any more: success() && false → false"
    assert not fates["report"].keeps


def test_a_handler_of_a_failure_is_decided_anew_when_what_failed_runs_again() -> None:
    fates = played(CATCHING, {"build": FAILED}, deploy=False).again()
    assert fates["rescue"].why == "it waits for build, which runs again"


def test_finally_jobs_run_every_time_but_with_only() -> None:
    run = played(CATCHING, {"report": FAILED}, deploy=False)
    clean = run.again()["clean"]
    assert (clean.keeps, clean.is_routine, clean.why) == (False, True, "a finally job runs again every time")
    assert not run.with_change("clean", ending=FAILED).again()["clean"].is_routine
    assert run.again(jobs("report", only=True))["clean"].keeps


def test_a_tolerated_failure_is_kept_unless_those_are_to_run_again() -> None:
    run = played(CHAIN, {"lint": TOLERATED}, tag="one")
    assert "lint" in run.kept()
    assert run.again()["lint"].why.startswith("its failure is tolerated, and ")
    assert run.again(Wish(include_tolerated=True))["lint"].why == "it failed, and tolerated failures run again"


# --- matrices


MATRIX = """
jobs:
  list: {image: alpine, commands: [list]}
  test:
    image: alpine
    needs: list
    matrix: {part: "${{ fromJSON(needs.list.outputs.parts) }}"}
    commands: [test]
  pack:
    image: alpine
    needs: [{job: test, matrix: same}]
    matrix: {part: "${{ fromJSON(needs.test.variants[0].outputs.x || '[\\"a\\",\\"b\\"]') }}"}
    commands: [pack]
  merge: {image: alpine, commands: [merge], needs: test, env: {ALL: "${{ join(needs.test.variants.*.outputs.sum) }}"}}
"""


def test_of_a_matrix_the_failed_variants_run_again_alone() -> None:
    run = played(MATRIX, {"list": wrote(parts='["a","b"]'), "test-b": FAILED, "test-a": wrote(sum="1")})
    fates = run.again()
    assert [node for node, fate in fates.items() if fate.keeps] == ["list", "test-a"]
    assert fates["test-b"].why == "it failed (exit code 1)"
    assert (fates["test-a"].variant is not None, fates["test-a"].total) == (True, 2)
    assert fates["merge"].why == "it waits for test, which runs again"


def test_one_to_one_needs_let_the_other_chains_of_a_matrix_alone() -> None:
    text = """
jobs:
  test: {image: alpine, commands: [test], matrix: {os: [a, b]}}
  pack: {image: alpine, commands: [pack], matrix: {os: [a, b]}, needs: [{job: test, matrix: same}]}
"""
    run = played(text)
    assert run.kept(jobs("test[os=a]")) == {"test-b", "pack-b"}
    assert run.kept(jobs("test#1")) == {"test-a", "pack-a"}
    assert run.kept(jobs("pack-a")) == {"test-a", "test-b", "pack-b"}
    with pytest.raises(InvalidArgumentError, match="No variant of 'test' has a key 'so'"):
        run.kept(jobs("test[so=a]"))


def test_new_variants_run_and_vanished_ones_are_dropped_when_the_list_they_come_from_has_changed() -> None:
    text = """
inputs: {parts: {type: json, default: ["a"]}}
jobs:
  test: {image: alpine, commands: [test], matrix: {part: "${{ inputs.parts }}"}}
"""
    run = played(text, parts=["a", "b"])
    fates = run.again(parts=["b", "c"])
    assert {node: fate.why for node, fate in fates.items() if not fate.keeps} == {
        "test-c": "the attempt before had no such node"
    }
    assert set(fates) == {"test-b", "test-c"}


def test_an_empty_matrix_stays_skipped() -> None:
    run = played(MATRIX, {"list": wrote(parts="[]"), "merge": FAILED})
    fates = run.again()
    assert (fates["test"].keeps, fates["test"].why) == (True, "its matrix is empty again")


def test_a_matrix_is_not_known_before_what_it_is_made_from_has_run_again() -> None:
    run = played(MATRIX, {"list": wrote(parts='["a"]')})
    fates = run.again(jobs("list"))
    assert fates["test"].variant is None
    assert fates["test"].why == "it waits for list, which runs again"


def test_a_variant_may_be_named_that_is_not_known_before_what_it_is_made_from_has_run_again() -> None:
    wish = jobs("list", "test[part=a]")
    fates = played(MATRIX, {"list": wrote(parts='["a"]')}).again(wish)
    wish.check(fates)
    assert not fates["test"].keeps


READING = """
jobs:
  base: {image: alpine, commands: [base]}
  test: {image: alpine, commands: [test], matrix: {os: [a, b]}, needs: base}
  pack:
    image: alpine
    matrix: {os: [a, b]}
    needs: [{job: test, matrix: same}]
    env: {SUM: "${{ needs.test.outputs.sum }}", BASE: "${{ jobs.base.outputs.tag }}"}
    commands: [pack]
  some:
    image: alpine
    commands: [some]
    needs: [{job: test, matrix: {os: b}}]
    env: {B: "${{ needs.test.outputs.sum }}"}
"""


def test_outputs_of_single_variants_and_of_jobs_farther_up_are_those_that_were_read_before() -> None:
    ends = {"base": wrote(tag="1"), "test-a": wrote(sum="a"), "test-b": wrote(sum="b")}
    run = played(READING, ends)
    assert run.kept() == {"base", "test-a", "test-b", "pack-a", "pack-b", "some"}
    other = run.with_change("test-b", ending=wrote(sum="z"))
    assert other.kept() == {"base", "test-a", "test-b", "pack-a"}
    assert other.again()["pack-b"].why == "its definition has changed: env.SUM, needs.test.outputs.sum"


def test_a_node_is_not_kept_whose_condition_or_matrix_is_at_fault_now() -> None:
    text = """
inputs: {list: {type: string, default: '["a"]'}}
jobs:
  test: {image: alpine, commands: [test], if: "fromJSON(inputs.list)"}
  part: {image: alpine, commands: [part], matrix: {part: "${{ fromJSON(inputs.list) }}"}}
"""
    run = played(text, list='["a"]')
    fates = run.again(list="no")
    assert fates["test"].why.startswith("Error parsing fromJson")
    assert fates["part"].why == "the attempt before had no such node"
    skipped = run.with_change("test", ending=skipped_for("condition")).again(list="no")
    assert skipped["test"].why.startswith("Error parsing fromJson")


# --- called files


CALLING = """
jobs:
  prepare: {image: alpine, commands: [prepare]}
  release: {uses: ./release.yaml, with: {tag: "${{ needs.prepare.outputs.tag }}"}, needs: prepare}
  tell: {image: alpine, commands: [tell], needs: release}
"""
CALLED = """
inputs: {tag: {type: string, default: x}}
outputs: {digest: "${{ jobs.pack.outputs.digest }}"}
jobs:
  pack: {image: alpine, commands: [pack], env: {TAG: "${{ inputs.tag }}"}}
  sign: {image: alpine, commands: [sign], needs: pack}
  tidy: {image: alpine, commands: [tidy], on_complete: always}
"""
FILES = {"release.yaml": CALLED}


def test_of_a_called_file_what_failed_runs_again_and_so_does_what_needs_the_caller() -> None:
    run = played(CALLING, {"release / sign": FAILED}, FILES)
    fates = run.again()
    assert fates["release / pack"].keeps
    assert fates["release / sign"].why == "it failed (exit code 1)"
    assert fates["release"].why == "release / sign of its file runs again"
    assert fates["tell"].why == "it waits for release, which runs again"


def test_a_called_file_is_kept_as_a_whole_with_its_finally_jobs() -> None:
    run = played(CALLING, {"tell": FAILED}, FILES)
    fates = run.again()
    assert [node for node, fate in fates.items() if not fate.keeps] == ["tell"]
    assert fates["release / tidy"].why == "nothing of its file runs again"


def test_a_job_of_a_called_file_is_named_behind_its_caller() -> None:
    run = played(CALLING, None, FILES)
    wish = jobs("release/sign")
    fates = run.again(wish)
    assert [node for node, fate in fates.items() if not fate.keeps] == [
        "release", "release / sign", "release / tidy", "tell",
    ]  # fmt: skip
    wish.check(fates)
    alone = run.again(jobs("release / sign", only=True))
    assert [node for node, fate in alone.items() if not fate.keeps] == ["release", "release / sign"]


def test_a_name_below_a_caller_that_runs_again_anyway_is_no_fault() -> None:
    wish = jobs("prepare", "release / sign")
    fates = played(CALLING, None, FILES).again(wish)
    wish.check(fates)
    assert set(fates) == {"prepare", "release", "tell"}


def test_what_a_file_hands_out_belongs_to_its_caller() -> None:
    run = played(CALLING, None, FILES)
    changed = played(CALLING, None, {"release.yaml": CALLED.replace("outputs.digest", "outputs.other")})
    assert run.again()["release"].keeps
    again = changed.with_change("release", fingerprint=run.earlier["release"].fingerprint).again()
    assert again["release"].why == "its definition has changed: outputs of the file"
    assert again["release / pack"].keeps
