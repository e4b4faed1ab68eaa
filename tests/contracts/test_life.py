"""Create, start, wait, inspect, remove: what every backend promises of a container's life."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
import pytest

from core.errors import ContainerLostError, ContainerNameTakenError, ContainerStartError
from core.testing.stage import printed

if TYPE_CHECKING:
    from core.testing.stage import Stage


async def test_a_created_container_has_not_started(stage: Stage) -> None:
    request = stage.request("echo", "hello")

    state = await stage.backend.create(request)

    assert state.phase == "created"
    assert state.name == request.name
    assert dict(state.labels) == dict(state.labels) | dict(request.labels)
    assert await stage.output(state.container_id) == []


async def test_creating_again_adopts_the_container_of_that_name(stage: Stage) -> None:
    request = stage.request("true")

    first = await stage.backend.create(request)
    second = await stage.backend.create(request)

    assert second.container_id == first.container_id
    assert len(await stage.backend.list_owned(stage.home_id)) == 1


async def test_a_container_that_runs_is_adopted_as_it_is(stage: Stage) -> None:
    request = stage.request("sleep", "60")
    first = await stage.backend.create(request)
    await stage.backend.start(first.container_id)

    second = await stage.backend.create(request)

    assert (second.container_id, second.phase) == (first.container_id, "running")


@pytest.mark.fault("F28")
async def test_a_container_of_another_home_keeps_its_name(stage: Stage) -> None:
    foreign = stage.request("sleep", "60", labels=stage.labels("another-home"))
    theirs = await stage.backend.create(foreign)

    with pytest.raises(ContainerNameTakenError):
        await stage.backend.create(stage.request("true", name=foreign.name))

    state = await stage.backend.inspect(theirs.container_id)
    assert state is not None
    assert state.phase == "created"


@pytest.mark.parametrize("code", [0, 3, 124, 137, 143])
async def test_the_exit_code_is_kept_and_is_nobody_elses_doing(stage: Stage, code: int) -> None:
    ended = await stage.ended("sh", "-c", f"exit {code}")

    again = await stage.backend.inspect(ended.container_id)

    assert again is not None
    for state in (ended, again):
        assert (state.phase, state.exit_code) == ("exited", code)
        assert state.killed_from_outside is None
        assert not state.oom_killed
        assert state.error == ""


async def test_an_ended_container_tells_when_it_began_and_ended(stage: Stage) -> None:
    state = await stage.ended("sleep", "0.2")

    assert state.created_at is not None
    assert state.started_at is not None
    assert state.finished_at is not None
    assert state.created_at <= state.started_at
    assert 0.1 <= (state.finished_at - state.started_at).total_seconds() < 10


async def test_waiting_ends_with_the_container_and_not_before(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", "sleep 0.3; exit 5")

    running = await stage.backend.inspect(container_id)
    ended = await stage.end_of(container_id)

    assert running is not None
    assert running.phase == "running"
    assert ended.exit_code == 5


async def test_many_may_wait_for_one_container(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", "sleep 0.2; exit 4")
    codes: list[int | None] = []

    async def wait() -> None:
        codes.append((await stage.end_of(container_id)).exit_code)

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(wait)

    assert codes == [4, 4, 4]


async def test_a_cancelled_wait_leaves_the_container_running(stage: Stage) -> None:
    container_id = await stage.started("sleep", "60")

    with anyio.move_on_after(0.1):
        await stage.backend.wait(container_id)

    state = await stage.backend.inspect(container_id)
    assert state is not None
    assert state.phase == "running"


async def test_a_container_is_found_by_id_and_by_name(stage: Stage) -> None:
    made = await stage.backend.create(stage.request("true"))

    by_id = await stage.backend.inspect(made.container_id)
    by_name = await stage.backend.inspect(made.name)

    assert by_id is not None
    assert by_name is not None
    assert by_id.container_id == by_name.container_id == made.container_id


async def test_what_never_was_is_none(stage: Stage) -> None:
    assert await stage.backend.inspect("never-was") is None
    assert await stage.backend.wait("never-was") is None
    assert await stage.backend.usage("never-was") is None


async def test_starting_what_runs_changes_nothing(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", "echo begun; sleep 60")
    await stage.until_printed(container_id, b"begun")

    await stage.backend.start(container_id)

    assert [frame.body for frame in await stage.backend.tail(container_id, 10)] == [b"begun\n"]


async def test_starting_what_has_ended_does_not_run_it_again(stage: Stage) -> None:
    ended = await stage.ended("sh", "-c", "echo once; exit 3")

    await stage.backend.start(ended.container_id)
    again = await stage.end_of(ended.container_id)

    assert again.exit_code == 3
    assert again.finished_at == ended.finished_at
    assert printed(await stage.output(ended.container_id), 1) == b"once\n"


async def test_starting_what_is_gone_says_so(stage: Stage) -> None:
    made = await stage.backend.create(stage.request("true"))
    await stage.backend.remove(made.container_id)

    with pytest.raises(ContainerLostError):
        await stage.backend.start(made.container_id)


async def test_a_command_that_does_not_exist_fails_the_start_for_good(stage: Stage) -> None:
    made = await stage.backend.create(stage.request("/nonexistent/program", init=False))

    for _ in range(2):
        with pytest.raises(ContainerStartError) as failure:
            await stage.backend.start(made.container_id)
        assert failure.value.exit_code == 127

    state = await stage.backend.inspect(made.container_id)
    assert state is not None
    assert state.phase != "running"
    assert state.exit_code == 127
    assert "/nonexistent/program" in state.error


async def test_a_command_that_init_cannot_find_is_told_from_an_exit_127(stage: Stage) -> None:
    made = await stage.backend.create(stage.request("/nonexistent/program", init=True))

    with suppress(ContainerStartError):  # some engines only learn it from init
        await stage.backend.start(made.container_id)
    state = await stage.end_of(made.container_id)

    assert state.exit_code == 127
    assert state.error
    own = await stage.ended("sh", "-c", "exit 127")
    assert (own.exit_code, own.error) == (127, "")


@pytest.mark.fault("F55")
async def test_a_removed_container_is_gone_and_removing_it_again_is_fine(stage: Stage) -> None:
    ended = await stage.ended("true")

    await stage.backend.remove(ended.container_id)
    await stage.backend.remove(ended.container_id)

    assert await stage.backend.inspect(ended.container_id) is None


async def test_removing_a_running_container_ends_the_waits_for_it(stage: Stage) -> None:
    container_id = await stage.started("sleep", "60")

    async with anyio.create_task_group() as group:
        group.start_soon(stage.backend.wait, container_id)
        await stage.backend.remove(container_id)

    assert await stage.backend.inspect(container_id) is None


async def test_a_home_lists_its_own_containers_in_every_phase(stage: Stage) -> None:
    created = await stage.backend.create(stage.request("true"))
    running = await stage.started("sleep", "60")
    ended = await stage.ended("true")
    other = await stage.backend.create(stage.request("true", labels=stage.labels(f"{stage.home_id}-other")))

    listed = {state.container_id: state.phase for state in await stage.backend.list_owned(stage.home_id)}

    assert listed == {created.container_id: "created", running: "running", ended.container_id: "exited"}
    assert [state.container_id for state in await stage.backend.list_owned(f"{stage.home_id}-other")] == [
        other.container_id
    ]


async def test_variables_and_folder_reach_the_process(stage: Stage) -> None:
    ended = await stage.ended(
        "sh", "-c", 'echo "$GREETING"; pwd', env={"GREETING": "a  b $c"}, workdir="/somewhere/else"
    )

    assert printed(await stage.output(ended.container_id), 1) == b"a  b $c\n/somewhere/else\n"


async def test_the_user_reaches_the_process(stage: Stage) -> None:
    ended = await stage.ended("id", "-u", user="1234:1234")

    assert printed(await stage.output(ended.container_id), 1) == b"1234\n"


async def test_an_entrypoint_goes_before_the_arguments(stage: Stage) -> None:
    ended = await stage.ended("second", entrypoint=("echo", "first"))

    assert printed(await stage.output(ended.container_id), 1) == b"first second\n"


async def test_without_arguments_the_images_own_command_runs(stage: Stage) -> None:
    assert (await stage.ended()).exit_code == 0


async def test_use_is_measured_while_the_container_runs(stage: Stage) -> None:
    container_id = await stage.started("sleep", "60")

    sample = await stage.backend.usage(container_id)
    await stage.backend.stop(container_id, 0)

    assert sample is not None
    assert sample.memory_bytes is not None
    assert sample.memory_bytes >= 0
    assert await stage.backend.usage(container_id) is None
