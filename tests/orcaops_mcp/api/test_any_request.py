"""Requests made up from the document, right and wrong: no crash, and no answer that the document does not tell of."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis import checks as general
from schemathesis.specs.openapi import checks as special

from core import EngineSettings, JobSpec, LimitSettings, SimulationSettings, WorkflowRequest, open_engine
from orcaops_mcp.api.app import build_api
from tests.orcaops_mcp.api.conftest import BUSYBOX, serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from pathlib import Path

MADE_UP: Any = schemathesis  # generic over what it does not say
GENERAL: Any = general
SPECIAL: Any = special
CHECKS: list[Any] = [
    GENERAL.not_a_server_error,
    SPECIAL.status_code_conformance,
    SPECIAL.content_type_conformance,
    SPECIAL.response_headers_conformance,
    SPECIAL.response_schema_conformance,
    SPECIAL.unsupported_method,
    SPECIAL.allow_header_conformance,
]
ENDLESS = "follow_changes"
TEMPLATE: dict[str, Any] = {
    "name": "made-up",
    "inputs": {"a": {}},
    "job": {"image": BUSYBOX, "env": {"A": "${{ inputs.a }}"}},
}
WORKFLOW = "jobs: {build: {image: 'busybox:latest', commands: [echo built, exit 1]}}"
EXAMPLES = 12


@dataclass(frozen=True)
class Place:
    """A server, and what is there.

    Attributes:
        url: Its address.
        known: What stands in a path, and a value of it that is there: a job and a run that have ended.
    """

    url: str
    known: dict[str, str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Generator[Place]:
    """A server in a thread of its own."""

    @asynccontextmanager
    async def running(home: Path) -> AsyncGenerator[Place]:
        settings = EngineSettings(
            home=home,
            backend="simulated",
            simulation=SimulationSettings(time_scale=0.01),
            limits=LimitSettings(timeout_s=1, cancel_grace_s=0),
        )
        async with open_engine(settings) as engine:
            api = build_api(engine)
            async with api.router.lifespan_context(api), serving(api) as served:
                spec = JobSpec(image=BUSYBOX, command=("echo", "hello"), artifacts=("none",))
                job_id = (await engine.submit_job(spec)).job.job_id
                await engine.wait_for_job(job_id)
                run = (await engine.run_workflow(WorkflowRequest(text=WORKFLOW))).run
                await engine.wait_for_runs([run.workflow_id])
                await engine.save_template(TEMPLATE)
                known = {"job_id": job_id, "name": TEMPLATE["name"], "workflow_id": run.workflow_id, "node": "build"}
                yield Place(served.url, known)

    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(running(tmp_path_factory.mktemp("any") / "home")) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def schema(place: Place) -> Any:
    return MADE_UP.openapi.from_url(f"{place.url}/openapi.json")


def operations(schema: Any) -> dict[str, Any]:
    found: list[Any] = [result.ok() for result in schema.get_all_operations()]
    return {operation.definition.raw["operationId"]: operation for operation in found}


def tried(operation: Any, mode: schemathesis.GenerationMode, checks: list[Any], place: Place) -> None:
    """Make up some requests of an operation and judge the answers; right ones are often about what is there."""

    @seed(7)
    @hypothesis_settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(case=operation.as_strategy(generation_mode=mode), real=st.booleans())
    def check(case: Any, *, real: bool) -> None:
        if mode is schemathesis.GenerationMode.POSITIVE:
            for name in set(place.known) & set(case.path_parameters or {}) if real else ():
                case.path_parameters[name] = place.known[name]
            for patience in {"wait_s", "timeout_s"} & set(case.query or {}):
                case.query[patience] = 0
        case.call_and_validate(base_url=place.url, checks=checks, timeout=20)

    check()


def test_no_right_request_crashes_the_api_or_is_answered_otherwise_than_documented(place: Place, schema: Any) -> None:
    found = operations(schema)
    assert len(found) > 25
    for name, operation in found.items():
        if name != ENDLESS:
            tried(operation, schemathesis.GenerationMode.POSITIVE, CHECKS, place)


@pytest.mark.hostile("B24", "B25", "B26")
def test_every_wrong_request_is_refused_as_documented(place: Place, schema: Any) -> None:
    for name, operation in operations(schema).items():
        raw = operation.definition.raw
        if name != ENDLESS and ("requestBody" in raw or any(one["in"] == "query" for one in raw.get("parameters", ()))):
            tried(operation, schemathesis.GenerationMode.NEGATIVE, [*CHECKS, SPECIAL.negative_data_rejection], place)
