"""Looking at runs from the command line, and changing them, against a real engine process without containers."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.orcaops_mcp.cli.conftest import COMMAND
from tests.orcaops_mcp.cli.workflow.conftest import detached, finished, told

if TYPE_CHECKING:
    from pathlib import Path

    from tests.orcaops_mcp.cli.conftest import EngineHome

pytestmark = pytest.mark.slow


@pytest.fixture
def good(engine_home: EngineHome, folder: Path) -> str:
    """A run that succeeded."""
    return finished(engine_home, "good.yaml")


@pytest.fixture
def bad(engine_home: EngineHome, folder: Path) -> str:
    """A run that succeeded in part."""
    return finished(engine_home, "bad.yaml")


def test_status_is_facts_and_a_line_for_each_job(engine_home: EngineHome, bad: str) -> None:
    facts, _, jobs = engine_home.ok("workflow", "status", bad).partition("\n\n")
    said = dict(line.split("\t", 1) for line in facts.splitlines())
    assert (said["status"], said["workflow_id"], said["file"], said["by"]) == ("partial", bad, "bad.yaml", "cli")
    rows = {cells[1]: cells for cells in (line.split("\t") for line in jobs.splitlines())}
    assert rows["build"][0] == "success"
    assert rows["build"][2].startswith("job_")
    assert rows["deploy"][0] == "skipped"
    assert [cells[0] for name, cells in rows.items() if name.startswith("test")] == ["success", "failed", "failed"]


def test_the_exit_code_says_how_a_run_ended_if_that_is_asked_for(engine_home: EngineHome, good: str, bad: str) -> None:
    assert engine_home.run("workflow", "status", "--exit-status", good).exit_code == 0
    assert engine_home.run("workflow", "status", "--exit-status", bad).exit_code == 1
    assert engine_home.run("workflow", "status", bad).exit_code == 0
    assert engine_home.run("workflow", "watch", "--exit-status", bad).exit_code == 1


def test_runs_are_found_by_beginnings_and_as_the_newest(engine_home: EngineHome, good: str) -> None:
    def found(text: str) -> str:
        return told(engine_home, "status", "--json=workflow_id", text)["workflow_id"]

    assert found("@last") == good
    assert found(good[:-6]) == good
    assert found(good.removeprefix("wf_")[:-6]) == good
    assert engine_home.run("workflow", "status", "wf_zzzz").exit_code == 3
    ambiguous = engine_home.run("workflow", "status", "wf_")
    assert ambiguous.exit_code in {0, 2}
    wrong = engine_home.run("workflow", "status", "job_1k4m")
    assert (wrong.exit_code, "orcaops jobs status" in wrong.stderr) == (3, True)


def test_lists_are_newest_first_and_can_be_narrowed(engine_home: EngineHome, good: str, bad: str) -> None:
    rows = [line.split("\t") for line in engine_home.ok("workflow", "list", "--limit", "2").splitlines()]
    assert [row[:3] for row in rows] == [["partial", bad, "bad"], ["success", good, "good"]]
    assert rows[1][3] == "3 ok"
    page = told(engine_home, "list", "--json=workflow_id", "--status", "partial", "--name", "bad", "--limit", "1")
    assert page["items"] == [{"workflow_id": bad}]
    assert bad in engine_home.ok("workflow", "list", "--all", "--since", "1h")


def test_commands_about_jobs_say_what_to_do_with_a_run_and_take_its_jobs(engine_home: EngineHome, good: str) -> None:
    for verb, hint in (("status", "workflow status"), ("logs", "workflow logs"), ("cancel", "workflow cancel")):
        result = engine_home.run("jobs", verb, good)
        assert result.exit_code == 2
        assert f"orcaops {hint} {good}" in result.stderr
    assert engine_home.ok("jobs", "logs", f"{good}/build") == "built\n"
    assert engine_home.run("jobs", "logs", f"{good}/nothing").exit_code == 3
    rows = [line.split("\t")[:3] for line in engine_home.ok("jobs", "--workflow", good).splitlines()]
    assert {(row[0], row[2]) for row in rows} == {
        ("success", "good.build"),
        ("success", "good.test-unit"),
        ("success", "good.test-system"),
    }
    wide = [line.split("\t") for line in engine_home.ok("runs", "--workflow", good, "--wide").splitlines()]
    assert {row[-1] for row in wide} == {f"{good}/{node}" for node in ("build", "test-unit", "test-system")}
    assert f"workflow\t{good}/build" in engine_home.ok("jobs", "status", f"{good}/build").splitlines()


def test_runs_and_their_jobs_are_completed(engine_home: EngineHome, good: str) -> None:
    def completed(*words: str) -> list[str]:
        variables = engine_home.variables(
            _ORCAOPS_COMPLETE="bash_complete", COMP_WORDS=" ".join(("orcaops", *words)), COMP_CWORD=str(len(words))
        )
        done = subprocess.run([COMMAND], env=variables, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.splitlines()

    assert f"plain,{good}" in completed("workflow", "status", good[:8])
    assert f"plain,{good}" in completed("workflow", "graph", good[:8])
    assert completed("workflow", "explain", good, "te") == ["plain,test", "plain,test-unit", "plain,test-system"]
    assert f"plain,{good}" in completed("jobs", "list", "--workflow", good[:8])
    assert completed("workflow", "graph", "ci") == ["file,ci"]


def test_logs_name_the_job_before_each_line(engine_home: EngineHome, good: str) -> None:
    lines = engine_home.ok("workflow", "logs", good).splitlines()
    assert lines[0] == "build │ built"
    assert sorted(line.partition(" │ ")[2] for line in lines[1:]) == ["testing system", "testing unit"]
    assert engine_home.ok("workflow", "logs", "-f", good).splitlines()[0] == "build │ built"
    assert engine_home.ok("workflow", "logs", "--job", "build", good) == "build │ built\n"
    assert "testing unit" in engine_home.ok("workflow", "logs", "--grep", "unit", "-j", "test", good)
    assert len(engine_home.ok("workflow", "logs", "--tail", "1", good).splitlines()) == 1
    objects = [json.loads(line) for line in engine_home.ok("workflow", "logs", "--json", good).splitlines()]
    assert [(line["type"], line["node"], line["text"]) for line in objects[:1]] == [("log", "build", "built")]
    assert engine_home.run("workflow", "logs", "--job", "nothing", good).exit_code == 3


def test_logs_are_followed_from_before_the_first_line_to_the_end_of_the_run(
    engine_home: EngineHome, folder: Path
) -> None:
    lines = engine_home.ok("workflow", "logs", "-f", detached(engine_home, "good.yaml")).splitlines()
    assert lines[0] == "build │ built"
    assert sorted(lines[1:]) == ["test-system │ testing system", "test-unit │ testing unit"]


def test_why_tells_the_cause_and_the_lines_that_matter(engine_home: EngineHome, bad: str) -> None:
    said = engine_home.ok("workflow", "why", bad)
    assert "will end with 3" in said
    assert "deploy" in said
    assert told(engine_home, "why", "--json", bad)["workflow_id"] == bad


def test_a_service_that_all_jobs_share_is_shown_and_named_where_it_broke(engine_home: EngineHome, folder: Path) -> None:
    (folder / "shared.yaml").write_text(
        "services:\n"
        "  db: {image: busybox, command: [sh, -c, 'echo no disk; exit 7']}\n"
        "jobs:\n"
        "  use: {image: busybox, commands: [echo used]}\n",
        encoding="utf-8",
    )
    workflow_id = finished(engine_home, "shared.yaml")
    status = [line.split("\t") for line in engine_home.ok("workflow", "status", workflow_id).splitlines()]
    assert ["failed", "db", "busybox"] in [cells[:3] for cells in status]
    said = engine_home.ok("workflow", "why", workflow_id)
    assert "service db: " in said
    assert "        no disk" in said
    assert "no disk" in engine_home.ok("workflow", "logs", "--service", "db", workflow_id)


def test_explain_tells_the_facts_behind_a_skip(engine_home: EngineHome, bad: str) -> None:
    first, *facts = engine_home.ok("workflow", "explain", bad, "deploy").splitlines()
    assert first.endswith("skipped  deploy")
    assert any("test" in fact for fact in facts)
    assert told(engine_home, "explain", "--json=node_id,status", bad, "deploy") == {
        "node_id": "deploy",
        "status": "skipped",
    }
    assert [each["node_id"] for each in told(engine_home, "explain", "--json", bad, "test")] == [
        "test-0",
        "test-3",
        "test-1",
    ]
    unknown = engine_home.run("workflow", "explain", bad, "deplyo")
    assert (unknown.exit_code, "Did you mean 'deploy'?" in unknown.stderr) == (3, True)


def test_a_runs_graph_has_its_states_and_a_files_has_none(engine_home: EngineHome, bad: str) -> None:
    rows = [line.split("\t") for line in engine_home.ok("workflow", "graph", bad).splitlines()]
    assert [row[:4] for row in rows if row[1] == "deploy"] == [["skipped", "deploy", "1", "test"]]
    assert engine_home.ok("workflow", "graph", "--format", "mermaid", "@last").startswith("flowchart LR\n")
    assert engine_home.ok("workflow", "graph", "--format", "dot", bad).startswith("digraph ")
    assert "deploy" in json.dumps(told(engine_home, "graph", "--format", "json", bad))
    assert engine_home.run("workflow", "graph", "-i", "a=b", bad).exit_code == 2


def test_source_and_history_are_kept(engine_home: EngineHome, bad: str, folder: Path) -> None:
    assert engine_home.ok("workflow", "source", bad) == (folder / "bad.yaml").read_text()
    lines = [line.split("\t") for line in engine_home.ok("workflow", "history", bad).splitlines()]
    assert ["deploy", "skip"] in [line[1:3] for line in lines]
    one = [
        json.loads(line) for line in engine_home.ok("workflow", "history", "--json", "--job", "build", bad).splitlines()
    ]
    assert [event["event"] for event in one] == ["start", "succeed"]


def test_files_that_jobs_left_are_listed_and_fetched(engine_home: EngineHome, folder: Path) -> None:
    (folder / "files.yaml").write_text(
        "jobs:\n"
        "  make:\n"
        "    image: busybox\n"
        "    matrix: {name: [a, b]}\n"
        "    commands: ['mkdir -p dist', 'echo ${{ matrix.name }} > dist/out.txt']\n"
        "    artifacts: dist/\n",
        encoding="utf-8",
    )
    workflow_id = finished(engine_home, "files.yaml")
    rows = [line.split("\t") for line in engine_home.ok("workflow", "artifacts", workflow_id).splitlines()]
    assert [row[1] for row in rows] == ["dist/out.txt", "dist/out.txt"]
    saved = engine_home.ok("workflow", "artifacts", "--get", "dist/out.txt", "-o", "got", workflow_id).splitlines()
    assert sorted((folder / path).read_text() for path in saved) == ["a\n", "b\n"]
    for node in (row[0] for row in rows):
        printed = engine_home.ok("workflow", "artifacts", "--job", node, "--get", "**/*.txt", "-o", "-", workflow_id)
        assert node == f"make-{printed.strip()}"
    assert engine_home.run("workflow", "artifacts", "--get", "nothing", workflow_id).exit_code == 3


def test_a_run_is_cancelled_once(engine_home: EngineHome, folder: Path) -> None:
    workflow_id = detached(engine_home, "long.yaml")
    assert (
        engine_home.ok("workflow", "cancel", "--wait", "--reason", "enough", workflow_id)
        == f"cancelled {workflow_id}\n"
    )
    assert engine_home.run("workflow", "watch", "--exit-status", workflow_id).exit_code == 130
    again = engine_home.run("workflow", "cancel", workflow_id)
    assert (again.exit_code, "Nothing to cancel" in again.stderr) == (6, True)


def test_one_job_of_a_run_is_cancelled_alone(engine_home: EngineHome, folder: Path) -> None:
    (folder / "two.yaml").write_text(
        "jobs:\n"
        "  slow: {image: busybox, matrix: {n: [1, 2]}, commands: [sleep 60]}\n"
        "  quick: {image: busybox, commands: [echo quick]}\n",
        encoding="utf-8",
    )
    workflow_id = detached(engine_home, "two.yaml")
    assert engine_home.ok("workflow", "cancel", workflow_id, "slow") == f"cancelling slow of {workflow_id}\n"
    engine_home.ok("workflow", "watch", workflow_id)
    found = told(engine_home, "status", "--json=jobs", workflow_id)["jobs"]
    assert {node["id"]: node["status"] for node in found} == {
        "slow-1": "cancelled",
        "slow-2": "cancelled",
        "quick": "success",
    }
    assert engine_home.run("workflow", "cancel", workflow_id, "slow").exit_code == 6


def test_a_rerun_says_what_it_keeps_and_why_and_is_a_further_attempt(engine_home: EngineHome, bad: str) -> None:
    plan = [line.split("\t") for line in engine_home.ok("workflow", "rerun", "--failed", "--dry-run", bad).splitlines()]
    kept = {row[1]: row[0] for row in plan}
    assert (kept["build"], kept["deploy"]) == ("keep", "run")
    assert all(row[2] for row in plan)
    result = engine_home.run("workflow", "resume", "-f", bad)
    assert result.exit_code == 1
    found = told(engine_home, "status", "--json=attempt,status,jobs", bad)
    assert (found["attempt"], found["status"]) == (2, "partial")
    build = next(node for node in found["jobs"] if node["id"] == "build")
    assert build["kept_from"]["attempt"] == 1


def test_a_mended_file_goes_on_from_the_failure(engine_home: EngineHome, bad: str, folder: Path) -> None:
    mended = (folder / "bad.yaml").read_text().replace("exit ${{ matrix.code }}", "exit 0")
    (folder / "mended.yaml").write_text(mended, encoding="utf-8")
    result = engine_home.run("workflow", "rerun", "--failed", "--spec", "mended.yaml", "-f", bad)
    assert result.exit_code == 0, result.output
    assert engine_home.ok("workflow", "source", bad) == mended


def test_a_job_can_be_taken_for_done_with_outputs(engine_home: EngineHome, good: str, folder: Path) -> None:
    (folder / "outputs.json").write_text('{"greeting": "by hand"}', encoding="utf-8")
    result = engine_home.run("workflow", "rerun", "--skip", "build=outputs.json", "-f", good)
    assert result.exit_code == 0, result.output
    assert "output greeting=by hand" in result.stdout.splitlines()


def test_a_rerun_may_be_a_run_of_its_own(engine_home: EngineHome, good: str) -> None:
    other = engine_home.ok("workflow", "rerun", "--new-run", good).strip()
    assert other != good
    engine_home.ok("workflow", "watch", other)
    assert told(engine_home, "status", "--json=rerun_of", other) == {"rerun_of": good}


@pytest.mark.parametrize(
    "words", [("--failed", "--job", "build"), ("--only",), ("--from", "a", "--job", "b"), ("--skip", "a=missing.json")]
)
def test_what_does_not_go_together_is_refused(engine_home: EngineHome, words: tuple[str, ...]) -> None:
    assert engine_home.run("workflow", "rerun", *words, "wf_x").exit_code == 2


def test_runs_are_deleted_with_their_jobs(engine_home: EngineHome, good: str) -> None:
    job_id = next(node["job_id"] for node in told(engine_home, "status", "--json=jobs", good)["jobs"])
    refused = engine_home.run("workflow", "delete", good)
    assert (refused.exit_code, "--yes" in refused.stderr) == (2, True)
    assert engine_home.ok("workflow", "delete", "--yes", good) == f"deleted {good}\n"
    assert engine_home.run("workflow", "status", good).exit_code == 3
    assert engine_home.run("jobs", "status", job_id).exit_code == 3
