"""Findings for other programs: SARIF, annotations, and what a terminal shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from orcaops_mcp.cli.workflow.rules import rules
from tests.orcaops_mcp.cli.conftest import EngineHome, Terminal
from tests.orcaops_mcp.cli.workflow.conftest import NOTHING_WRONG, TYPO

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tests.orcaops_mcp.cli.workflow.conftest import Desk

_TEXT: dict[str, Any] = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
_REGION: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["startLine"],
    "properties": {
        name: {"type": "integer", "minimum": 1} for name in ("startLine", "startColumn", "endLine", "endColumn")
    },
}
_ARTIFACT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["uri"],
    "properties": {"uri": {"type": "string", "pattern": r"^[^ <>]+$"}, "uriBaseId": {"type": "string"}},
}
_LOCATION: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["physicalLocation"],
    "properties": {
        "physicalLocation": {
            "type": "object",
            "additionalProperties": False,
            "required": ["artifactLocation", "region"],
            "properties": {"artifactLocation": _ARTIFACT, "region": _REGION},
        },
        "logicalLocations": {"type": "array", "items": {"required": ["fullyQualifiedName"]}},
        "message": _TEXT,
    },
}
_FIX: dict[str, Any] = {
    "type": "object",
    "required": ["artifactChanges"],
    "properties": {
        "description": _TEXT,
        "artifactChanges": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["artifactLocation", "replacements"],
                "properties": {
                    "artifactLocation": _ARTIFACT,
                    "replacements": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "required": ["deletedRegion"],
                            "properties": {"deletedRegion": _REGION, "insertedContent": _TEXT},
                        },
                    },
                },
            },
        },
    },
}
_RESULT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["ruleId", "message", "locations"],
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": _TEXT,
        "locations": {"type": "array", "minItems": 1, "maxItems": 1, "items": _LOCATION},
        "relatedLocations": {"type": "array", "uniqueItems": True, "items": _LOCATION},
        "fixes": {"type": "array", "uniqueItems": True, "items": _FIX},
    },
}
_SARIF: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "rules": {"type": "array", "uniqueItems": True, "items": {"required": ["id"]}}
                                },
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {"type": "array", "items": _RESULT},
                },
            },
        },
    },
}
"""What SARIF 2.1.0 says of the parts that are printed."""


@pytest.fixture
def terminal(desk: Desk) -> Generator[Callable[..., Terminal]]:
    made: list[Terminal] = []

    def opened(*words: str, **more: Any) -> Terminal:
        made.append(Terminal(EngineHome(str(desk.home)), "workflow", *words, **more))
        return made[-1]

    yield opened
    for each in made:
        each.close()


CIRCLE = """\
jobs:
  a: {image: alpine, needs: b, commands: [ls]}
  b: {container: 'alpine:3', needs: a, commands: [ls]}
"""


def _check_structure(document: dict[str, Any]) -> None:
    faults = list(jsonschema.Draft202012Validator(_SARIF).iter_errors(document))  # pyright: ignore[reportUnknownMemberType] - no types
    assert not faults


def test_sarif_has_the_structure_that_scanners_read(desk: Desk) -> None:
    files = [desk.put("a b.yaml", TYPO), desk.put("circle.yaml", CIRCLE), desk.put("ok.yaml", NOTHING_WRONG)]
    document = desk.document("validate", "--format", "sarif", *files, exit_code=7)
    _check_structure(document)
    (run,) = document["runs"]
    told = {result["ruleId"]: result for result in run["results"]}
    assert {code: result["level"] for code, result in told.items()} == {
        "E002": "error",
        "E012": "error",
        "W130": "warning",
        "I160": "note",
    }
    assert all(run["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])
    location = told["E002"]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "a%20b.yaml", "uriBaseId": "%SRCROOT%"}
    assert location["region"] == {"startLine": 5, "startColumn": 5, "endLine": 5, "endColumn": 13}
    change = told["E002"]["fixes"][0]["artifactChanges"][0]["replacements"][0]
    assert change == {"deletedRegion": location["region"], "insertedContent": {"text": "requires"}}
    assert len(told["E012"]["relatedLocations"]) == 2


def test_sarif_of_files_in_order_is_a_run_without_results(desk: Desk) -> None:
    document = desk.document("validate", "--format", "sarif", desk.put("ok.yaml", NOTHING_WRONG))
    _check_structure(document)
    assert document["runs"][0]["results"] == []


def test_sarif_names_a_file_elsewhere_by_its_uri(desk: Desk) -> None:
    desk.put("typo.yaml", TYPO)
    document = desk.document("validate", "--format", "sarif", str(desk.folder / "typo.yaml"), exit_code=7)
    artifact = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": (desk.folder / "typo.yaml").as_uri()}


def test_an_annotation_is_a_workflow_command_of_github(desk: Desk) -> None:
    (line,) = desk.lines("validate", "--format", "github", desk.put("a,b.yaml", TYPO))
    first, _, rest = line.rpartition("::")
    assert first == "::error file=a%2Cb.yaml,line=5,endLine=5,col=5,endColumn=12,title=E002"
    assert rest.startswith("Unknown key 'requries' in a job.%0Adid you mean")


def test_an_annotation_cannot_be_ended_by_what_a_file_says(desk: Desk) -> None:
    file = desk.put("odd.yaml", 'jobs: {a: {image: "alpine:3", "%\\n::error::x": 1, commands: [ls]}}\n')
    lines = desk.lines("validate", "--format", "github", file)
    assert all(line.startswith("::error file=odd.yaml,") for line in lines)
    assert any("%25" in line for line in lines)


def test_a_terminal_shows_the_line_with_what_is_meant_marked(desk: Desk, terminal: Callable[..., Terminal]) -> None:
    shown = terminal("validate", desk.put("typo.yaml", TYPO)).read_all()
    assert "typo.yaml:5:5: \x1b[1;31merror[E002]\x1b[0m: Unknown key 'requries' in a job." in shown
    assert "5 |     requries: build" in shown
    assert "|     \x1b[1;31m^~~~~~~~" in shown or "\x1b[1;31m    ^~~~~~~~\x1b[0m" in shown
    assert "= hint: did you mean 'requires'?" in shown
    assert "1 error; --fix mends 1" in shown


def test_a_terminal_shows_the_lines_of_called_files(desk: Desk, terminal: Callable[..., Terminal]) -> None:
    desk.put("part.yaml", TYPO)
    calls = desk.put("calls.yaml", "jobs:\n  part: {uses: ./part.yaml}\n")
    shown = terminal("validate", "--color=never", calls).read_all()
    assert "part.yaml:5:5: error[E002]" in shown
    assert "5 |     requries: build" in shown
    assert "\x1b[" not in shown


def test_a_code_is_explained_with_an_example(desk: Desk) -> None:
    result = desk.run("validate", "--explain", "e011")
    assert result.exit_code == 0
    assert result.stdout.startswith("E011: Unknown job\n")
    assert "needs: biuld" in result.stdout
    assert desk.document("validate", "--explain", "E011", "--json=code,title") == {
        "code": "E011",
        "title": "Unknown job",
    }
    assert rules()["E011"].text in result.stdout
