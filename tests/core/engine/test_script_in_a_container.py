"""The step program where it runs: in a container, under busybox's shell and under dash."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from core.engine.results import StepTrack
from core.engine.step_files import read_outputs
from tests.core.engine.containers import MARK, docker

if TYPE_CHECKING:
    from tests.core.engine.containers import Containers

pytestmark = pytest.mark.docker


def test_the_folder_and_variables_carry_over(containers: Containers) -> None:
    ended = containers.run("cd /tmp; X=5", 'echo "$PWD $X"')
    assert (ended.code, ended.output) == (0, "/tmp 5\n")
    assert ended.codes == {0: 0, 1: 0}
    assert ended.notes.exit_code == 0


def test_the_first_failing_step_ends_the_job_with_its_code(containers: Containers) -> None:
    ended = containers.run("echo one", "echo two", "(exit 3)", "echo four")
    assert (ended.code, ended.output) == (3, "one\ntwo\n")
    assert ended.codes == {0: 0, 1: 0, 2: 3}
    assert ended.notes.exit_code == 3


def test_a_script_means_what_it_means_elsewhere(containers: Containers) -> None:
    ended = containers.run(
        "f() { return 7; }\nf || echo caught $?",
        "false || true",
        "set -u\ncat <<EOF\n  here $((1 + 1))\nEOF",
        "printf 'a\\nb\\n' | while read -r line; do echo \"<$line>\"; done",
        "f",
    )
    assert (ended.code, ended.output) == (7, "caught 7\n  here 2\n<a>\n<b>\n")
    assert ended.codes == {0: 0, 1: 0, 2: 0, 3: 0, 4: 7}


def test_output_without_a_final_newline_stands_before_the_marker_on_its_line(containers: Containers) -> None:
    ended = containers.run("printf no-newline", "printf second")
    assert b"no-newline" + MARK + b" e 0 " in ended.raw
    assert ended.output == "no-newlinesecond"


def test_each_step_is_marked_on_both_streams(containers: Containers) -> None:
    ended = containers.run("true", "false")
    for mark in (b" b 0 ", b" e 0 0 ", b" b 1 ", b" e 1 1 "):
        assert ended.raw.count(MARK + mark) == 2


def test_a_syntax_error_ends_its_own_step_and_names_a_line_of_it(containers: Containers) -> None:
    commands = ("echo one", "echo fine\nif then", "echo three")
    ended = containers.run(*commands)
    assert ended.code == 2
    assert ended.codes == {0: 0, 1: 2}
    assert "one\n" in ended.output
    assert re.search(r"(?:job: 2: /orcaops/step-2|/orcaops/step-2: line 2): ", ended.output)


def test_what_a_step_leaves_open_ends_with_the_step(containers: Containers) -> None:
    ended = containers.run("cat <<EOF\ninside", "echo outside")
    assert (ended.code, ended.codes) == (0, {0: 0, 1: 0})
    assert "inside\noutside\n" in ended.output


def test_tracing_shows_the_users_commands_and_not_the_programs_own(containers: Containers) -> None:
    ended = containers.run("set -x; echo one", "echo two")
    traced = [line for line in ended.output.splitlines() if line.startswith("+")]
    assert traced == ["+ echo one", "+ . /orcaops/step-2", "+ echo two"]


def test_redirecting_all_output_hides_no_step(containers: Containers) -> None:
    ended = containers.run("exec > /tmp/out 2>&1; echo hidden", "echo hidden too")
    assert ended.codes == {0: 0, 1: 0}
    assert ended.raw.count(MARK + b" e 1 0 ") == 2


def test_sigterm_is_heard_at_once(containers: Containers) -> None:
    container = containers.start("echo ready; sleep 60", "echo never")
    containers.until_printed(container, b"ready")
    docker("kill", "--signal=TERM", container)
    ended = containers.end(container)
    assert (ended.code, ended.codes, ended.notes.exit_code) == (143, {0: 143}, 143)
    assert ended.notes.was_terminated


def test_the_jobs_own_trap_runs_once_and_its_code_stands(containers: Containers) -> None:
    container = containers.start("trap 'echo cleaned; exit 9' TERM; echo ready; sleep 60")
    containers.until_printed(container, b"ready")
    docker("kill", "--signal=TERM", container)
    ended = containers.end(container)
    assert (ended.code, ended.notes.exit_code, ended.codes) == (9, 9, {0: 9})
    assert ended.output.count("cleaned") == 1


def test_a_job_that_ignores_sigterm_ends_by_sigkill_and_its_step_stays_open(containers: Containers) -> None:
    container = containers.start("trap '' TERM; echo ready; while :; do sleep 1; done")
    containers.until_printed(container, b"ready")
    docker("stop", "--time=1", container)
    ended = containers.end(container)
    assert (ended.code, ended.codes, ended.notes.exit_code) == (137, {0: None}, None)
    assert ended.notes.was_terminated


def test_a_stop_while_another_asks_too_is_one_stop(containers: Containers) -> None:
    container = containers.start("echo ready; sleep 60")
    containers.until_printed(container, b"ready")
    stops = [subprocess.Popen(["docker", "stop", container], stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [stop.wait(timeout=30) for stop in stops] == [0, 0, 0]
    assert containers.end(container).code == 143


@pytest.mark.parametrize("step", ["exec sh -c 'exit 4'", "trap 'exit 4' EXIT; true; exit 0"])
def test_a_step_that_takes_the_shell_away_ends_with_what_took_its_place(containers: Containers, step: str) -> None:
    ended = containers.run("true", step, "echo never")
    assert (ended.code, ended.notes.exit_code, ended.output) == (4, 4, "")
    assert ended.codes == {0: 0, 1: 4}


def test_a_step_that_exits_ends_the_job_there(containers: Containers) -> None:
    ended = containers.run("exit 0", "echo never")
    assert (ended.code, ended.codes, ended.output) == (0, {0: 0}, "")


def test_a_trailing_backslash_ends_with_its_step(containers: Containers) -> None:
    ended = containers.run("true \\", "echo second")
    assert (ended.code, ended.codes, ended.output) == (0, {0: 0, 1: 0}, "second\n")


def test_any_user_of_the_image_can_note_and_put_out(containers: Containers) -> None:
    ended = containers.run('id -u; echo "version=1" >> "$ORCAOPS_OUTPUT"', user="65534")
    assert (ended.code, ended.output, ended.codes) == (0, "65534\n", {0: 0})
    assert read_outputs(ended.outputs) == {"version": "1"}


def test_times_grow_and_use_is_measured(containers: Containers) -> None:
    notes = containers.run("sleep 0.2", "true").notes
    first, second = notes.steps[0], notes.steps[1]
    assert isinstance(first, StepTrack)
    assert notes.began is not None
    assert first.ended is not None
    assert notes.began <= first.began <= first.ended - 0.15
    assert first.ended <= second.began
    assert notes.usage is not None
    assert notes.usage.exact
    assert (notes.usage.cpu_seconds or 0) > 0
    assert (notes.usage.peak_memory_bytes or 0) > 0


def test_a_marker_without_the_token_is_only_output(containers: Containers) -> None:
    ended = containers.run(r"printf '\036%s e 0 0 1.00\n' ffffffffffffffffffffffffffffffff")
    assert b"\x1effffffffffffffffffffffffffffffff e 0 0 1.00\n" in ended.raw
    assert ended.codes == {0: 0}
