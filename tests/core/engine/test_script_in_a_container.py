"""The step program where it runs: in a container, under busybox's shell and under dash."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest

from core.engine.planning import plan_steps
from core.engine.results import ProgramNotes, StepTrack, read_notes
from core.engine.script import ARGV, ENTRYPOINT, FOLDER, STEPS_PATH, step_program
from core.engine.step_files import read_outputs
from core.testing.factories import a_job_spec

if TYPE_CHECKING:
    from collections.abc import Generator


pytestmark = pytest.mark.docker

TOKEN = "0123456789abcdef" * 2
MARK = b"\x1e" + TOKEN.encode()


@dataclass(frozen=True)
class Ended:
    """What a finished container left.

    Attributes:
        code: Its exit code.
        output: What the steps printed on both streams, without markers.
        raw: The same with them.
        notes: What the program noted.
        outputs: The outputs file of the first step.
    """

    code: int
    output: str
    raw: bytes
    notes: ProgramNotes
    outputs: bytes

    @property
    def codes(self) -> dict[int, int | None]:
        return {index: track.exit_code for index, track in self.notes.steps.items()}


class Containers:
    """Runs step programs in one image, and removes what it made."""

    def __init__(self, image: str) -> None:
        self._image = image
        self.made: list[str] = []

    def start(self, *commands: Any, user: str = "") -> str:
        options = ["--init", "--network=none", f"--user={user}"]
        created = docker("create", *options, "--entrypoint", *ENTRYPOINT, self._image, *ARGV)
        container = created.decode().strip()
        self.made.append(container)
        docker("cp", "-", f"{container}:/", data=_archive(*commands))
        docker("start", container)
        return container

    def run(self, *commands: Any, user: str = "") -> Ended:
        return self.end(self.start(*commands, user=user))

    def end(self, container: str) -> Ended:
        code = int(docker("wait", container))
        raw = docker("logs", container)
        parts = f"\n{raw.decode()}".replace(MARK.decode(), "\x1e").split("\x1e")
        text = "".join(part.partition("\n")[2] for part in parts)
        return Ended(code, text, raw, read_notes(_read(container, STEPS_PATH)), _read(container, f"{FOLDER}/output-1"))

    def until_printed(self, container: str, text: bytes) -> None:
        with subprocess.Popen(["docker", "logs", "--follow", container], stdout=subprocess.PIPE) as follower:
            assert follower.stdout is not None
            assert any(text in line for line in follower.stdout)
            follower.terminate()


def docker(*arguments: str, data: bytes | None = None) -> bytes:
    done = subprocess.run(
        ["docker", *arguments], input=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=True
    )
    return done.stdout


def _archive(*commands: Any) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        folder = tarfile.TarInfo(FOLDER.strip("/"))
        folder.type, folder.mode = tarfile.DIRTYPE, 0o777
        archive.addfile(folder)
        spec = a_job_spec(commands=commands, cancel_grace_s=2)
        for entry in step_program(spec, plan_steps(spec), TOKEN, output_bytes=4096):
            info = tarfile.TarInfo(f"{FOLDER.strip('/')}/{entry.path}")
            info.size, info.mode = len(entry.data), entry.mode
            archive.addfile(info, io.BytesIO(entry.data))
    return buffer.getvalue()


def _read(container: str, path: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(docker("cp", f"{container}:{path}", "-"))) as archive:
        member = archive.extractfile(archive.getmembers()[0])
        assert member is not None
        return member.read()


@pytest.fixture(params=["busybox:latest", "python:3.11-slim"], ids=["ash", "dash"])
def containers(request: pytest.FixtureRequest) -> Generator[Containers]:
    made = Containers(cast("str", request.param))
    yield made
    if made.made:
        docker("rm", "--force", "--volumes", *made.made)


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
