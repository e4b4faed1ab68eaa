"""`orcaops policy` says what holds, what is wrong with a file, and what becomes of an image; nothing is started."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from orcaops_mcp.cli.main import cli

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

POLICY = """\
default: strict
images:
  - allow: python:*
  - allow: ubuntu
    who: cli
networks: [none, services]
resources: {memory_mb: 512}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_text(POLICY)
    return tmp_path


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--home", str(home), "policy", *words])


def test_without_a_file_the_built_in_policy_is_shown(tmp_path: Path) -> None:
    shown = run(tmp_path)
    assert shown.exit_code == 0
    assert "floor\tstandard" in shown.stdout
    assert "who: cli operator python" in shown.stdout
    assert "built-in policy holds" in run(tmp_path, "check").stdout


def test_a_file_is_shown_rule_by_rule(home: Path) -> None:
    lines = run(home, "show").stdout.splitlines()
    assert {
        "default\tstrict",
        "images\tallow: python:*",
        "images\tallow: ubuntu, who: cli",
        "resources\tmemory_mb=512",
    } <= {*lines}
    document = json.loads(run(home, "show", "--json").stdout)
    assert (document["source"], document["networks"], document["mounts"]) == ("policy.yaml", ["none", "services"], None)


def test_a_valid_file_is_said_to_be_valid_and_when_it_counts(home: Path) -> None:
    assert run(home, "check").stdout == "The policy is valid. A running engine takes it up when it is started again.\n"


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text("floor: loose\nimage: []\n")
    result = run(tmp_path, "check", str(draft))
    assert result.exit_code == 2
    assert f"{draft}:1:8: floor: not one of strict, standard, trusted" in result.stderr
    assert f"{draft}:2:1: image: no such key; did you mean images?" in result.stderr


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    result = run(tmp_path, "check", str(tmp_path / "absent.yaml"))
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr


def test_an_image_is_explained_with_its_rule_for_who_asks(home: Path) -> None:
    result = run(home, "explain", "--as", "mcp", "python:3.12", "ubuntu")
    assert result.exit_code == 4
    assert result.stdout.splitlines() == [
        "python:3.12\tallowed\tpolicy.yaml:3: images: allow python:*",
        "ubuntu\tdenied\tno rule for images fits it",
    ]
    assert run(home, "explain", "ubuntu").exit_code == 0
    document = json.loads(run(home, "explain", "--json", "ubuntu").stdout)
    assert document["images"] == [{"image": "ubuntu", "allowed": True, "why": "policy.yaml:4: images: allow ubuntu"}]
    assert (document["default"], document["floor"]) == ("strict", "trusted")


def test_what_is_no_image_is_wrong_usage(home: Path) -> None:
    result = run(home, "explain", "--", "--privileged")
    assert result.exit_code == 2
    assert "not an image reference" in result.stderr


def test_the_doctor_finds_the_faults_of_a_policy(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("floor: loose\n")
    result = CliRunner().invoke(cli, ["--home", str(tmp_path), "doctor", "--backend", "simulated"])
    assert result.exit_code == 1
    assert "FAIL  policy: In " in result.stdout
    assert "policy.yaml:1:8: floor" in result.stdout
