"""`orcaops templates` against a real engine process, and the page that explains it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.orcaops_mcp.cli.conftest import COMMAND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.orcaops_mcp.cli.conftest import EngineHome

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "use-templates.md"
GREET: dict[str, Any] = {
    "name": "greet",
    "inputs": {"who": {"required": True}, "times": {"type": "number", "default": 1, "max": 5}},
    "job": {"image": "busybox", "env": {"WHO": "${{ inputs.who }}"}, "command": ["sh", "-c", "echo hello $WHO"]},
}


@pytest.fixture
def greet(engine_home: EngineHome) -> Iterator[str]:
    engine_home.ok("templates", "save", "-", given=json.dumps(GREET))
    yield "greet"
    engine_home.run("templates", "delete", "--yes", "greet")


def test_a_file_of_yaml_is_saved_and_shown_as_one_that_saves_it_again(engine_home: EngineHome, tmp_path: Path) -> None:
    file = tmp_path / "greet.yaml"
    file.write_text(yaml.safe_dump(GREET), encoding="utf-8")
    assert engine_home.ok("templates", "save", str(file)) == "saved greet version 1\n"
    assert engine_home.ok("templates", "save", str(file)) == "unchanged greet version 1\n"
    written = engine_home.ok("templates", "show", "greet")
    inputs = {"who": {"type": "string", "required": True}, "times": {"type": "number", "default": 1, "max": 5}}
    assert yaml.safe_load(written) == {**GREET, "inputs": inputs}
    assert engine_home.ok("templates", "save", "-", given=written) == "unchanged greet version 1\n"
    assert engine_home.ok("templates", "delete", "--yes", "greet") == "deleted greet\n"
    assert engine_home.run("templates", "show", "greet").exit_code == 3


def test_a_template_is_run_like_a_command(engine_home: EngineHome, greet: str) -> None:
    result = engine_home.run("templates", "run", greet, "-i", "who=orca", "-i", "times=2")
    assert (result.exit_code, result.stdout) == (0, "hello orca\n")
    told = json.loads(engine_home.ok("jobs", "status", "--json=template,name", "@last"))
    assert "template\tgreet version 1" in engine_home.ok("jobs", "status", "@last").splitlines()
    assert told == {"template": {"name": "greet", "version": 1, "inputs": {"who": "orca", "times": 2}}, "name": "greet"}


WORKFLOW = """\
name: salute
description: Greets from a job.
inputs:
  who: {type: string, required: true}
jobs:
  hello:
    image: busybox
    env: {WHO: "${{ inputs.who }}"}
    commands: ['echo "hello $WHO"']
"""


def test_a_workflow_is_saved_under_its_own_name_and_shown_as_one_that_saves_it_again(
    engine_home: EngineHome, tmp_path: Path
) -> None:
    file = tmp_path / "salute.yaml"
    file.write_text(WORKFLOW, encoding="utf-8")
    assert engine_home.ok("templates", "save", str(file)) == "saved salute version 1\n"
    row = "salute\t1\twho\tGreets from a job.\tworkflow"
    assert row in engine_home.ok("templates", "list").splitlines()
    written = engine_home.ok("templates", "show", "salute")
    assert "    jobs:\n      hello:\n" in written
    assert yaml.safe_load(written)["workflow"] == {"text": WORKFLOW, "file_name": "salute.yaml"}
    assert engine_home.ok("templates", "save", "-", given=written) == "unchanged salute version 1\n"
    assert engine_home.ok("templates", "save", "--name", "other", str(file)) == "saved other version 1\n"
    engine_home.ok("templates", "delete", "--yes", "salute", "other")


def test_files_that_a_saved_workflow_calls_go_along(engine_home: EngineHome, tmp_path: Path) -> None:
    called = "jobs: {inner: {image: busybox, commands: [echo inner]}}\n"
    (tmp_path / "part.yaml").write_text(called, encoding="utf-8")
    (tmp_path / "whole.yaml").write_text("jobs: {outer: {uses: ./part.yaml}}\n", encoding="utf-8")
    engine_home.ok("templates", "save", str(tmp_path / "whole.yaml"))
    saved = json.loads(engine_home.ok("templates", "show", "--json", "whole"))
    assert list(saved["workflow"]["files"].values()) == [called]
    engine_home.ok("templates", "delete", "--yes", "whole")


def test_a_workflow_with_faults_is_not_saved_and_every_finding_is_told(engine_home: EngineHome, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("jobs: {a: {image: busybox, commands: [ls], needs: b}}\n", encoding="utf-8")
    result = engine_home.run("templates", "save", str(file))
    assert result.exit_code == 7
    assert f"{file}:1:" in result.stderr
    assert engine_home.run("templates", "show", "bad").exit_code == 3


def test_its_exit_code_is_the_containers(engine_home: EngineHome) -> None:
    job = {"image": "busybox", "script": "exit ${{ inputs.code }}"}
    template = {"name": "ends", "inputs": {"code": {"type": "number"}}, "job": job}
    engine_home.ok("templates", "save", "-", given=json.dumps(template))
    assert engine_home.run("templates", "run", "ends", "-i", "code=7").exit_code == 7
    engine_home.ok("templates", "delete", "--yes", "ends")


def test_detached_it_prints_the_id_alone(engine_home: EngineHome, greet: str) -> None:
    words = ("templates", "run", greet, "-d", "-i", "who=orca", "--idempotency-key", "templates-detached")
    first = engine_home.ok(*words)
    assert re.fullmatch(r"job_[0-9a-z]{25}\n", first)
    assert engine_home.ok(*words) == first


def test_inputs_come_from_a_file_and_the_command_line_stands_over_it(
    engine_home: EngineHome, greet: str, tmp_path: Path
) -> None:
    file = tmp_path / "inputs.yaml"
    file.write_text("who: file\ntimes: 3\n", encoding="utf-8")
    words = ("templates", "run", greet, "--dry-run", "--inputs", str(file))
    assert json.loads(engine_home.ok(*words))["spec"]["env"] == {"WHO": "file"}
    assert json.loads(engine_home.ok(*words, "-i", "who=line"))["spec"]["env"] == {"WHO": "line"}


def test_wrong_inputs_are_all_told_on_lines_of_their_own(engine_home: EngineHome, greet: str) -> None:
    words = ("templates", "run", greet, "-i", "whom=x", "-i", "times=9")
    detached = engine_home.run(*words, "-d")
    assert (detached.exit_code, detached.stdout) == (7, "")
    assert "  inputs.whom: no such input; did you mean 'who'?" in detached.stderr.splitlines()
    assert "  inputs.who: required, and missing" in detached.stderr.splitlines()
    attached = engine_home.run(*words, "--json")
    assert attached.exit_code == 125
    assert json.loads(attached.stderr)["error"]["code"] == "invalid_spec"


def test_faults_of_a_template_are_told_with_exit_code_7(engine_home: EngineHome) -> None:
    faulty = {**GREET, "job": {"image": "busybox", "script": "${{ inputs.whom }}", "retries": 99}}
    result = engine_home.run("templates", "save", "-", given=json.dumps(faulty))
    assert (result.exit_code, result.stdout) == (7, "")
    assert "job.script: 'inputs' has no 'whom'" in result.stderr
    assert "job.retries" in result.stderr


def test_an_existing_name_needs_overwrite_and_old_versions_can_be_run(engine_home: EngineHome, greet: str) -> None:
    changed = json.dumps({**GREET, "job": {**GREET["job"], "command": ["echo", "changed"]}})
    refused = engine_home.run("templates", "save", "-", given=changed)
    assert refused.exit_code == 6
    assert "overwrite" in refused.stderr
    assert engine_home.ok("templates", "save", "--overwrite", "-", given=changed) == "saved greet version 2\n"
    assert engine_home.ok("templates", "run", greet, "-i", "who=x") == "changed\n"
    assert engine_home.ok("templates", "run", greet, "--version", "1", "-i", "who=x") == "hello x\n"


def test_templates_are_listed(engine_home: EngineHome, greet: str) -> None:
    assert f"{greet}\t1\twho, times\t\tjob" in engine_home.ok("templates").splitlines()
    page = json.loads(engine_home.ok("templates", "list", "--json=name,version"))
    assert {"name": "greet", "version": 1} in page["items"]


@pytest.mark.parametrize(
    ("words", "given", "code"),
    [
        (("run", "greet", "-i", "who"), None, 125),
        (("run", "nothing-such"), None, 125),
        (("run", "-d", "nothing-such"), None, 3),
        (("save", "/nonexistent.yaml"), None, 2),
        (("save", "-"), "- a list", 7),
        (("save", "-"), "{", 7),
        (("delete", "nothing-such", "--yes"), None, 3),
        (("delete", "greet"), None, 2),
        (("show", "greet", "--version", "9"), None, 3),
        (("show", "greet", "--version", "0"), None, 2),
    ],
)
def test_what_cannot_be_done_has_its_exit_code(
    engine_home: EngineHome, greet: str, words: tuple[str, ...], given: str | None, code: int
) -> None:
    result = engine_home.run("templates", *words, given=given)
    assert (result.exit_code, result.stdout) == (code, ""), greet


def test_the_commands_of_the_page_do_what_it_says(engine_home: EngineHome, tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    template, workflow = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "greet.yaml").write_text(template, encoding="utf-8")
    (tmp_path / "nightly.yaml").write_text(workflow, encoding="utf-8")
    script = "\n".join(["set -eu", *re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)])
    variables = engine_home.variables() | {"PATH": f"{Path(COMMAND).parent}:/usr/bin:/bin"}
    done = subprocess.run(
        ["/bin/sh", "-c", script], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "saved greet version 1",
        "Good day, Orca",
        "Good day, Orca",
        '{"template": {"name": "greet", "version": 1, "inputs": {"who": "Orca", "times": 2, "tone": "formal"}}}',
        "saved nightly version 1",
        "unchanged greet version 1",
        "saved greet version 2",
        "Hello, Orca",
        "Hello, Orca",
        "greet\t2\twho, times, tone\tSays good day as often as asked.\tjob",
        "nightly\t1\tlevel\t\tworkflow",
        "deleted greet",
        "deleted nightly",
    ]
