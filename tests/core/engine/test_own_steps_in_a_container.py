"""Steps with something of their own where they run: in a container, under busybox's shell and under dash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from core.engine.results import Ask
from core.engine.step_files import read_outputs
from tests.core.engine.containers import MARK, docker, put

if TYPE_CHECKING:
    from tests.core.engine.containers import Containers

pytestmark = pytest.mark.docker


def always(run: str, **fields: Any) -> dict[str, Any]:
    return {"run": run, "when": "always", **fields}


SH: dict[str, Any] = {"shell": "sh"}


# --- processes of their own


def test_a_process_of_its_own_starts_from_the_shared_shell_and_gives_nothing_back(containers: Containers) -> None:
    ended = containers.run(
        "cd /tmp; export A=1; B=2",
        {"run": 'echo "$PWD $A ${B:-none} $C"; cd /; A=9', "env": {"C": "it's $HOME"}},
        {"run": "pwd", "workdir": "/usr"},
        'echo "$PWD $A $B ${C:-none}"',
    )
    assert (ended.code, ended.output) == (0, "/tmp 1 none it's $HOME\n/usr\n/tmp 1 2 none\n")


def test_the_shell_is_the_one_that_the_step_names(containers: Containers) -> None:
    ended = containers.run(
        {"run": "exit 3 | true\nfalse\necho never", "shell": "sh", "continue_on_error": True},
        {"run": "cat $0; echo", "shell": "sh -u {0} extra"},
        {"run": "echo $1", "shell": "sh {0} 'two words'"},
    )
    assert (ended.code, ended.codes) == (0, {0: 1, 1: 0, 2: 0})
    assert ended.output == "cat $0; echo\n\ntwo words\n"


def test_a_folder_that_is_not_there_fails_the_step(containers: Containers) -> None:
    ended = containers.run({"run": "echo never", "workdir": "nowhere"}, "echo never")
    assert ended.code in {1, 2}
    assert ended.codes == {0: ended.code}
    assert "never" not in ended.output


def test_tracing_shows_nothing_of_how_a_process_of_its_own_is_started(containers: Containers) -> None:
    ended = containers.run("set -x", {"run": "echo one >&2", "shell": "sh"}, "echo two")
    # the two streams are not delivered in order
    assert sorted(ended.output.splitlines()) == ["+ . /orcaops/step-3", "+ echo two", "one", "two"]


def test_words_of_the_shared_shell_do_not_disturb_the_program(containers: Containers) -> None:
    ended = containers.run(
        "set -u; set -f; IFS=,.0123456789; set -- a b; umask 077",
        {"run": "echo $#", "shell": "sh"},
        {"run": "false", "retries": 1, "retry_delay_s": 0, "continue_on_error": True},
        "echo $#",
    )
    assert (ended.code, ended.codes, ended.notes.steps[2].tries) == (0, {0: 0, 1: 0, 2: 1, 3: 0}, 2)
    assert all(track.ended for track in ended.notes.steps.values())


# --- after a failure


def test_a_later_step_runs_after_a_failure_if_it_is_meant_to(containers: Containers) -> None:
    ended = containers.run(
        "echo a; exit 3",
        "echo never",
        {"run": "echo on failure", "when": "failure"},
        always("echo cleaned; exit 4"),
        always("echo last", **SH),
    )
    assert (ended.code, ended.notes.exit_code) == (3, 3)
    assert ended.output == "a\non failure\ncleaned\nlast\n"
    assert ended.codes == {0: 3, 2: 0, 3: 4, 4: 0}


def test_after_a_success_only_what_is_meant_for_failures_is_passed_over(containers: Containers) -> None:
    ended = containers.run("echo a", {"run": "echo never", "when": "failure"}, always("echo b"), "echo c")
    assert (ended.code, ended.output, ended.codes) == (0, "a\nb\nc\n", {0: 0, 2: 0, 3: 0})
    assert ended.notes.ended_early is None


def test_the_failure_of_a_step_that_runs_always_is_the_jobs(containers: Containers) -> None:
    ended = containers.run("true", always("exit 5"), "echo never", always("true", **SH))
    assert (ended.code, ended.codes) == (5, {0: 0, 1: 5, 3: 0})


def test_the_shared_shell_outlives_the_failure_of_a_process_of_its_own(containers: Containers) -> None:
    ended = containers.run("X=5", {"run": "exit 3", "shell": "sh"}, always("echo $X"), always("exit 6"))
    assert (ended.code, ended.output, ended.codes) == (3, "5\n", {0: 0, 1: 3, 2: 0, 3: 6})


def test_a_tolerated_failure_is_none(containers: Containers) -> None:
    ended = containers.run(
        {"run": "exit 3", "continue_on_error": [3]},
        {"run": "echo never", "when": "failure"},
        {"run": "exit 4", "continue_on_error": [3]},
        "echo never",
    )
    assert (ended.code, ended.output, ended.codes) == (4, "", {0: 3, 2: 4})


def test_a_code_that_counts_as_success_ends_the_job_well_but_for_what_runs_always(containers: Containers) -> None:
    ended = containers.run("exit 3", "echo never", always("echo b"), success_exit_codes=[0, 3])
    assert (ended.code, ended.output, ended.notes.ended_early) == (3, "b\n", 0)
    own = containers.run({"run": "exit 3", "shell": "sh"}, "echo never", always("echo b"), success_exit_codes=[0, 3])
    assert (own.code, own.output, own.notes.ended_early) == (3, "b\n", 0)


@pytest.mark.parametrize("step", ["exec true", "trap 'exit 0' EXIT; exit 0", "exit 0"])
def test_what_ended_the_shell_well_does_not_keep_the_last_steps_from_running(containers: Containers, step: str) -> None:
    ended = containers.run("true", step, "echo never", always("echo b"))
    assert (ended.code, ended.output, ended.codes) == (0, "b\n", {0: 0, 1: 0, 3: 0})
    assert ended.notes.ended_early == 1


def test_a_shell_that_is_killed_is_a_failed_step(containers: Containers) -> None:
    ended = containers.run("true", "kill -9 $$; sleep 5; echo never", always("echo b"))
    assert (ended.code, ended.codes) == (137, {0: 0, 1: 137, 2: 0})
    assert "b" in ended.output.splitlines()


# --- tries


def test_a_step_is_repeated_until_it_succeeds(containers: Containers) -> None:
    step = {
        "run": 'echo x >> /tmp/n; echo "n=$(wc -l < /tmp/n)" >> $ORCAOPS_OUTPUT; [ $(wc -l < /tmp/n) = 3 ]',
        "retries": 5,
        "retry_delay_s": 0.01,
    }
    ended = containers.run(step, "echo after")
    assert (ended.code, ended.output, ended.notes.steps[0].tries) == (0, "after\n", 3)
    assert {name: value.strip() for name, value in read_outputs(ended.outputs).items()} == {"n": "3"}


def test_a_step_that_fails_each_time_ends_with_the_code_of_its_last_try(containers: Containers) -> None:
    step = {"run": "echo x >> /tmp/n; exit $(wc -l < /tmp/n)", "retries": 2, "retry_delay_s": 0}
    ended = containers.run(step)
    assert (ended.code, ended.notes.steps[0].tries, ended.codes) == (3, 3, {0: 3})


def test_only_the_codes_that_are_named_are_tried_again(containers: Containers) -> None:
    step = {"run": "exit 4", "retries": 3, "retry_delay_s": 0, "retry_exit_codes": [5]}
    assert containers.run(step).notes.steps[0].tries == 1


# --- files


def test_variables_and_paths_of_a_step_are_there_for_later_ones(containers: Containers) -> None:
    ended = containers.run(
        "printf 'A=1\\r\\nB<<END\\nx\\n\\ny=z\\nEND\\nC=' >> $ORCAOPS_ENV",
        'echo /opt/one >> $GITHUB_PATH; echo "[${C-unset}]"',
        {"run": 'echo "$A|$B|$C|${PATH%%:*}"; echo A=2 >> $GITHUB_ENV; exit 1', "env": {"C": "own"}},
        always("echo $A $C"),
    )
    assert ended.output == "[]\n1|x\n\ny=z|own|/opt/one\n2\n"


def test_a_fresh_shell_after_a_failure_knows_what_steps_have_set(containers: Containers) -> None:
    ended = containers.run("echo A=1 > $ORCAOPS_ENV", "echo B=2 > $ORCAOPS_ENV; exit 3", always("echo $A $B"))
    assert (ended.code, ended.output) == (3, "1 2\n")


MALFORMED = (
    ("OUTPUT", "hello"),
    ("OUTPUT", "a<<END\\nnever closed"),
    ("OUTPUT", "a<<"),
    ("OUTPUT", "=1"),
    ("OUTPUT", "1a=1"),
    ("ENV", "no-hyphen=1"),
    ("ENV", "ORCAOPS_OUTPUT=/tmp/x"),
    ("ENV", "just text"),
)


@pytest.mark.parametrize("shell", ["", "sh"])
def test_a_malformed_file_fails_the_step(containers: Containers, shell: str) -> None:
    faulty = [
        {"run": f"printf '{text}' > $ORCAOPS_{name}", "shell": shell, "continue_on_error": True}
        for name, text in MALFORMED
    ]
    last = {"run": "printf hello > $ORCAOPS_OUTPUT", "shell": shell}
    ended = containers.run(*faulty, last, "echo never", always("echo b"))
    count = len(MALFORMED)
    assert (ended.code, ended.output, ended.codes) == (1, "b\n", {**dict.fromkeys(range(count + 1), 1), count + 2: 0})
    faults = [ended.notes.steps[index].fault for index in range(count + 1)]
    assert faults == [*(name.lower() for name, _ in MALFORMED), "output"]


def test_a_huge_file_of_variables_fails_the_step_and_does_not_hold_the_job_up(containers: Containers) -> None:
    ended = containers.run("i=0; while [ $i -lt 999 ]; do echo LONG_NAME_$i=1; i=$((i+1)); done > $ORCAOPS_ENV", "true")
    assert (ended.code, ended.notes.steps[0].fault) == (1, "env")


@pytest.mark.parametrize("step", ["mkfifo $ORCAOPS_ENV.x; rm $ORCAOPS_ENV; mkfifo $ORCAOPS_ENV", "rm $ORCAOPS_ENV"])
def test_a_file_that_is_none_any_more_is_passed_over(containers: Containers, step: str) -> None:
    ended = containers.run(step, "echo b")
    assert (ended.code, ended.output) == (0, "b\n")


def test_any_user_of_the_image_can_write_every_file(containers: Containers) -> None:
    text = "for f in OUTPUT ENV; do eval echo A=1 '>' \\$ORCAOPS_$f; done; echo /x > $ORCAOPS_PATH"
    ended = containers.run(text, "echo $A; echo '# Hi' > $ORCAOPS_STEP_SUMMARY", user="65534")
    assert (ended.code, ended.output, ended.file("summary-2")) == (0, "1\n", b"# Hi\n")


# --- what a job may do to the program


def test_a_job_that_removes_the_programs_folder_ends_by_its_own_code(containers: Containers) -> None:
    assert containers.run_blind("rm -rf /orcaops; echo gone").splitlines().count("gone") == 1
    assert containers.run_code("rm -rf /orcaops") == 0
    assert containers.run_code("rm -rf /orcaops", "echo never", always("true")) != 0


@pytest.mark.parametrize("forged", ["b 0", "g 0", "e 0", "b 999", "e 08", "g -1", "x", "nonsense", ""])
def test_a_forged_place_neither_hangs_nor_repeats_a_step(containers: Containers, forged: str) -> None:
    ended = containers.run("echo one", f"echo '{forged}' > /orcaops/at; kill -9 $$", always("echo last"))
    assert ended.output.count("one\n") == 1
    assert ended.code == 137


# --- stops


def test_after_a_stop_what_runs_always_still_runs(containers: Containers) -> None:
    container = containers.start("echo ready; sleep 60", "echo never", always("echo cleaned"), always("pwd", **SH))
    containers.until_printed(container, b"ready")
    put(container, stop="cancel 5\n")
    docker("kill", "--signal=TERM", container)
    ended = containers.end(container)
    assert (ended.code, ended.codes) == (143, {0: 143, 2: 0, 3: 0})
    assert {"cleaned", "/"} < {*ended.output.splitlines()}
    assert "never" not in ended.output


@pytest.mark.parametrize(("why", "ran"), [("timeout", True), ("cancel", False)])
def test_a_time_limit_is_a_failure_and_a_cancel_is_none(containers: Containers, why: str, ran: bool) -> None:
    container = containers.start(
        {"run": "echo ready; sleep 60", "shell": "sh"}, {"run": "echo failed", "when": "failure"}
    )
    containers.until_printed(container, b"ready")
    put(container, stop=f"{why} 5\n")
    docker("kill", "--signal=TERM", container)
    ended = containers.end(container)
    assert (ended.code, "failed\n" in ended.output) == (143, ran)


def test_a_step_that_ignores_the_stop_is_killed_before_the_last_steps_run(containers: Containers) -> None:
    text = "trap '' TERM; (trap '' TERM; sleep 60) & echo ready; while :; do sleep 60; done"
    container = containers.start(text, always("echo cleaned"))
    containers.until_printed(container, b"ready")
    put(container, stop="cancel 1\n")
    docker("kill", "--signal=TERM", container)
    ended = containers.end(container)
    assert (ended.codes, ended.code) == ({0: 137, 1: 0}, 137)
    assert "cleaned" in ended.output.splitlines()


def test_the_trap_of_a_process_of_its_own_chooses_its_code(containers: Containers) -> None:
    step = {"run": "trap 'exit 9' TERM; echo ready; sleep 60 & wait", "shell": "sh"}
    container = containers.start(step, always("echo cleaned"))
    containers.until_printed(container, b"ready")
    docker("kill", "--signal=TERM", container)
    ended = containers.end(container)
    assert (ended.code, ended.codes) == (9, {0: 9, 1: 0})


# --- questions


def asking(run: str, **fields: Any) -> dict[str, Any]:
    return {"run": run, "condition": "steps.a.outputs.x == 'y'", **fields}


def test_a_step_waits_for_its_answer_and_runs_what_the_answer_brings(containers: Containers) -> None:
    container = containers.start("cd /tmp; X=5", asking("echo never"), "echo $X", context={})
    containers.until_printed(container, MARK + b" a 1 s ")
    put(container, **{"step-2": 'echo "$PWD $X"\nX=6\n', "go-2s": "run\n"})
    ended = containers.end(container)
    assert (ended.code, ended.output, ended.codes) == (0, "/tmp 5\n6\n", {0: 0, 1: 0, 2: 0})


def test_an_answer_may_be_no_and_may_lie_there_before_the_question(containers: Containers) -> None:
    container = containers.start("echo skip > /orcaops/go-2s", asking("echo never"), "echo b", context={})
    assert containers.end(container).output == "b\n"


def test_a_fault_fails_the_step_without_running_it(containers: Containers) -> None:
    container = containers.start(
        "echo fault > /orcaops/go-2s", asking("echo no"), "echo no", always("echo b"), context={}
    )
    ended = containers.end(container)
    assert (ended.code, ended.output, ended.codes) == (1, "b\n", {0: 0, 1: 1, 3: 0})
    assert ended.notes.steps[1].fault == "expression"


def test_after_a_failure_the_question_is_another(containers: Containers) -> None:
    container = containers.start("echo run > /orcaops/go-2s; exit 3", asking("echo no"), context={})
    containers.until_printed(container, MARK + b" a 1 f ")
    put(container, **{"step-2": "echo mended\n", "go-2f": "run\n"})
    ended = containers.end(container)
    assert (ended.code, ended.output) == (3, "mended\n")


def test_a_stop_during_a_question_asks_anew_as_things_stand_then(containers: Containers) -> None:
    container = containers.start("true", asking("echo no"), always("echo cleaned"), context={})
    containers.until_printed(container, MARK + b" a 1 s ")
    put(container, stop="cancel 5\n")
    docker("kill", "--signal=TERM", container)
    containers.until_printed(container, MARK + b" a 1 c ")
    put(container, **{"go-2c": "skip\n"})
    ended = containers.end(container)
    assert (ended.code, ended.output, ended.codes) == (143, "cleaned\n", {0: 0, 2: 0})


def test_the_notes_tell_what_is_asked(containers: Containers) -> None:
    container = containers.start("true", asking("echo no", **SH), context={})
    containers.until_printed(container, MARK + b" a 1 s ")
    assert containers.notes(container).ask == Ask(1, "s")
    put(container, **{"step-2": "exit 7\n", "run-2": "exec sh /orcaops/step-2\n", "go-2s": "run\n"})
    ended = containers.end(container)
    assert (ended.code, ended.notes.ask) == (7, None)
