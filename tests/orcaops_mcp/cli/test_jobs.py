"""`orcaops jobs` and `orcaops runs`, to scripts and to programs."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.orcaops_mcp.cli.conftest import EngineHome

FAILING = "echo starting; echo 'Error: cannot find it' >&2; exit 4"


@pytest.fixture
def failed_job(engine_home: EngineHome) -> str:
    job_id = engine_home.ok("run", "-d", "--name", "broken", "--tag", "nightly", "busybox", "sh", "-c", FAILING).strip()
    engine_home.ok("jobs", "watch", job_id)
    return job_id


def _json(home: EngineHome, *words: str) -> Any:
    return json.loads(home.ok(*words))


def test_a_list_without_a_terminal_is_tab_separated_and_whole(engine_home: EngineHome, failed_job: str) -> None:
    line = engine_home.ok("jobs", "--name", "broken", "--limit", "1").splitlines()[0]
    status, job_id, name, image, source, started, duration = line.split("\t")
    assert (status, job_id, name, image, source) == ("failed", failed_job, "broken", "busybox", "cli")
    assert started.endswith("Z")
    assert float(duration) >= 0


def test_a_header_is_there_when_it_is_asked_for(engine_home: EngineHome, failed_job: str) -> None:
    header = engine_home.ok("jobs", "list", "--header", "--wide", "--limit", "1").splitlines()[0]
    assert header == "status\tjob\tname\timage\tby\tstarted\tduration\texit\ttags\tfailure\tworkflow"


def test_list_is_what_is_meant_where_no_command_is_named(engine_home: EngineHome, failed_job: str) -> None:
    listed = engine_home.ok("jobs", "list", "--status", "failed", "--limit", "1")
    assert engine_home.ok("jobs", "--status", "failed", "--limit", "1") == listed
    assert engine_home.ok("--color", "never", "jobs", "--status=failed", "--limit", "1") == listed
    assert _json(engine_home, "jobs", "--json", "list", "--limit", "1") == _json(
        engine_home, "--json", "jobs", "--limit", "1"
    )


def test_json_can_be_cut_to_some_fields(engine_home: EngineHome, failed_job: str) -> None:
    page = _json(engine_home, "jobs", "--json=job_id,status", "--limit", "1")
    assert page["items"] == [{"job_id": failed_job, "status": "failed"}]
    assert page.keys() == {"items", "next_cursor", "counts"}
    assert _json(engine_home, "jobs", "status", "--json=exit_code", failed_job) == {"exit_code": 4}


def test_a_field_that_does_not_exist_is_named(engine_home: EngineHome, failed_job: str) -> None:
    result = engine_home.run("jobs", "status", "--json=exit", failed_job)
    error = json.loads(result.stderr)["error"]
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'exit'" in error["message"]
    assert "exit_code" in error["message"]


def test_many_jobs_are_listed_over_several_pages(engine_home: EngineHome, failed_job: str) -> None:
    known = sum(_json(engine_home, "jobs", "--json", "--limit", "1")["counts"].values())
    assert len(engine_home.ok("jobs", "--all").splitlines()) == known
    assert len(engine_home.ok("jobs", "--limit", "201").splitlines()) == min(known, 201)


def test_filters_narrow_the_list(engine_home: EngineHome, failed_job: str) -> None:
    for words in (("--tag", "nightly"), ("-q", "rok"), ("--source", "cli", "--name", "broken"), ("--since", "1h")):
        assert failed_job in engine_home.ok("jobs", *words)
    for words in (("--tag", "weekly"), ("-q", "no such text"), ("--status", "queued"), ("--source", "agent")):
        assert failed_job not in engine_home.ok("jobs", *words)


def test_a_unique_beginning_stands_for_an_id(engine_home: EngineHome, failed_job: str) -> None:
    for text in (failed_job, failed_job[:-1], failed_job.removeprefix("job_")[:-2], "@last"):
        assert _json(engine_home, "jobs", "status", "--json=job_id", text)["job_id"] == failed_job


def test_a_beginning_that_fits_several_lists_them(engine_home: EngineHome, failed_job: str) -> None:
    engine_home.ok("run", "-d", "busybox", "true")
    result = engine_home.run("jobs", "status", "job_1")
    assert result.exit_code == 2
    assert failed_job in result.stderr


@pytest.mark.parametrize("text", ["zzzz", "job_" + "0" * 25, "a/b", "../x"])
def test_what_stands_for_no_job_is_not_found(engine_home: EngineHome, text: str) -> None:
    result = engine_home.run("jobs", "status", text)
    assert (result.exit_code, result.stdout) == (3, "")


def test_the_exit_status_of_a_job_is_there_when_it_is_asked_for(engine_home: EngineHome, failed_job: str) -> None:
    assert engine_home.run("jobs", "status", failed_job).exit_code == 0
    assert engine_home.run("jobs", "status", "--exit-status", failed_job).exit_code == 1
    assert engine_home.run("jobs", "watch", "--exit-status", failed_job).exit_code == 1


def test_status_tells_facts_and_the_cause(engine_home: EngineHome, failed_job: str) -> None:
    lines = engine_home.ok("jobs", "status", failed_job).splitlines()
    assert lines[:3] == ["status\tfailed", f"job_id\t{failed_job}", "name\tbroken"]
    assert "exit code\t4" in lines
    assert "exit: The command ended with exit code 4." in lines


def test_why_shows_the_lines_that_matter(engine_home: EngineHome, failed_job: str) -> None:
    told = engine_home.ok("jobs", "why", failed_job)
    assert "The command ended with exit code 4." in told
    assert "Error: cannot find it" in told
    assert _json(engine_home, "jobs", "why", "--json", failed_job)["exit_code"] == 4
    job_id = engine_home.ok("run", "-d", "busybox", "true").strip()
    engine_home.ok("jobs", "watch", job_id)
    assert "has not failed" in engine_home.ok("jobs", "why", job_id)


def test_a_log_is_copied_searched_and_cut(engine_home: EngineHome, failed_job: str) -> None:
    whole = engine_home.ok("jobs", "logs", failed_job)
    assert whole == "starting\nError: cannot find it\n"
    assert engine_home.ok("jobs", "logs", "-f", failed_job) == whole
    assert engine_home.ok("jobs", "logs", "--raw", failed_job) == whole
    assert engine_home.ok("jobs", "logs", "--tail", "1", failed_job) == "Error: cannot find it\n"
    assert engine_home.ok("jobs", "logs", "--stream", "out", failed_job) == "starting\n"
    assert engine_home.ok("jobs", "logs", "--grep", "^start", failed_job) == "starting\n"
    assert engine_home.ok("jobs", "logs", "--grep", "t", "--count", failed_job) == "2\n"
    counted = json.loads(engine_home.ok("jobs", "logs", "--grep", "T", "--count", "--json", failed_job))
    assert (counted["matches"], counted["total_lines"], counted["items"]) == (0, 2, [])
    assert "cannot find" in engine_home.ok("jobs", "logs", "--first-error", failed_job)
    assert "T" in engine_home.ok("jobs", "logs", "-t", "--tail", "1", failed_job).split(" ")[0]
    lines = [json.loads(line) for line in engine_home.ok("jobs", "logs", "--json", failed_job).splitlines()]
    assert [(line["n"], line["stream"], line["text"]) for line in lines] == [
        (1, "stdout", "starting"),
        (2, "stderr", "Error: cannot find it"),
    ]


def test_a_malformed_pattern_is_wrong_usage(engine_home: EngineHome, failed_job: str) -> None:
    assert engine_home.run("jobs", "logs", "--grep", "(", failed_job).exit_code == 2
    for words in (["--count"], ["--count", "--grep", "a", "--tail", "1"], ["--count", "--grep", "a", "--follow"]):
        assert "--count" in engine_home.run("jobs", "logs", *words, failed_job).stderr
    assert engine_home.run("jobs", "logs", "-f", "-C", "1", failed_job).exit_code == 2


def test_bytes_of_a_log_reach_a_pipe_as_they_were(engine_home: EngineHome) -> None:
    job_id = engine_home.ok("run", "-d", "busybox", "printf", "\\033[31mred\\033[0m\\n").strip()
    engine_home.ok("jobs", "watch", job_id)
    assert engine_home.ok("jobs", "logs", job_id) == "\x1b[31mred\x1b[0m\n"


def test_a_job_is_cancelled_and_a_finished_one_is_the_wrong_state(engine_home: EngineHome) -> None:
    job_id = engine_home.ok("run", "-d", "busybox", "sleep", "60").strip()
    assert engine_home.ok("jobs", "cancel", "--wait", "--reason", "test", job_id) == f"cancelled {job_id}\n"
    assert engine_home.run("jobs", "status", "--exit-status", job_id).exit_code == 130
    again = engine_home.run("jobs", "cancel", job_id)
    assert again.exit_code == 6
    assert "is cancelled" in again.stderr
    assert engine_home.run("jobs", "cancel", "job_" + "0" * 25).exit_code == 3


def test_a_rerun_is_a_job_of_its_own(engine_home: EngineHome, failed_job: str) -> None:
    job_id = engine_home.ok("jobs", "rerun", "-e", "A=1", "--timeout", "9s", failed_job).strip()
    job = _json(engine_home, "jobs", "status", "--json", job_id)
    assert (job["rerun_of"], job["spec"]["env"], job["spec"]["timeout_s"]) == (failed_job, {"A": "1"}, 9)
    followed = engine_home.run("jobs", "rerun", "-f", failed_job)
    assert (followed.exit_code, followed.stdout, followed.stderr) == (4, "starting\n", "Error: cannot find it\n")
    assert _json(engine_home, "jobs", "rerun", "--dry-run", failed_job)["rerun_of"] == failed_job


def test_what_happened_to_a_job_is_told_in_order(engine_home: EngineHome, failed_job: str) -> None:
    events = [json.loads(line) for line in engine_home.ok("jobs", "events", "--json", "-f", failed_job).splitlines()]
    assert [event["after"] for event in events] == ["queued", "running", "failed"]
    assert len(engine_home.ok("jobs", "events", failed_job).splitlines()) == 3


@pytest.mark.hostile("B66")
def test_files_are_listed_fetched_and_checked(engine_home: EngineHome, tmp_path: Path) -> None:
    script = "mkdir -p out/deep; echo one > out/a.txt; echo two > out/deep/b.txt"
    job_id = engine_home.ok("run", "-d", "--artifact", "out/**", "busybox", "sh", "-c", script).strip()
    engine_home.ok("jobs", "watch", job_id)
    rows = [line.split("\t") for line in engine_home.ok("jobs", "artifacts", job_id).splitlines()]
    assert [(row[0], row[1], row[3]) for row in rows] == [
        ("out/a.txt", "4", hashlib.sha256(b"one\n").hexdigest()),
        ("out/deep/b.txt", "4", hashlib.sha256(b"two\n").hexdigest()),
    ]
    saved = engine_home.ok("jobs", "download", "-o", str(tmp_path), job_id).splitlines()
    assert saved == [str(tmp_path / "out" / "a.txt"), str(tmp_path / "out" / "deep" / "b.txt")]
    assert (tmp_path / "out" / "deep" / "b.txt").read_text() == "two\n"
    assert engine_home.ok("jobs", "download", "-o", "-", job_id, "out/a.txt") == "one\n"
    assert len(engine_home.ok("jobs", "download", "-o", str(tmp_path), job_id, "**/b.*").splitlines()) == 1
    assert engine_home.run("jobs", "download", "-o", str(tmp_path), job_id, "nothing").exit_code == 3
    assert engine_home.run("jobs", "download", "--all", job_id, "x").exit_code == 2


def test_of_a_job_that_left_no_file_that_is_said(engine_home: EngineHome, failed_job: str, tmp_path: Path) -> None:
    for words in (["artifacts"], ["download", "-o", str(tmp_path)], ["download", "-o", "-"]):
        result = engine_home.run("jobs", *words, failed_job)
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no file was kept of this job\n")
    assert engine_home.run("jobs", "artifacts", "--pattern", "*.xml", failed_job).stderr == "no kept file fits *.xml\n"


@pytest.mark.hostile("B66")
def test_a_file_is_not_written_through_a_link_to_elsewhere(engine_home: EngineHome, tmp_path: Path) -> None:
    script = "mkdir -p out; echo one > out/a.txt"
    job_id = engine_home.ok("run", "-d", "--artifact", "out/**", "busybox", "sh", "-c", script).strip()
    engine_home.ok("jobs", "watch", job_id)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "out").symlink_to(tmp_path / "elsewhere")
    result = engine_home.run("jobs", "download", "-o", str(tmp_path / "target"), job_id)
    assert result.exit_code == 1
    assert "outside" in result.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_finished_jobs_are_history(engine_home: EngineHome, failed_job: str) -> None:
    assert failed_job in engine_home.ok("runs", "--status", "failed")
    assert _json(engine_home, "runs", "show", "--json=job_id,status", failed_job)["status"] == "failed"
    assert int(engine_home.ok("runs", "export")) > 0
    assert engine_home.run("runs", "delete", failed_job).exit_code == 2
    assert engine_home.ok("runs", "delete", "--yes", failed_job) == f"deleted {failed_job}\n"
    assert engine_home.run("runs", "show", failed_job).exit_code == 3


def test_a_job_that_runs_is_no_history_yet(engine_home: EngineHome) -> None:
    job_id = engine_home.ok("run", "-d", "busybox", "sleep", "60").strip()
    assert engine_home.run("runs", "delete", "--yes", job_id).exit_code == 6
    engine_home.ok("jobs", "cancel", "--wait", job_id)


def test_a_cleanup_says_what_it_would_delete_before_it_does(engine_home: EngineHome, failed_job: str) -> None:
    words = ("runs", "cleanup", "--status", "failed", "--older-than", "0s")
    plan = _json(engine_home, *words, "--dry-run", "--json")
    assert plan["deleted"] >= 1
    assert engine_home.run(*words).exit_code == 2
    assert engine_home.ok(*words, "--yes").split("\t")[0] == str(plan["deleted"])
    assert engine_home.run("runs", "cleanup", "--yes").exit_code == 2
