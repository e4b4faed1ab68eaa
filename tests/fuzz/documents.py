"""Files that people and models write: workflows, jobs, templates, policies, requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

from hypothesis import strategies as st

from core.engine.step_files import MalformedFileError, read_outputs, read_summary, read_variables
from core.errors import InvalidPolicyError, InvalidSpecError, OrcaOpsError
from core.plan.check import check_workflow
from core.plan.expand import expand_workflow
from core.plan.findings import has_errors
from core.plan.fixes import mended
from core.plan.job_template import fill_job, template_findings
from core.plan.reading import read_workflow
from core.plan.render import mermaid, plan_tree, plan_view
from core.policy.reading import read_policy
from core.policy.rules import ask_for_image
from core.policy.told import policy_document
from core.spec.job import JobSpec
from core.spec.load import parse_job
from core.spec.runtimes import RUNTIMES
from core.spec.template import read_template
from orcaops_mcp.api.bodies import InvalidJsonError, parse_object
from orcaops_mcp.cli.job_request import parse_object as parse_job_file
from orcaops_mcp.client.errors import ClientError
from tests.core.plan.keys.documents import WHOLE, records
from tests.fuzz.made_up import JOB_FILES, TEXTS, WORKFLOW_FILES, damaged, data, lossy
from tests.fuzz.target import Target, check_length

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.errors import Finding

MOST_SAID: Final = 400_000
"""Characters of all findings of one file: they are for reading."""

_KEYS: Final = sorted({name for record in records().values() for name in record.rows})
_COMPOSE: Final = b"""\
services:
  web:
    image: nginx
    depends_on: {db: {condition: service_healthy}}
    ports: ["8080:80"]
  db:
    image: postgres:15
    environment: [POSTGRES_PASSWORD=x]
    healthcheck: {test: ["CMD", "pg_isready"], interval: 1s}
volumes: {data: {}}
"""
_POLICY: Final = b"""\
version: 1
default: standard
floor: strict
forbid: [root, mounts]
networks: [none, services]
callers:
  - who: [cli, token ci]
    networks: [bridge]
images:
  - allow: [python:*, alpine@sha256:0000000000000000000000000000000000000000000000000000000000000000]
  - deny: ["*"]
    why: only what we know
registries: [registry.lan, "127.0.0.1:5000"]
mounts: [{folder: ~/projects, write: true}]
resources: {cpus: 2, memory_mb: 512}
secrets: [{names: [NPM_*], who: [cli]}]
"""
_PIECES: Final = tuple(
    piece.encode()
    for piece in (
        *("&x ", "*x", "<<: *x\n", "!!binary ", "!t ", "? ", "- ", ": ", "{", "}", "[", "]", "|\n", ">-\n", "'", '"'),
        *("---\n", "...\n", "%YAML 1.1\n", "# orcaops-ignore: W006\n", "\ufeff", "${{ matrix.v }}", "needs: [a]\n"),
        *("\t", "matrix: {v: [1, 2], include: [{v: 3}]}\n", "extends: .a\n", "uses: ./b.yaml\n", "if: always()\n"),
    )
)  # fmt: skip
_WHOLE: Final = json.dumps(WHOLE).encode()


def load(path: str) -> str:
    """Any file is there: one calls the first again, others are no YAML."""
    return {"b.yaml": "jobs: {a: {uses: ./ci.yaml}, b: {image: a, run: x}}"}.get(path, "[")


def workflow_file(content: bytes) -> None:
    """Findings that can be read, or a plan that can be shown; the same once more from what it was understood as."""
    found = check_workflow(content, "ci.yaml", load=load, github={})
    assert sum(len(finding.message) + len(finding.hint) for finding in found.findings) < MOST_SAID
    assert found.is_valid or found.plan is None
    assert all("\n" not in finding.message for finding in found.findings)
    assert_findings(found.input_findings)
    reading = read_workflow(content, "ci.yaml", load)
    text = reading.source.text
    for finding in reading.findings:
        if finding.file == "ci.yaml" and text.content:  # none of bytes that are no text
            assert 1 <= finding.place.line <= len(text.lines) + 1
            finding.render(text.lines)
    if found.plan is not None:
        plan_tree(found.plan)
        mermaid(found.plan)
        json.dumps(plan_view(found.plan), allow_nan=False).encode()
    if found.spec is not None and not has_errors(reading.findings):
        assert read_workflow(expand_workflow(reading), "ci.yaml", load).spec == reading.spec
    else:
        read_workflow(mended(text.content, reading.findings), "ci.yaml", load)


def job_request(request: Any) -> None:
    """A spec that survives its own JSON, or findings."""
    if not isinstance(request, dict):
        return
    try:
        spec = parse_job(cast("dict[str, Any]", request))
    except InvalidSpecError as error:
        assert_findings(error.findings)
        str(error).encode()
        return
    assert JobSpec.model_validate_json(spec.model_dump_json()) == spec


def job_file(content: bytes) -> None:
    """What `orcaops run --spec` reads: an object that JSON can carry to the engine, or an error for the terminal."""
    try:
        request = parse_job_file("job.yaml", content.decode("utf-8", "replace"), "a job")
    except ClientError as error:
        check_length(error, MOST_SAID)
        return
    assert len(json.dumps(request)) < 100 * (len(content) + 100)


def template(request: Any) -> None:
    """Findings before it is saved; if there are none, a job or findings once it is filled."""
    if not isinstance(request, dict):
        return
    draft = read_template(cast("dict[str, Any]", request))
    findings = (
        (*draft.findings, *template_findings(draft.spec, runtimes=RUNTIMES)) if draft.spec.job else draft.findings
    )
    assert_findings(findings)
    if findings or draft.spec.job is None:
        return
    try:
        parse_job(fill_job(draft.spec.job, dict.fromkeys(draft.spec.inputs, "x")))
    except OrcaOpsError as error:
        str(error).encode()


def policy(content: bytes) -> None:
    """A policy that decides, or an error whose findings have places."""
    try:
        found = read_policy(content)
    except InvalidPolicyError as error:
        assert_findings(error.findings)
        return
    json.dumps(policy_document(found), allow_nan=False).encode()
    for image in ("python:3.12", "127.0.0.1:5000/a/b@sha256:" + "0" * 64, "a"):
        ask_for_image(found, image, "cli")


def request_body(content: bytes) -> None:
    """What REST takes as a body: an object that can be written down again, or the error for it."""
    try:
        found = parse_object(content)
    except InvalidJsonError as error:
        check_length(error.message, 1_000)
        return
    json.dumps(found, allow_nan=False).encode()


def step_file(content: bytes) -> None:
    """Values by name, or a reason; a summary within its room."""
    for read in (read_outputs, read_variables):
        try:
            found: Mapping[str, str] = read(content)
        except MalformedFileError as error:
            check_length(error, 500)
        else:
            assert sum(map(len, found.values())) <= len(content)
    assert len(read_summary(content, 1000).encode()) <= 1000


def assert_findings(findings: tuple[Finding, ...]) -> None:
    """They are few enough to read, and can be sent."""
    assert sum(len(str(finding)) for finding in findings) < MOST_SAID
    for finding in findings:
        str(finding).encode()


def _dumped(value: Any) -> bytes:
    return lossy(json.dumps(value, ensure_ascii=False))


def _template(job: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    return {"name": "t", "inputs": inputs, "job": {"image": "busybox", **job}}


def _workflow(job: dict[str, Any], base: dict[str, Any]) -> bytes:
    return _dumped({"jobs": {".base": base, "a": {"image": "alpine", "run": "x", **job}}})


_JOB_KEYS: Final = sorted(JobSpec.model_fields)
_JOBS: Final[st.SearchStrategy[Any]] = st.one_of(
    data(_JOB_KEYS),
    st.dictionaries(st.sampled_from(_JOB_KEYS), data(_JOB_KEYS, 5), max_size=4).map(
        lambda fields: {"image": "busybox", "command": ["true"], **fields}
    ),
)
_TEMPLATES: Final[st.SearchStrategy[Any]] = st.one_of(
    data(["name", "inputs", "job", "workflow", "description", "type", "default", *_JOB_KEYS]),
    st.builds(
        _template,
        st.dictionaries(st.sampled_from(_JOB_KEYS), data(_JOB_KEYS, 5), max_size=3),
        st.dictionaries(st.sampled_from("ab"), data(["type", "default", "options", "required"], 4), max_size=2),
    ),
)
_WORKFLOWS: Final[st.SearchStrategy[Any]] = st.one_of(
    damaged([*WORKFLOW_FILES, _COMPOSE, _WHOLE], _PIECES),
    st.builds(
        _workflow,
        st.dictionaries(st.sampled_from(_KEYS), data(_KEYS, 8), max_size=5),
        st.dictionaries(st.sampled_from(_KEYS), data(_KEYS, 5), max_size=3),
    ),
    data(_KEYS).map(_dumped),
    st.lists(st.one_of(st.sampled_from(_PIECES), TEXTS.map(lossy)), max_size=30).map(b"".join),
    st.binary(max_size=300),
)

TARGETS: Final[tuple[Target, ...]] = (
    Target("workflow files", _WORKFLOWS, workflow_file),
    Target("job files", st.one_of(damaged([*JOB_FILES, _COMPOSE], _PIECES), _JOBS.map(_dumped)), job_file),
    Target("job requests", _JOBS, job_request),
    Target("templates", _TEMPLATES, template),
    Target("policy files", st.one_of(damaged([_POLICY], _PIECES), st.binary(max_size=200)), policy),
    Target("request bodies", st.one_of(damaged([*JOB_FILES, _WHOLE]), _JOBS.map(_dumped)), request_body),
    Target(
        "files of steps",
        st.one_of(st.binary(max_size=300), damaged([b"a=1\nb<<EOF\nx\ny\nEOF\nPATH=z\n"], [b"<<", b"=", b"EOF"])),
        step_file,
    ),
)
