"""The commands of the page about running workflows, one after the other, do what it says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core import check_workflow
from tests.orcaops_mcp.cli.conftest import COMMAND

if TYPE_CHECKING:
    from tests.orcaops_mcp.cli.conftest import EngineHome

_PAGE = (Path(__file__).resolve().parents[4] / "docs" / "how-to" / "run-a-workflow.md").read_text(encoding="utf-8")
_FILES = re.findall(r"^```yaml\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)
_COMMANDS = re.findall(r"^```sh\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)


def test_the_file_of_the_page_has_no_faults() -> None:
    (file,) = _FILES
    assert check_workflow(file).findings == ()


@pytest.mark.slow
def test_the_commands_of_the_page_do_what_it_says(engine_home: EngineHome, tmp_path: Path) -> None:
    (tmp_path / "ci.yaml").write_text(_FILES[0], encoding="utf-8")
    script = "\n".join(["set -eu", *(f"{commands}\necho ---" for commands in _COMMANDS)])
    variables = engine_home.variables() | {"PATH": f"{Path(COMMAND).parent}:/usr/bin:/bin"}
    done = subprocess.run(
        ["/bin/sh", "-c", script], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    ran, looked, why, again, scripted, rest = done.stdout.split("---\n")
    assert ran.startswith("◐ partial  wf_")
    assert "test: 1/2 passed\noutput version=1.4.0\n" in ran
    assert ran.endswith("exit code 1\n")
    assert "\ntest-unit │ testing unit\n" in looked
    assert looked.endswith("results/dist/app.txt\nfor production\n")
    assert "skipped deploy: " in why
    assert "skipped  deploy\n" in why
    plan, _, ended = again.partition("✔ success")
    assert [line.split("\t")[:2] for line in plan.splitlines()] == [
        ["keep", "build"],
        ["run", "test-unit"],
        ["run", "test-system"],
        ["run", "deploy"],
    ]
    assert "output version=1.4.0" in ended
    assert scripted == '{"status": "success", "outputs": {"version": "1.4.0"}}\n'
    assert rest == ""
    assert (tmp_path / "changes.txt").read_text().splitlines()[-1].endswith("success")
