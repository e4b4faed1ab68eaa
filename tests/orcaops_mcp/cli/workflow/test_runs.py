"""`orcaops workflow run` and the commands about runs, against a real engine process without containers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from orcaops_mcp import places
from tests.orcaops_mcp.cli.conftest import COMMAND, EngineHome
from tests.orcaops_mcp.cli.workflow.conftest import GOOD, detached, finished, told

pytestmark = pytest.mark.slow


def test_a_run_that_succeeds_tells_each_change_then_outputs_and_ends_with_0(
    engine_home: EngineHome, folder: Path
) -> None:
    result = engine_home.run("workflow", "run", "-i", "who=whale", "good.yaml")
    assert result.exit_code == 0, result.output
    first, *others = result.stdout.splitlines()
    assert first.startswith("✔ success  wf_")
    assert first.endswith("3 ok")
    assert "output greeting=hello whale" in others
    states = [line.split("\t")[1:3] for line in result.stderr.splitlines()]
    assert ["build", "running"] in states
    assert ["build", "success"] in states
    assert states[-1][1] == "success"


def test_a_run_that_fails_in_part_tells_the_failure_first_and_ends_with_1(
    engine_home: EngineHome, folder: Path
) -> None:
    result = engine_home.run("--quiet", "workflow", "run", "bad.yaml")
    assert (result.exit_code, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("◐ partial  wf_")
    assert "test (3)" in lines[1]
    assert "    will end with 3" in lines
    assert "test: 1/3 passed" in lines
    assert any("not run because of it: deploy" in line for line in lines)
    assert any(line.startswith("again: `orcaops workflow resume wf_") for line in lines)


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        ((), 2, "Name a workflow file"),
        (("good.yaml", "--template", "x"), 2, "Name a workflow file"),
        (("missing.yaml",), 2, "cannot be read"),
        (("faulty.yaml",), 7, "E011"),
        (("good.yaml", "-i", "nobody=x"), 7, "nobody"),
        (("good.yaml", "-i", "who"), 2, "NAME=VALUE"),
        (("--template", "no-such-template"), 3, "orcaops templates list"),
        (("--workspace=nowhere", "good.yaml"), 2, "not a folder"),
        (("-d", "--backend", "simulated", "good.yaml"), 2, "--detach"),
        (("--backend", "docker", "good.yaml"), 1, "simulated"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(
    engine_home: EngineHome, folder: Path, words: tuple[str, ...], exit_code: int, said: str
) -> None:
    (folder / "faulty.yaml").write_text("jobs: {a: {image: busybox, commands: [ls], needs: b}}\n", encoding="utf-8")
    before = told(engine_home, "list", "--json")["items"]
    result = engine_home.run("workflow", "run", *words)
    assert result.exit_code == exit_code, result.output
    assert said in result.stderr
    assert result.stdout == ""
    assert told(engine_home, "list", "--json")["items"] == before


def test_a_dry_run_shows_the_plan_and_runs_nothing(engine_home: EngineHome, folder: Path) -> None:
    assert "+ test (2 variants)" in engine_home.ok("workflow", "run", "--dry-run", "good.yaml")
    assert told(engine_home, "run", "--dry-run", "--json=order", "good.yaml") == {
        "order": ["build", "test-unit", "test-system"]
    }


def test_json_is_an_object_for_each_change_and_the_document_at_the_end(engine_home: EngineHome, folder: Path) -> None:
    result = engine_home.run("workflow", "run", "--json", "bad.yaml")
    assert (result.exit_code, result.stderr) == (1, "")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert {line["type"] for line in lines[:-1]} == {"node", "state"}
    assert (lines[-1]["type"], lines[-1]["status"]) == ("result", "partial")
    assert [node["id"] for node in lines[-1]["jobs"] if node["status"] == "failed"] != []


def test_a_file_may_come_on_standard_input_and_inputs_from_a_file(engine_home: EngineHome, folder: Path) -> None:
    (folder / "inputs.yaml").write_text("who: file\n", encoding="utf-8")
    out = engine_home.ok("workflow", "run", "--inputs", "inputs.yaml", "-", given=GOOD)
    assert "output greeting=hello file" in out.splitlines()


def test_options_have_variables(engine_home: EngineHome, folder: Path) -> None:
    variables = {"ORCAOPS_WORKFLOW_RUN_INPUT": "who=variable", "ORCAOPS_WORKFLOW_RUN_NAME": "named"}
    result = engine_home.run("workflow", "run", "good.yaml", env=variables)
    assert "output greeting=hello variable" in result.stdout.splitlines()
    assert told(engine_home, "status", "--json=run_name") == {"run_name": "named"}


def test_an_engine_elsewhere_runs_it_with_the_files_of_this_machine(engine_home: EngineHome, folder: Path) -> None:
    note = places.note_of(engine_home.folder)
    assert note is not None
    token = (Path(engine_home.folder) / "token").read_text().strip()
    far = {"ORCAOPS_URL": str(note["url"]), "ORCAOPS_TOKEN": token, "ORCAOPS_HOME": "/nonexistent"}
    (folder / "data.txt").write_text("sent\n", encoding="utf-8")
    (folder / "read.yaml").write_text("jobs: {a: {image: busybox, commands: [cat data.txt]}}\n", encoding="utf-8")
    result = engine_home.run("workflow", "run", "--workspace", ".", "read.yaml", env=far)
    assert result.exit_code == 0, result.output
    assert engine_home.run("workflow", "logs", env=far).stdout == "a │ sent\n"
    refused = engine_home.run("--url", str(note["url"]), "workflow", "run", "read.yaml")
    assert refused.exit_code == 4


def test_name_tags_and_limits_stand_in_the_record(engine_home: EngineHome, folder: Path) -> None:
    words = ("--name", "nightly run", "--tag", "team=core", "--max-parallel", "1", "--priority", "5", "good.yaml")
    workflow_id = finished(engine_home, *words)
    fields = "run_name,tags,max_parallel,priority,file,trigger"
    assert told(engine_home, "status", f"--json={fields}", workflow_id) == {
        "run_name": "nightly run",
        "tags": ["team:core"],
        "max_parallel": 1,
        "priority": 5,
        "file": "good.yaml",
        "trigger": "cli",
    }


def test_the_same_idempotency_key_starts_one_run(engine_home: EngineHome, folder: Path) -> None:
    words = ("--idempotency-key", "once", "good.yaml")
    assert detached(engine_home, *words) == detached(engine_home, *words)


def test_a_folder_goes_along_to_every_job(engine_home: EngineHome, folder: Path) -> None:
    (folder / "data.txt").write_text("from here\n", encoding="utf-8")
    (folder / "read.yaml").write_text(
        "jobs:\n  a: {image: busybox, commands: [cat data.txt]}\n  b: {image: busybox, commands: [cat data.txt]}\n",
        encoding="utf-8",
    )
    workflow_id = finished(engine_home, "--workspace", ".", "read.yaml")
    lines = engine_home.ok("workflow", "logs", workflow_id).splitlines()
    assert sorted(lines) == ["a │ from here", "b │ from here"]


def test_files_that_are_called_go_along(engine_home: EngineHome, folder: Path) -> None:
    (folder / "part.yaml").write_text("jobs: {inner: {image: busybox, commands: [echo inner]}}\n", encoding="utf-8")
    (folder / "whole.yaml").write_text("jobs: {outer: {uses: ./part.yaml}}\n", encoding="utf-8")
    workflow_id = finished(engine_home, "whole.yaml")
    assert engine_home.ok("workflow", "logs", workflow_id) == "outer / inner │ inner\n"


def test_a_saved_workflow_is_run_by_its_name(engine_home: EngineHome, folder: Path) -> None:
    engine_home.ok("templates", "save", "good.yaml")
    out = engine_home.ok("workflow", "run", "--template", "good", "-i", "who=saved")
    assert "output greeting=hello saved" in out.splitlines()
    assert "output greeting=hello too" in engine_home.ok("templates", "run", "good", "-i", "who=too").splitlines()
    assert "+ test (2 variants)" in engine_home.ok("workflow", "run", "--dry-run", "--template", "good@1")
    assert "+ build" in engine_home.ok("templates", "run", "--dry-run", "good")
    wrong = engine_home.run("workflow", "run", "--template", "good", "-i", "nobody=x")
    assert (wrong.exit_code, "nobody" in wrong.stderr) == (7, True)
    assert engine_home.run("workflow", "run", "--dry-run", "--template", "good@x").exit_code == 2
    engine_home.ok("templates", "delete", "--yes", "good")


def test_what_the_checkout_says_reaches_conditions(engine_home: EngineHome, folder: Path) -> None:
    for name, text in (("HEAD", "ref: refs/heads/main\n"), ("refs/heads/main", f"{'a1' * 20}\n"), ("config", "")):
        file = folder / ".git" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (folder / "main.yaml").write_text(
        "jobs:\n"
        "  here: {image: busybox, if: github.ref == 'refs/heads/main', commands: ['echo ${{ github.sha }}']}\n"
        "  there: {image: busybox, if: github.ref_name == 'dev', commands: [echo no]}\n",
        encoding="utf-8",
    )
    plan = told(engine_home, "plan", "--json=nodes", "main.yaml")["nodes"]
    assert [node["will"] for node in plan] == ["run", "skip"]
    workflow_id = finished(engine_home, "main.yaml")
    assert engine_home.ok("workflow", "logs", workflow_id) == f"here │ {'a1' * 20}\n"


def test_a_run_past_its_time_limit_ends_with_124(engine_home: EngineHome, folder: Path) -> None:
    text = "timeout: 1\njobs: {slow: {image: busybox, commands: [sleep 600]}}\n"
    (folder / "slow.yaml").write_text(text, encoding="utf-8")
    assert engine_home.run("workflow", "run", "slow.yaml").exit_code == 124


def test_the_first_interrupt_cancels_the_run_which_ends_with_130(engine_home: EngineHome, folder: Path) -> None:
    process = engine_home.start("workflow", "run", "long.yaml")
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        while b"first\trunning" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=60)
        assert process.returncode == 130, said
    assert b"cancelling wf_" in said
    assert out.decode().startswith("⊘ cancelled  wf_")


def test_an_engine_that_is_killed_is_started_again_and_the_run_is_followed_to_its_end(
    tmp_path: Path, folder: Path
) -> None:
    home = EngineHome(str(tmp_path / "own"))
    (tmp_path / "own").mkdir(mode=0o700)
    (tmp_path / "own" / "config.yaml").write_text("backend: simulated\n", encoding="utf-8")
    (folder / "lost.yaml").write_text(
        "jobs: {a: {image: busybox, retry: {max: 2, when: [infrastructure]}, commands: [echo begun, sleep 2]}}\n",
        encoding="utf-8",
    )
    process = home.start("workflow", "run", "lost.yaml")
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        with process:
            while b"a\trunning" not in process.stderr.readline():
                assert process.poll() is None
            note = places.note_of(home.folder)
            assert note is not None
            os.kill(note["pid"], signal.SIGKILL)
            out, said = process.communicate(timeout=100)
        assert process.returncode == 0, (out, said)
        assert out.decode().startswith("✔ success  wf_")
    finally:
        places.leave(home.folder)
        assert places.wait_until_gone(home.folder, 30)


def test_a_rehearsal_needs_no_engine_and_leaves_nothing(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "t").mkdir()
    variables = {**os.environ, "ORCAOPS_HOME": str(tmp_path / "none"), "TMPDIR": str(tmp_path / "t"), "PYTHONUTF8": "1"}
    words = [COMMAND, "workflow", "run", "--backend", "simulated", "good.yaml"]
    done = subprocess.run(words, env=variables, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "output greeting=hello orca" in done.stdout.splitlines()
    assert not (tmp_path / "none").exists()
    assert list((tmp_path / "t").iterdir()) == []
