"""The OpenAPI document: valid, complete, and true of what is really answered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import anyio
import jsonschema
import pytest
from fastapi.routing import APIRoute
from openapi_spec_validator import OpenAPIV32SpecValidator
from pydantic import BaseModel, TypeAdapter

from core import JobSpec
from orcaops_mcp.api import workflow_run_examples
from orcaops_mcp.api.models import (
    analytics,
    file,
    job,
    log,
    system,
    template,
    workflow_look,
    workflow_node,
    workflow_run,
)
from orcaops_mcp.api.models.base import JOB_ID
from tests.orcaops_mcp.api.conftest import BUSYBOX, error_of, submitted

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2
    from fastapi import FastAPI

METHODS = ("get", "post", "put", "delete", "head")


@pytest.fixture
async def document(http: httpx2.AsyncClient) -> dict[str, Any]:
    described: dict[str, Any] = (await http.get("/openapi.json")).json()
    return described


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


async def test_a_strict_validator_accepts_the_document(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.2.0"
    assert list(OpenAPIV32SpecValidator(document).iter_errors()) == []


async def test_every_route_is_described_with_examples_and_errors(document: dict[str, Any]) -> None:
    missing: list[str] = []
    for path, method, operation in operations_of(document):
        name = f"{method} {path}"
        missing += [
            f"{name}: {part}" for part in ("summary", "description", "operationId", "tags") if not operation.get(part)
        ]
        missing += [f"{name}: {status}" for status in ("403", "422", "500") if status not in operation["responses"]]
        contents = [
            (status, kind, content)
            for status, response in operation["responses"].items()
            for kind, content in response.get("content", {}).items()
        ]
        missing += [
            f"{name} {status}: example"
            for status, kind, content in contents
            if kind != "*/*" and "example" not in content
        ]
        json_body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if json_body is not None and not json_body["examples"]:
            missing.append(f"{name}: request example")
    assert missing == []


async def test_every_example_of_an_answer_fits_its_shape(document: dict[str, Any]) -> None:
    for path, method, operation in operations_of(document):
        for status, response in operation["responses"].items():
            content = response.get("content", {}).get("application/json")
            if content is not None:
                schema = {**content["schema"], "components": document["components"]}
                try:
                    jsonschema.validate(content["example"], schema, jsonschema.Draft202012Validator)
                except jsonschema.ValidationError as error:
                    pytest.fail(f"{method} {path} {status}: {error.message} at {error.json_path}")


async def test_every_example_of_a_request_is_taken(http: httpx2.AsyncClient, document: dict[str, Any]) -> None:
    ended = (await submitted(http, "true", wait_s=20))["job_id"]
    run = (await http.post("/orcaops/workflows", json=workflow_run_examples.RUN, params={"wait_s": 20})).json()
    taken: list[str] = []
    for path, method, operation in operations_of(document):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        schema = {"$ref": body.get("schema", {}).get("$ref", "#"), "components": document["components"]}
        for name, example in body.get("examples", {}).items():
            jsonschema.validate(example["value"], schema, jsonschema.Draft202012Validator)
            response = await http.request(
                method,
                path.format(job_id=ended, name="unit-tests", workflow_id=run["workflow_id"], node="build"),
                json=example["value"],
                headers={"test-caller": "operator"},
            )
            assert response.status_code < 300, f"{method} {path} {name}: {response.text}"
            taken.append(operation["operationId"])
    assert sorted(set(taken)) == [
        "cancel_job",
        "cancel_node",
        "cancel_workflow_run",
        "clean_runs",
        "plan_workflow",
        "put_template",
        "rerun_job",
        "rerun_workflow",
        "run_template",
        "run_workflow",
        "save_template",
        "stop_engine",
        "submit_job",
        "upload_files",
        "validate_workflow",
    ]


async def test_ids_in_examples_have_the_form_of_real_ones() -> None:
    assert re.fullmatch(r"job_[0-9a-z]{25}", JOB_ID)


async def test_a_request_describes_every_field_that_is_taken(
    http: httpx2.AsyncClient, document: dict[str, Any]
) -> None:
    described = set(document["components"]["schemas"]["JobRequest"]["properties"])
    assert set(JobSpec.model_fields) - {"context", "node", "sandbox"} <= described
    error = error_of(await http.post("/orcaops/jobs", json={"image": BUSYBOX, "nonsense": 1}), 422)
    taken = set(re.findall(r"\w+", error["findings"][0]["hint"].removeprefix("Fields: ")))
    assert taken <= described
    assert described - taken <= {"step_timeout_s", "workspace", "files"}


def fits(shape: type[BaseModel], content: Any) -> None:
    """Validation of the shape itself, which takes no key that is not in it."""
    TypeAdapter(shape).validate_python(content)


async def test_every_real_answer_fits_its_shape(http: httpx2.AsyncClient) -> None:
    done = await submitted(
        http,
        commands=["echo a; echo x=1 >> $ORCAOPS_OUTPUT; echo f > f.txt", "echo 'AssertionError: no' >&2; exit 2"],
        artifacts=["*.txt", "none/*"],
        outputs=["x"],
        tags=["t"],
        name="n",
        retries=1,
        retry_delay_s=0,
        wait_s=20,
    )
    going = await submitted(http, "sleep", "600")
    base, as_json = f"/orcaops/jobs/{done['job_id']}", {"Accept": "application/json"}
    fits(job.AcceptedJob, done)
    fits(job.AcceptedJob, going)
    for path, shape in (
        (base, job.JobRecord),
        (f"/orcaops/jobs/{going['job_id']}", job.JobRecord),
        ("/orcaops/jobs", job.JobList),
        ("/orcaops/runs", job.JobList),
        (f"{base}/wait", job.Waited),
        (f"{base}/events", job.AuditTrail),
        (f"{base}/attempts", job.AttemptList),
        (f"{base}/failure", job.FailureDigest),
        (f"{base}/artifacts", file.ArtifactList),
        (f"{base}/logs", log.LogPageShape),
        (f"/orcaops/runs/{done['job_id']}", job.JobRecord),
        ("/orcaops/analytics", analytics.AnalyticsShape),
        ("/orcaops/system", system.SystemShape),
        ("/orcaops/runtimes", system.RuntimeList),
        ("/readyz", system.Readiness),
    ):
        response = await http.get(path, headers=as_json)
        assert response.status_code == 200, response.text
        fits(shape, response.json())
    saved = await http.put(
        "/orcaops/templates/t", json={"inputs": {"n": {"type": "number"}}, "job": {"image": BUSYBOX}}
    )
    fits(template.SavedTemplateShape, saved.json())
    fits(template.TemplateList, (await http.get("/orcaops/templates")).json())
    fits(template.TemplateShape, (await http.get("/orcaops/templates/t")).json())
    fits(job.AcceptedJob, (await http.post("/orcaops/templates/t/run", json={"inputs": {"n": 1}})).json())
    fits(template.DeletedTemplate, (await http.delete("/orcaops/templates/t")).json())
    await every_answer_about_a_run_fits(http)
    preview = await http.post(f"{base}/rerun", json={"preview": True})
    fits(job.RerunPreview, preview.json())
    upload = await http.post("/orcaops/uploads", files={"files": ("a", b"x")})
    fits(file.UploadShape, upload.json())
    fits(system.CleanupShape, (await http.post("/orcaops/runs/cleanup", json={"keep": 5})).json())


FAILING = """
jobs:
  build: {image: "busybox:latest", commands: ["echo built; echo x > x.txt"], artifacts: ["*.txt"]}
  test: {image: "busybox:latest", needs: build, matrix: {n: [1, 2]}, commands: ["exit ${{ matrix.n }}"]}
  deploy: {image: "busybox:latest", needs: test, commands: ["true"]}
"""


async def every_answer_about_a_run_fits(http: httpx2.AsyncClient) -> None:
    """Of a run that failed, with a matrix, artifacts and a skipped job."""
    accepted = await http.post("/orcaops/workflows", json={"spec": FAILING}, params={"wait_s": 20})
    fits(workflow_run.AcceptedRun, accepted.json())
    base, as_json = f"/orcaops/workflows/{accepted.json()['workflow_id']}", {"Accept": "application/json"}
    for path, shape in (
        ("/orcaops/workflows", workflow_run.RunList),
        (base, workflow_run.RunRecord),
        (f"{base}/wait", workflow_run.RunWaited),
        (f"{base}/nodes", workflow_node.NodeList),
        (f"{base}/nodes?detail=full", workflow_node.NodeList),
        (f"{base}/nodes/deploy", workflow_node.NodeShape),
        (f"{base}/nodes/deploy/explain", workflow_look.ExplanationShape),
        (f"{base}/logs", workflow_look.RunLogPage),
        (f"{base}/summary", workflow_look.RunSummaryShape),
        (f"{base}/graph", workflow_look.GraphShape),
        (f"{base}/artifacts", workflow_look.NodeArtifactList),
        (f"{base}/source", workflow_look.RunSourceShape),
        (f"{base}/attempts", workflow_look.RunAttemptList),
        (f"{base}/history", workflow_look.RunHistory),
    ):
        response = await http.get(path, headers=as_json)
        assert response.status_code == 200, response.text
        fits(shape, response.json())
    for body in ({"dry_run": True}, {}):
        rerun = await http.post(f"{base}/rerun", json=body)
        fits(workflow_run.RerunAccepted, rerun.json())
    fits(workflow_run.RunRecord, (await http.post(f"{base}/cancel")).json())
    with anyio.fail_after(60):
        await http.get(f"{base}/wait")
    fits(system.CleanupShape, (await http.delete(base)).json())


async def test_every_route_is_in_the_document(api: FastAPI, document: dict[str, Any]) -> None:
    served = {
        (route.path_format, method.lower())
        for route in api.routes
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in route.methods or ()
    }
    assert served == {(path, method) for path, method, _ in operations_of(document)}
