"""`orcaops run` behaves like `docker run --rm` to scripts."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.orcaops_mcp.cli.conftest import EngineHome, Terminal

pytestmark = pytest.mark.slow


def test_both_outputs_and_the_exit_code_are_the_containers(engine_home: EngineHome) -> None:
    result = engine_home.run("run", "busybox", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (result.stdout, result.stderr, result.exit_code) == ("out\n", "err\n", 7)


def test_a_success_says_nothing_of_its_own_to_a_script(engine_home: EngineHome) -> None:
    result = engine_home.run("run", "busybox", "--", "echo", "--json", "-e", "x")
    assert (result.stdout, result.stderr, result.exit_code) == ("--json -e x\n", "", 0)


def test_a_job_past_its_time_limit_ends_with_124_and_says_why(engine_home: EngineHome) -> None:
    result = engine_home.run("run", "--timeout", "200ms", "busybox", "sleep", "60")
    assert result.exit_code == 124
    assert result.stdout == ""
    assert result.stderr.startswith("orcaops: The job ran longer than its limit of 0.2 s.\n  hint: ")


@pytest.mark.parametrize(
    "words",
    [
        ("run",),
        ("run", "--nonsense", "busybox"),
        ("run", "--timeout", "soon", "busybox"),
        ("run", "--entry", "main.py"),
        ("run", "-v", "nowhere", "busybox"),
        ("run", "--workspace=/nonexistent", "busybox"),
        ("run", "NOT AN IMAGE"),
        ("run", "--secret", "NO_SUCH_SECRET", "busybox"),
        ("run", "--spec", "/nonexistent.yaml"),
        ("--url", "http://127.0.0.1:1", "run", "busybox"),
    ],
)
@pytest.mark.hostile("B62")
def test_trouble_before_the_container_is_125(engine_home: EngineHome, words: tuple[str, ...]) -> None:
    result = engine_home.run(*words)
    assert (result.exit_code, result.stdout) == (125, "")
    assert result.stderr.startswith("orcaops: ")


def test_json_is_one_object_a_line_and_keeps_error_and_exit_code_apart(engine_home: EngineHome) -> None:
    result = engine_home.run("run", "--json", "busybox", "sh", "-c", "echo one; exit 3")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["type"] for line in lines] == ["state", "log", "result"]
    assert lines[1]["text"] == "one"
    assert lines[1].keys() == {"type", "n", "ts", "stream", "step", "text"}
    assert (lines[2]["exit_code"], lines[2]["failure"]["kind"], result.exit_code) == (3, "exit", 3)


def test_an_error_with_json_is_the_envelope_on_standard_error(engine_home: EngineHome) -> None:
    result = engine_home.run("run", "--json", "--secret", "NO_SUCH_SECRET", "busybox")
    error = json.loads(result.stderr)["error"]
    assert error.keys() >= {"code", "message", "hint", "retryable"}
    assert (error["code"], result.stdout) == ("unknown_secret", "")


def test_detached_it_prints_the_id_alone(engine_home: EngineHome) -> None:
    job_id = engine_home.ok("run", "-d", "busybox", "true").strip()
    assert job_id.startswith("job_")
    assert engine_home.ok("jobs", "watch", job_id).splitlines()[-1].endswith("success")


def test_detached_the_codes_are_those_of_every_command(engine_home: EngineHome) -> None:
    assert engine_home.run("run", "-d", "NOT AN IMAGE").exit_code == 7
    assert engine_home.run("--url", "http://127.0.0.1:1", "run", "-d", "busybox").exit_code == 5


def test_the_same_idempotency_key_starts_one_job(engine_home: EngineHome) -> None:
    words = ("run", "-d", "--idempotency-key", "cli-once", "busybox", "true")
    assert engine_home.ok(*words) == engine_home.ok(*words)


def test_options_become_the_spec(engine_home: EngineHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vars").write_text("# comment\nA=file\nB=from file\nMINE\n\n")
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("MINE", "my own")
    monkeypatch.chdir(tmp_path)
    words = (
        *("run", "--dry-run", "-e", "A=option", "-e", "UNSET_HERE", "--env-file", "vars", "-v", "data:/data"),
        *("-w", "/src", "--name", "n", "--label", "team=core", "--tag", "ci", "--timeout", "10m", "--cpus", "0.5"),
        *("--memory", "512m", "--network", "none", "--artifact", "dist/**", "--retries", "2", "busybox", "ls", "-l"),
    )
    spec = json.loads(engine_home.ok(*words))["spec"]
    assert spec["env"] == {"A": "option", "B": "from file", "MINE": "my own"}
    assert spec["mounts"] == [{"source": str(tmp_path / "data"), "target": "/data", "read_only": True}]
    assert (spec["command"], spec["workdir"], spec["name"]) == (["ls", "-l"], "/src", "n")
    assert (spec["tags"], spec["timeout_s"], spec["cpus"]) == (["team:core", "ci"], 600, 0.5)
    assert (spec["memory_mb"], spec["network"], spec["artifacts"], spec["retries"]) == (512, "none", ["dist/**"], 2)


def test_a_job_file_is_run_and_options_stand_over_it(engine_home: EngineHome, tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_text("image: busybox\ncommands: [echo one, echo two]\nenv: [A=1, B=2]\n")
    result = engine_home.run("run", "--spec", str(file))
    assert (result.stdout, result.exit_code) == ("one\ntwo\n", 0)
    spec = json.loads(engine_home.ok("run", "--spec", str(file), "-e", "B=3", "--dry-run", "echo", "x"))["spec"]
    assert (spec["env"], spec["command"], spec["commands"]) == ({"A": "1", "B": "3"}, ["echo", "x"], [])
    given = json.dumps({"image": "busybox", "script": "echo piped"})
    assert engine_home.ok("run", "--spec", "-", given=given) == "piped\n"


@pytest.mark.parametrize("text", ["[1, 2]", "image: [", "just text", '{"image": }', "image: !!python/object:os x"])
def test_a_job_file_with_faults_is_not_valid(engine_home: EngineHome, tmp_path: Path, text: str) -> None:
    file = tmp_path / "job.yaml"
    file.write_text(text)
    assert engine_home.run("run", "-d", "--spec", str(file)).exit_code == 7


def test_a_folder_goes_along_and_files_come_back(
    engine_home: EngineHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.txt").write_text("from here\n")
    (tmp_path / "left.log").write_text("no")
    (tmp_path / ".gitignore").write_text("*.log\n")
    monkeypatch.chdir(tmp_path)
    script = "cat in.txt; test -e left.log && echo sent; cat in.txt > out.txt"
    words = ("run", "--workspace", ".", "--artifact", "out.txt", "--out", "results", "busybox", "sh", "-c", script)
    result = engine_home.run(*words)
    assert (result.stdout, result.stderr, result.exit_code) == ("from here\n", "", 0)
    assert (tmp_path / "results" / "out.txt").read_text() == "from here\n"


def test_a_folder_may_be_left_unsaid(engine_home: EngineHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in.txt").write_text("from here\n")
    monkeypatch.chdir(tmp_path)
    assert engine_home.ok("run", "--workspace", "busybox", "cat", "in.txt") == "from here\n"


def test_a_file_is_run_by_a_runtime(engine_home: EngineHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "main.sh").write_text("echo ran\n")
    monkeypatch.chdir(tmp_path)
    words = ("run", "--runtime", "sh", "--entry", "main.sh")
    assert engine_home.ok(*words) == "ran\n"
    spec = json.loads(engine_home.ok(*words, "--dry-run", "--", "--fast"))["spec"]
    assert (spec["command"], [file["path"] for file in spec["files"]]) == (["sh", "main.sh", "--fast"], ["main.sh"])


def test_the_first_interrupt_cancels_the_job(engine_home: EngineHome) -> None:
    process = engine_home.start("run", "busybox", "sh", "-c", "echo ready; sleep 60")
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        said = process.stderr.read().decode()
        assert process.wait(30) == 130
    job_id = said.split()[1].rstrip(";")
    assert said.startswith("cancelling job_")
    job = json.loads(engine_home.ok("jobs", "status", "--json", job_id))
    assert (job["status"], job["cancel_requested_at"] is not None) == ("cancelled", True)


def test_a_job_that_ends_by_itself_after_the_interrupt_keeps_its_exit_code(engine_home: EngineHome) -> None:
    process = engine_home.start("run", "busybox", "sh", "-c", "echo ready; trap 'exit 5' TERM; sleep 60")
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 143


def test_the_second_interrupt_leaves_at_once(open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal("run", "busybox", "sh", "-c", "trap '' TERM; echo ready; sleep 60")
    terminal.read_until("ready")
    terminal.press("\x03")
    terminal.read_until("cancelling job_")
    terminal.press("\x03")
    assert "orcaops jobs status job_" in terminal.read_all()
    assert terminal.process.returncode == 130


@pytest.mark.hostile("B65")
def test_a_reader_that_goes_away_ends_it_quietly(engine_home: EngineHome) -> None:
    reading, writing = os.pipe()
    process = engine_home.start(
        "run", "busybox", "sh", "-c", "i=0; while [ $i -lt 50000 ]; do echo line; i=$((i+1)); done", stdout=writing
    )
    os.close(writing)
    assert os.read(reading, 4) == b"line"
    os.close(reading)
    with process:
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(30) == 141
