"""The program that runs a job's steps, as text."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from core.engine.script import step_program
from core.testing.factories import a_job_spec

TOKEN = "0123456789abcdef" * 2


def job_text(*commands: str) -> str:
    entries = {entry.path: entry for entry in step_program(a_job_spec(commands=commands), TOKEN)}
    return entries["job"].data.decode()


def test_the_job_may_write_the_files_of_its_steps_and_outputs_and_no_others() -> None:
    entries = step_program(a_job_spec(commands=["true", "false"]), TOKEN)
    assert [(entry.path, oct(entry.mode)) for entry in entries] == [
        ("main", "0o644"),
        ("job", "0o644"),
        ("step-1", "0o644"),
        ("step-2", "0o644"),
        ("steps", "0o666"),
        ("output", "0o666"),
    ]
    assert [entry.data for entry in entries[4:]] == [b"", b""]


def test_each_step_is_a_file_as_it_was_written_read_between_its_beginning_and_its_end() -> None:
    texts = ("echo 'a\tb'", "if true; then\n  echo é\nfi\n\n")
    entries = {entry.path: entry.data.decode() for entry in step_program(a_job_spec(commands=texts), TOKEN)}
    assert (entries["step-1"], entries["step-2"]) == ("echo 'a\tb'\n", "if true; then\n  echo é\nfi\n")
    assert re.findall(r"orca_begin \d|orca_end \d|^\. .*$", job_text(*texts), re.MULTILINE) == [
        "orca_begin 0",
        ". /orcaops/step-1",
        "orca_end 0",
        "orca_begin 1",
        ". /orcaops/step-2",
        "orca_end 0",
    ]


def test_the_attempts_token_is_in_the_jobs_part_once() -> None:
    assert job_text("true").count(TOKEN) == 1


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
@pytest.mark.parametrize("name", ["main", "job"])
def test_a_posix_shell_finds_no_fault_in_it(name: str) -> None:
    entries = {entry.path: entry.data for entry in step_program(a_job_spec(commands=["true", "false"]), TOKEN)}
    done = subprocess.run(["sh", "-n"], input=entries[name], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
