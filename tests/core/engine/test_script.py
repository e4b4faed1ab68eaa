"""The program that runs a job's steps, as text."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from core.engine.planning import plan_steps
from core.engine.script import STEP_FILES, quoted, step_program
from core.testing.factories import a_job_spec

if TYPE_CHECKING:
    from core.backends.base import ArchiveEntry

TOKEN = "0123456789abcdef" * 2


def job_text(*commands: Any) -> str:
    return program(*commands)["job"].data.decode()


def program(*commands: Any, **fields: Any) -> dict[str, ArchiveEntry]:
    spec = a_job_spec(commands=commands, **fields)
    return {entry.path: entry for entry in step_program(spec, plan_steps(spec), TOKEN)}


def test_the_job_may_write_the_files_of_its_steps_and_outputs_and_no_others() -> None:
    entries = program("true", {"run": "false", "shell": "bash"})
    assert [path for path, entry in entries.items() if entry.mode == 0o644] == [
        "main",
        "job",
        "step-1",
        "step-2",
        "run-2",
    ]
    written = [path for path, entry in entries.items() if entry.mode == 0o666]
    assert written == [*(f"{name}-{number}" for number in (1, 2) for name in STEP_FILES), "at", "steps"]
    assert {entries[path].data for path in written} == {b""}


def test_each_step_is_a_file_as_it_was_written_read_between_its_beginning_and_its_end() -> None:
    texts = ("echo 'a\tb'", "if true; then\n  echo é\nfi\n\n")
    entries = {path: entry.data.decode() for path, entry in program(*texts).items()}
    assert (entries["step-1"], entries["step-2"]) == ("echo 'a\tb'\n", "if true; then\n  echo é\nfi\n")
    assert re.findall(r"orca_next \d \w|orca_done;|^\. .*$", job_text(*texts), re.MULTILINE) == [
        "orca_next 0 s",
        ". /orcaops/step-1",
        "orca_done;",
        "orca_next 1 s",
        ". /orcaops/step-2",
        "orca_done;",
    ]


def test_the_attempts_token_is_in_the_jobs_part_once() -> None:
    assert job_text("true").count(TOKEN) == 1


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
@pytest.mark.parametrize("name", ["main", "job", "run-2"])
def test_a_posix_shell_finds_no_fault_in_it(name: str) -> None:
    entries = program("true", {"run": "false", "env": {"A": "it's"}, "retries": 2, "when": "always"})
    done = subprocess.run(["sh", "-n"], input=entries[name].data, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_step_of_its_own_sets_its_folder_and_variables_and_becomes_its_shell() -> None:
    step = {"run": "print(1)", "shell": "python -X dev {0}", "env": {"A": "it's\n$HOME"}, "workdir": "a b"}
    assert program(step)["run-1"].data.decode() == (
        "cd -- 'a b' || exit 1\nexport A='it'\\''s\n$HOME'\nexec 'python' '-X' 'dev' '/orcaops/step-1'\n"
    )


@pytest.mark.parametrize("text", ["", "plain", "it's", "''", "a\nb", "$(reboot) `x` \\ !", "é"])
@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_a_quoted_text_is_one_word_of_a_shell(text: str) -> None:
    done = subprocess.run(["sh", "-c", f"printf %s {quoted(text)}"], capture_output=True, check=True)
    assert done.stdout.decode() == text


def test_how_a_step_is_repeated_and_tolerated_is_said_in_its_line() -> None:
    step = {"run": "false", "continue_on_error": [3, 4], "retries": 3, "retry_delay_s": 0.5, "retry_exit_codes": [1]}
    assert "orca_run 0 ,3,4, ,1, 0.5 1 2;" in job_text(step)
    assert "orca_run 0 all all;" in job_text({"run": "false", "continue_on_error": True})


def test_only_a_step_that_may_run_after_a_failure_keeps_the_program_going() -> None:
    assert "orca_last=-1 " in program("true", "false")["main"].data.decode()
    assert "orca_last=1 " in program("true", {"run": "false", "when": "failure"}, "true")["main"].data.decode()
