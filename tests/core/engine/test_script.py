"""The program that runs a job's steps, as text."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engine.script import STEPS_BEGIN, step_at_line, step_program
from core.testing.factories import a_job_spec

TOKEN = "0123456789abcdef" * 2


def job_text(*commands: str) -> str:
    entries = {entry.path: entry for entry in step_program(a_job_spec(commands=commands), TOKEN)}
    return entries["job"].data.decode()


def test_the_program_is_four_files_of_which_the_job_may_write_two() -> None:
    entries = step_program(a_job_spec(commands=["true"]), TOKEN)
    assert [(entry.path, oct(entry.mode)) for entry in entries] == [
        ("main", "0o644"),
        ("job", "0o644"),
        ("steps", "0o666"),
        ("output", "0o666"),
    ]
    assert [entry.data for entry in entries[2:]] == [b"", b""]


def test_each_step_stands_between_its_beginning_and_its_end_as_it_was_written() -> None:
    text = job_text("echo 'a\tb'", "if true; then\n  echo é\nfi\n\n")
    assert text.partition(f"{STEPS_BEGIN}\n")[2] == (
        "orca_begin 0\necho 'a\tb'\norca_end 0\norca_begin 1\nif true; then\n  echo é\nfi\norca_end 1\n"
    )


def test_the_attempts_token_is_in_the_jobs_part_once() -> None:
    assert job_text("true").count(TOKEN) == 1


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
@pytest.mark.parametrize("name", ["main", "job"])
def test_a_posix_shell_finds_no_fault_in_it(name: str) -> None:
    entries = {entry.path: entry.data for entry in step_program(a_job_spec(commands=["true", "false"]), TOKEN)}
    done = subprocess.run(["sh", "-n"], input=entries[name], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_line_of_the_program_is_told_as_a_line_of_its_step() -> None:
    spec = a_job_spec(commands=["one\ntwo", "three\n", "four\n\nfive"])
    lines = job_text("one\ntwo", "three\n", "four\n\nfive").splitlines()
    told = {text: step_at_line(spec, lines.index(text) + 1) for text in ("one", "two", "three", "four", "five")}
    assert told == {"one": (0, 1), "two": (0, 2), "three": (1, 1), "four": (2, 1), "five": (2, 3)}


@given(st.lists(st.from_regex(r"[a-z]+(\n[a-z]*){0,4}", fullmatch=True), min_size=1, max_size=6))
def test_every_line_of_every_step_is_found_again_and_no_other(commands: list[str]) -> None:
    spec = a_job_spec(commands=commands)
    lines = job_text(*commands).splitlines()
    found: dict[tuple[int, int], str] = {}
    for number in range(-1, len(lines) + 3):
        place = step_at_line(spec, number)
        if place is not None:
            found[place] = lines[number - 1]
    expected = {
        (index, number): text
        for index, command in enumerate(commands)
        for number, text in enumerate(command.rstrip("\n").split("\n"), start=1)
    }
    assert found == expected
