"""What a node's image asks of the container engine and its registries, and how the job is stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from core import open_engine
from core.backends.simulated.backend import SimulatedBackend
from core.engine.late import late_login, secret_names
from core.engine.workflow.node_job import make_node_job, node_job
from core.engine.workflow.node_setting import NodeFaultError
from tests.core.engine.workflow.settings_of_nodes import a_setting

if TYPE_CHECKING:
    from core import BackendHealth, EngineSettings


# --- signals


@pytest.mark.parametrize(
    ("written", "commands", "signal", "warnings"),
    [
        ("INT", "[]", "SIGINT", 0),
        ("SIGINT", "[make]", "SIGINT", 1),
        ("SIGHUP", "[make]", "SIGHUP", 0),
        ("SIGTERM", "[make]", "SIGTERM", 0),
    ],
)
def test_a_job_names_the_signal_it_is_stopped_with(written: str, commands: str, signal: str, warnings: int) -> None:
    made = node_job(a_setting(f"jobs: {{build: {{image: busybox, commands: {commands}, stop_signal: {written}}}}}"))
    assert made.spec.node is not None
    assert (made.spec.node.stop_signal, len(made.warnings)) == (signal, warnings)


def test_a_signal_that_stops_nothing_is_refused() -> None:
    with pytest.raises(NodeFaultError) as caught:
        node_job(a_setting("jobs: {build: {image: busybox, commands: [], stop_signal: SIGWINCH}}"))
    failure = caught.value.failure
    assert failure.kind.value == "expression"
    assert failure.message.startswith("Job build, stop_signal: 'SIGWINCH' is not accepted: ")


# --- platforms


class OtherMachine(SimulatedBackend):
    """A container engine on an ARM machine."""

    async def probe(self) -> BackendHealth:
        return replace(await super().probe(), facts={"platform": "linux/aarch64"})


@pytest.mark.parametrize(
    ("platform", "refused"),
    [("linux/arm64", False), ("linux/arm64/v8", False), ("arm64", False), ("linux/amd64", True), ("linux/arm", True)],
)
async def test_an_image_for_another_platform_is_refused(
    settings: EngineSettings, platform: str, *, refused: bool
) -> None:
    setting = a_setting(f"jobs: {{build: {{image: {{name: busybox, platform: {platform}}}, commands: [x]}}}}")
    async with open_engine(settings, backend=OtherMachine()) as engine:
        parts = engine._parts  # pyright: ignore[reportPrivateUsage] -- the seam stands below the front door
        if not refused:
            assert (await make_node_job(parts, setting, engine.admit)).spec.image == "busybox"
            return
        with pytest.raises(NodeFaultError) as caught:
            await make_node_job(parts, setting, engine.admit)
    assert caught.value.failure.message == (
        f"Job build, platform: '{platform}' is asked for, and the container engine runs images for linux/arm64."
    )


# --- registries


def test_logins_of_registries_stay_texts(settings: EngineSettings) -> None:
    setting = a_setting(
        """
        env: {WHO: "me-${{ vars.REGION }}"}
        jobs:
          build:
            image: {name: busybox, credentials: {username: "${{ env.WHO }}", password: "${{ secrets.PW }}"}}
            commands: [make]
            services:
              db:
                image: postgres
                credentials: {username: "${{ vars.REGION }}-${{ env.WHO }}", password: "${{ secrets.PW }}"}
        """,
        secrets={"PW": "REGISTRY_PASSWORD"},
    )
    spec = node_job(setting).spec
    assert spec.node is not None
    known = settings.model_copy(update={"secrets": {"REGISTRY_PASSWORD": SecretStr("sesame")}})
    assert late_login(spec.node.late, known, spec.env) == ("me-eu", "sesame")
    assert late_login(spec.services[0].late, known, spec.services[0].env) == ("eu-me-eu", "sesame")
    assert "sesame" not in spec.model_dump_json()
    assert set(secret_names(spec)) == {"REGISTRY_PASSWORD"}


def test_without_credentials_the_machine_logs_in(settings: EngineSettings) -> None:
    spec = node_job(a_setting("jobs: {build: {image: busybox, commands: [make]}}")).spec
    assert spec.node is not None
    assert late_login(spec.node.late, settings) is None
