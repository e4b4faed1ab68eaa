"""Networks, health and looks inside: what every backend promises to services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.backends.services import EXECUTED_BYTES, HealthCheck
from core.errors import BackendError, ContainerLostError, ContainerNameTakenError, ContainerStartError

if TYPE_CHECKING:
    from core.backends.base import ContainerState
    from core.testing.stage import Stage

WEB = ("sh", "-c", "mkdir -p /www; cd /www; echo up > up.txt; httpd -f -p 8080")
HELPER = "busybox:latest"


async def until_listening(stage: Stage, container_id: str) -> frozenset[int]:
    """The open ports, once there are some."""
    while not (ports := await stage.backend.listening(container_id, HELPER)):
        pass
    return ports


async def until_judged(stage: Stage, container_id: str) -> ContainerState:
    """The container, once its health check has come to a judgement."""
    while True:
        state = await stage.backend.inspect(container_id)
        assert state is not None
        if state.health != "starting":
            return state


# --- networks


async def test_making_a_network_again_adopts_it(stage: Stage) -> None:
    request = stage.network_request()

    first = await stage.backend.create_network(request)
    second = await stage.backend.create_network(request)

    assert first.network_id == second.network_id
    assert [network.name for network in await stage.backend.list_networks(stage.home_id)] == [request.name]


async def test_a_network_tells_its_home_its_reach_and_its_time(stage: Stage) -> None:
    request = stage.network_request(internal=True)

    await stage.backend.create_network(request)
    (network,) = await stage.backend.list_networks(stage.home_id)

    assert dict(network.labels) == dict(request.labels)
    assert network.internal
    assert network.created_at is not None


async def test_a_network_of_another_home_keeps_its_name(stage: Stage) -> None:
    foreign = stage.network_request(labels=stage.labels("another-home"))
    await stage.backend.create_network(foreign)

    with pytest.raises(ContainerNameTakenError):
        await stage.backend.create_network(stage.network_request(name=foreign.name))

    assert await stage.backend.list_networks(stage.home_id) == []


async def test_removing_a_network_may_be_repeated(stage: Stage) -> None:
    request = stage.network_request()
    await stage.backend.create_network(request)

    await stage.backend.remove_network(request.name)
    await stage.backend.remove_network(request.name)

    assert await stage.backend.list_networks(stage.home_id) == []


async def test_a_network_goes_once_nothing_in_it_runs(stage: Stage) -> None:
    network = stage.network_request()
    await stage.backend.create_network(network)
    container_id = await stage.started("sleep", "60", attached_to=network.name)

    with pytest.raises(BackendError, match="active endpoints"):
        await stage.backend.remove_network(network.name)
    await stage.backend.stop(container_id, 0)
    await stage.backend.remove_network(network.name)

    assert await stage.backend.list_networks(stage.home_id) == []


async def test_a_container_does_not_start_in_a_network_that_is_gone(stage: Stage) -> None:
    state = await stage.backend.create(stage.request("true", attached_to="orcaops-test-no-such-network"))

    with pytest.raises(ContainerStartError, match="network orcaops-test-no-such-network not found"):
        await stage.backend.start(state.container_id)


async def test_a_container_may_stand_in_a_further_network_and_keeps_it_from_going(stage: Stage) -> None:
    own, shared = stage.network_request(), stage.network_request()
    for network in (own, shared):
        await stage.backend.create_network(network)
    request = stage.request("sleep", "60", attached_to=own.name, also_in=(shared.name,))

    first = await stage.backend.create(request)
    again = await stage.backend.create(request)
    await stage.backend.start(first.container_id)

    assert again.container_id == first.container_id
    for network in (own, shared):
        with pytest.raises(BackendError, match="active endpoints"):
            await stage.backend.remove_network(network.name)
    await stage.backend.remove(first.container_id)
    for network in (own, shared):
        await stage.backend.remove_network(network.name)
    assert await stage.backend.list_networks(stage.home_id) == []


async def test_a_container_does_not_start_when_a_further_network_of_its_is_gone(stage: Stage) -> None:
    own = stage.network_request()
    await stage.backend.create_network(own)
    request = stage.request("true", attached_to=own.name, also_in=("orcaops-test-no-such-network",))
    state = await stage.backend.create(request)

    with pytest.raises(ContainerStartError, match="network orcaops-test-no-such-network not found"):
        await stage.backend.start(state.container_id)


# --- commands in a running container


@pytest.mark.parametrize("code", [0, 5])
async def test_a_command_tells_its_output_and_its_exit_code(stage: Stage, code: int) -> None:
    container_id = await stage.started("sleep", "60")

    executed = await stage.backend.execute(container_id, ["sh", "-c", f"echo out; echo err >&2; exit {code}"], 20)

    assert (executed.exit_code, sorted(executed.output.split())) == (code, ["err", "out"])


async def test_a_command_that_does_not_exist_says_so(stage: Stage) -> None:
    container_id = await stage.started("sleep", "60")

    executed = await stage.backend.execute(container_id, ["nope"], 20)

    assert executed.exit_code in {126, 127}
    assert "executable file not found" in executed.output


async def test_a_command_that_takes_too_long_is_given_up(stage: Stage) -> None:
    container_id = await stage.started("sleep", "60")

    executed = await stage.backend.execute(container_id, ["sleep", "30"], 0.2)

    assert executed.exit_code is None


async def test_of_what_a_command_prints_the_end_is_kept(stage: Stage) -> None:
    container_id = await stage.started("sleep", "60")

    executed = await stage.backend.execute(container_id, ["sh", "-c", "seq 1 20000"], 20)

    assert (executed.exit_code, len(executed.output)) == (0, EXECUTED_BYTES)
    assert executed.output.endswith("\n19999\n20000\n")


async def test_in_a_container_that_has_ended_nothing_is_run_and_nothing_listens(stage: Stage) -> None:
    ended = await stage.ended("true")

    assert (await stage.backend.execute(ended.container_id, ["true"], 20)).exit_code is None
    assert await stage.backend.listening(ended.container_id, HELPER) == frozenset()
    assert await stage.backend.http_status(ended.container_id, 8080, "/", HELPER) == 0


async def test_in_a_container_that_is_gone_nothing_is_run(stage: Stage) -> None:
    ended = await stage.ended("true")
    await stage.backend.remove(ended.container_id)

    with pytest.raises(ContainerLostError):
        await stage.backend.execute(ended.container_id, ["true"], 20)
    with pytest.raises(ContainerLostError):
        await stage.backend.listening(ended.container_id, HELPER)


# --- ports


async def test_a_server_is_seen_to_listen_and_asked_over_http(stage: Stage) -> None:
    network = stage.network_request(internal=True)
    await stage.backend.create_network(network)
    container_id = await stage.started(*WEB, attached_to=network.name, aliases=("web",))

    assert await until_listening(stage, container_id) == {8080}
    assert await stage.backend.http_status(container_id, 8080, "/up.txt", HELPER) == 200
    assert await stage.backend.http_status(container_id, 8081, "/up.txt", HELPER) == 0


# --- health


async def test_a_container_whose_check_succeeds_is_healthy(stage: Stage) -> None:
    check = HealthCheck(("CMD-SHELL", "echo fine"), interval_s=0.2)

    state = await until_judged(stage, await stage.started("sleep", "60", health=check))

    assert (state.health, state.health_output) == ("healthy", "fine")


async def test_a_container_whose_check_fails_too_often_is_unhealthy_and_says_why(stage: Stage) -> None:
    check = HealthCheck(("CMD", "sh", "-c", "echo not yet; exit 1"), interval_s=0.2, retries=2)

    state = await until_judged(stage, await stage.started("sleep", "60", health=check))

    assert (state.health, state.health_output) == ("unhealthy", "not yet")


@pytest.mark.parametrize("check", [None, HealthCheck(("NONE",)), HealthCheck()], ids=["none", "off", "no image's"])
async def test_a_container_without_a_check_has_no_health(stage: Stage, check: HealthCheck | None) -> None:
    container_id = await stage.started("sleep", "60", health=check)

    state = await stage.backend.inspect(container_id)

    assert state is not None
    assert state.health is None
