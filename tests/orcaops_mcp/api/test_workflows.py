"""Workflow files over REST: every fault at once, a plan, the schemas; nothing is changed by asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from pydantic import TypeAdapter

from core import check_workflow
from orcaops_mcp.api import workflow_examples
from orcaops_mcp.api.models import workflow as shapes
from orcaops_mcp.intake.looking import LOOKING_POSTS
from tests.orcaops_mcp.api.conftest import error_of

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2

    from core import Engine

VALIDATE = "/orcaops/workflows/validate"
PLAN = "/orcaops/workflows/plan"
FILE = """\
name: ci
inputs: {tag: {type: string, default: v1}}
jobs:
  build: {image: busybox:1.36, env: {TAG: "${{ inputs.tag }}"}, commands: ['echo "$TAG"']}
  test: {image: busybox:1.36, needs: build, matrix: {shard: [1, 2]}, commands: ["true"]}
  mend: {image: busybox:1.36, needs: test, if: failure(), commands: ["true"]}
"""
FAULTY = (
    'jobs:\n  a: {image: busybox:1.36, needs: bb, commands: ["true"]}\n  b: {image: busybox:1.36, commands: ["true"]}\n'
)
CALLER = "jobs: {lib: {uses: ./lib/common.yaml}}\n"
CALLED = 'jobs: {inner: {image: "busybox:1.36", commands: ["true"]}}\n'


def fits(shape: Any, content: Any) -> None:
    TypeAdapter(shape).validate_python(content)


async def test_a_file_with_faults_is_an_answer_with_every_finding(http: httpx2.AsyncClient) -> None:
    response = await http.post(VALIDATE, json={"spec": FAULTY, "file_name": "ci.yaml"})
    assert response.status_code == 200, response.text
    answer = response.json()
    fits(shapes.WorkflowCheckShape, answer)
    assert (answer["valid"], answer["file"], answer["counts"]["error"]) == (False, "ci.yaml", 1)
    finding = answer["findings"][0]
    assert (finding["code"], finding["line"], finding["column"], finding["end_column"]) == ("E011", 2, 35, 37)
    assert (finding["severity"], finding["path"], finding["file"]) == ("error", "jobs.a.needs", "ci.yaml")
    assert finding["hint"] == "did you mean 'b'?"
    assert finding["fix"]["edits"][0]["text"] == "b"


async def test_a_plan_of_a_file_with_faults_is_refused_with_the_same_findings(http: httpx2.AsyncClient) -> None:
    found = (await http.post(VALIDATE, json={"spec": FAULTY})).json()["findings"]
    response = await http.post(PLAN, json={"spec": FAULTY})
    error = error_of(response, 422)
    fits(shapes.WorkflowProblem, response.json())
    assert error["code"] == "invalid_workflow"
    assert error["findings"] == found


async def test_a_plan_tells_order_nodes_and_graphs(http: httpx2.AsyncClient) -> None:
    response = await http.post(PLAN, json={"spec": FILE, "inputs": {"tag": "v2"}})
    assert response.status_code == 200, response.text
    answer = response.json()
    fits(shapes.WorkflowPlanShape, answer)
    assert answer["valid"] is True
    assert "v2" in response.text
    for form in ("text", "mermaid", "dot"):
        assert all(job in answer[form] for job in ("build", "test", "mend")), form


async def test_what_is_assumed_changes_the_plan(http: httpx2.AsyncClient) -> None:
    usual = (await http.post(PLAN, json={"spec": FILE})).json()["plan"]
    other = (await http.post(PLAN, json={"spec": FILE, "assume": {"test": "failure"}})).json()["plan"]
    assert usual != other
    for assume in ({"tset": "failure"}, {"test": "explodes"}):
        error_of(await http.post(PLAN, json={"spec": FILE, "assume": assume}), 422)


async def test_inputs_that_do_not_fit_are_told_all_at_once(http: httpx2.AsyncClient) -> None:
    body = {"spec": FILE, "inputs": {"tag": ["hunter2"], "tga": 1}}
    told = (await http.post(VALIDATE, json=body)).json()
    fits(shapes.WorkflowCheckShape, told)
    assert told["valid"] is True
    assert [finding["path"] for finding in told["input_findings"]] == ["inputs.tga", "inputs.tag"]
    error = error_of(await http.post(PLAN, json=body), 422)
    assert (error["code"], len(error["findings"])) == ("invalid_spec", 2)
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("kind", ["application/yaml", "text/yaml; charset=utf-8", "application/x-yaml", "text/x-yaml"])
async def test_a_body_of_yaml_is_the_file_itself(http: httpx2.AsyncClient, kind: str) -> None:
    for path in (VALIDATE, PLAN):
        answer = await http.post(path, content=FILE.encode(), headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["valid"]) == (200, True)


async def test_a_workflow_may_be_an_object(http: httpx2.AsyncClient) -> None:
    spec = {"jobs": {"a": {"image": "busybox:1.36", "commands": ["true"]}}}
    assert (await http.post(PLAN, json={"spec": spec})).json()["valid"] is True
    faulty = {"jobs": {"a": {"image": "busybox:1.36", "comands": ["true"]}}}
    codes = [each["code"] for each in (await http.post(VALIDATE, json={"spec": faulty})).json()["findings"]]
    assert "E002" in codes


async def test_called_files_are_sent_along(http: httpx2.AsyncClient) -> None:
    body: dict[str, Any] = {"spec": CALLER, "file_name": "ci/main.yaml", "files": {"./ci/lib/common.yaml": CALLED}}
    assert (await http.post(PLAN, json=body)).json()["valid"] is True
    body["files"] = {"other.yaml": CALLED}
    assert [each["code"] for each in (await http.post(VALIDATE, json=body)).json()["findings"]] == ["E150"]


async def test_who_stands_in_a_folder_has_called_files_read_there(http: httpx2.AsyncClient, tmp_path: Path) -> None:
    assert (await http.post(VALIDATE, json={"spec": CALLER})).json()["valid"] is True
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "common.yaml").write_text(CALLED.replace("image", "imagge"), encoding="utf-8")
    headers = {"test-folder": str(tmp_path)}
    told = (await http.post(VALIDATE, json={"spec": CALLER}, headers=headers)).json()
    assert told["valid"] is False
    assert told["findings"][0]["file"] == "lib/common.yaml"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "spec"), ({"spec": 1}, "spec"), ({"spec": ["a"]}, "spec"), ({"spec": FILE, "input": {}}, "input"),
        ({"spec": FILE, "inputs": []}, "inputs"), ({"spec": FILE, "assume": {"a": 1}}, "assume"),
        ({"spec": FILE, "file_name": "a\0b"}, "file_name"), ({"spec": FILE, "files": {"a": 1}}, "files"),
        ({"spec": FILE, "assume": {str(n): "failure" for n in range(101)}}, "assume"),
    ],
)  # fmt: skip
async def test_a_question_that_makes_no_sense_is_refused(
    http: httpx2.AsyncClient, body: dict[str, Any], field: str
) -> None:
    for path in (VALIDATE, PLAN):
        error = error_of(await http.post(path, json=body), 422)
        assert field in error["message"]


async def test_what_is_no_workflow_at_all_is_refused(http: httpx2.AsyncClient) -> None:
    for path in (VALIDATE, PLAN):
        for kind in ("", "text/plain", "multipart/form-data"):
            response = await http.post(path, content=b"jobs: {}", headers={"Content-Type": kind} if kind else {})
            assert error_of(response, 415)["code"] == "unsupported_media_type"
        large = await http.post(path, content=b"#" * 4_200_000, headers={"Content-Type": "text/yaml"})
        assert error_of(large, 413)["code"] == "body_too_large"
        error_of(await http.post(path, content=b"{", headers={"Content-Type": "application/json"}), 400)


@pytest.mark.parametrize(
    "spec",
    [
        b"\xff", b"", b"[]", b"jobs: {", b"a: &a [*a]", b"x" * 1_100_000, b"- " * 60_000,
        b"jobs: {" + b", ".join(b"j%d: {imag: b}" % n for n in range(3000)) + b"}",
    ],
)  # fmt: skip
async def test_garbage_is_a_file_with_faults(http: httpx2.AsyncClient, spec: bytes) -> None:
    response = await http.post(VALIDATE, content=spec, headers={"Content-Type": "application/yaml"})
    assert response.status_code == 200, response.text
    assert response.json()["valid"] is False
    assert 1 <= len(response.json()["findings"]) <= 100
    error_of(await http.post(PLAN, content=spec, headers={"Content-Type": "application/yaml"}), 422)


async def test_values_that_json_does_not_have_are_answered_nevertheless(http: httpx2.AsyncClient) -> None:
    spec = 'jobs: {a: {image: "busybox:1.36", matrix: {x: [.inf, .nan, 1]}, commands: ["true"]}}'
    response = await http.post(PLAN, json={"spec": spec})
    assert response.status_code == 200, response.text


async def test_who_may_only_look_may_ask(http: httpx2.AsyncClient, engine: Engine) -> None:
    assert {VALIDATE, PLAN} == LOOKING_POSTS
    for path in LOOKING_POSTS:
        response = await http.post(path, json={"spec": FILE}, headers={"test-caller": "reader"})
        assert response.status_code == 200, response.text
        other = await http.post(path + "/", json={"spec": FILE}, headers={"test-caller": "reader"})
        assert error_of(other, 403)["code"] == "read_only_token"
    assert (await engine.list_jobs()).items == ()


async def test_the_schemas_are_served_for_editors(http: httpx2.AsyncClient) -> None:
    for name, field in (("workflow", "definitions"), ("job", "properties")):
        response = await http.get(f"/orcaops/schemas/{name}")
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/schema+json"
        schema = response.json()
        assert field in schema
        dialect = jsonschema.Draft7Validator if name == "workflow" else jsonschema.Draft202012Validator
        dialect.check_schema(schema)
    error_of(await http.get("/orcaops/schemas/other"), 404)


def test_the_example_in_the_document_is_what_is_really_found() -> None:
    faulty = str(workflow_examples.REQUEST["spec"]).replace("needs: build", "needs: biuld")
    check = check_workflow(faulty, "ci.yaml")
    shown = workflow_examples.CHECK["findings"][0]
    assert [(each.code, each.place.line, each.place.column, each.message, each.hint) for each in check.findings] == [
        (shown["code"], shown["line"], shown["column"], shown["message"], shown["hint"])
    ]
