"""What goes wrong inside the engine while it sees to one node: that node fails, and its run goes on by its rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import BackendUnavailableError, open_engine
from core.backends.simulated.backend import SimulatedBackend
from tests.core.engine.workflow.runs import conduct

if TYPE_CHECKING:
    import pytest

    from core import BackendHealth, EngineSettings

FILE = """
jobs:
  odd: {image: {name: "busybox:1", platform: linux/amd64}, commands: ["true"]%s}
  below: {image: "busybox:1", needs: odd, commands: ["true"]}
  beside: {image: "busybox:1", commands: ["true"]}
  last: {image: "busybox:1", finally: true, on_complete: always, commands: ["true"]}
"""


class Broken(SimulatedBackend):
    """A container engine that cannot be asked about itself any more."""

    fault: Exception | None = None

    async def probe(self) -> BackendHealth:
        if self.fault is not None:
            raise self.fault
        return await super().probe()


async def test_a_fault_inside_the_engine_fails_its_node_alone(
    settings: EngineSettings, caplog: pytest.LogCaptureFixture
) -> None:
    backend = Broken()
    async with open_engine(settings, backend=backend) as engine:
        backend.fault = ZeroDivisionError("a mistake of ours")
        over = await conduct(engine, FILE % "")
        assert over.results == {"odd": "failure", "below": "skipped", "beside": "success", "last": "success"}
        assert over.run.status == "partial"
        failure = over.node("odd").failure
        assert failure is not None
        assert (failure.kind, failure.retryable) == ("internal", True)
        assert failure.message.startswith("Job odd: OrcaOps itself failed; the engine's log has the details under ")
        assert "mistake" not in failure.message
        assert [record.exc_info is not None for record in caplog.records if "odd failed" in record.message] == [True]


async def test_such_a_fault_may_be_tolerated(settings: EngineSettings) -> None:
    backend = Broken()
    async with open_engine(settings, backend=backend) as engine:
        backend.fault = ZeroDivisionError()
        over = await conduct(engine, FILE % ", continue_on_error: true")
        assert over.results == {"odd": "success", "below": "success", "beside": "success", "last": "success"}
        assert over.run.status == "success"


async def test_what_the_container_engine_said_is_told_as_the_cause(settings: EngineSettings) -> None:
    backend = Broken()
    async with open_engine(settings, backend=backend) as engine:
        backend.fault = BackendUnavailableError("Docker is away.", hint="Start it.")
        over = await conduct(engine, FILE % "")
        failure = over.node("odd").failure
        assert failure is not None
        assert (failure.kind, failure.message) == ("engine_unavailable", "Job odd: Docker is away.")
        assert over.node("beside").result == "success"
