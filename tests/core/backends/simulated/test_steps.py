"""The engine's step program, as the simulated shell runs it."""

from __future__ import annotations

import io
import re
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core.backends.simulated import SimulatedBackend
from core.engine.planning import plan_steps
from core.engine.script import step_program
from core.testing.clock import MovingClock
from core.testing.factories import a_container_request, a_job_spec
from core.testing.stage import printed

if TYPE_CHECKING:
    from core.backends.base import ContainerState

TOKEN = "0123456789abcdef" * 2


@dataclass
class Ran:
    """What became of a job with steps."""

    state: ContainerState
    out: str
    notes: list[str]
    supervisor: list[str]


async def begin(backend: SimulatedBackend, *steps: Any, env: dict[str, str] | None = None) -> str:
    spec = a_job_spec(commands=steps, cancel_grace_s=2)
    made = await backend.create(a_container_request(argv=("sh", "/orcaops/main"), env=env or {}))
    await backend.put(made.container_id, "/orcaops", step_program(spec, plan_steps(spec), TOKEN))
    await backend.start(made.container_id)
    return made.container_id


async def finish(backend: SimulatedBackend, container_id: str) -> Ran:
    with anyio.fail_after(60):
        state = await backend.wait(container_id)
    assert state is not None
    frames = await backend.tail(container_id, 1000)
    data = bytearray()
    async with backend.archive(container_id, "/orcaops/steps") as chunks:
        async for chunk in chunks:
            data += chunk
    with tarfile.open(fileobj=io.BytesIO(bytes(data))) as tar:
        opened = tar.extractfile("steps")
        text = opened.read().decode() if opened else ""
    supervisor = [line for line in text.splitlines() if line[0] not in "ber"]
    notes = re.findall(r"^([be] [0-9 ]+) [0-9]+\.[0-9]{2}$", text, re.MULTILINE)
    marks = re.findall(rf"\x1e{TOKEN} ([be] [0-9 ]+) [0-9]+\.[0-9]{{2}}\n", printed(frames, 1).decode())
    assert marks == notes
    assert printed(frames, 2).count(b"\x1e") == len(notes)
    out = re.sub("\x1e[^\n]*\n", "", printed(frames, 1).decode())
    return Ran(state, out, notes, supervisor)


async def ran(*steps: Any, env: dict[str, str] | None = None) -> Ran:
    backend = SimulatedBackend()
    return await finish(backend, await begin(backend, *steps, env=env))


async def test_folder_and_variables_carry_over_to_the_next_step() -> None:
    done = await ran("cd /tmp; X=5", 'echo "$PWD $X"')

    assert done.out == "/tmp 5\n"
    assert done.notes == ["b 0", "e 0 0", "b 1", "e 1 0"]
    assert done.state.exit_code == 0


async def test_the_first_failing_step_ends_the_job_with_its_code() -> None:
    done = await ran("true", "echo a\n(exit 3)\necho no", "echo never")

    assert done.out == "a\n"
    assert done.notes == ["b 0", "e 0 0", "b 1", "e 1 3"]
    assert done.state.exit_code == 3


async def test_a_syntax_error_ends_its_own_step() -> None:
    done = await ran("echo a", "echo 'open")

    assert done.notes == ["b 0", "e 0 0", "b 1", "e 1 2"]
    assert done.state.exit_code == 2


async def test_a_step_may_hold_documents_loops_and_lines_like_the_engines_own() -> None:
    done = await ran("cat <<EOF\norca_end 7\nEOF\nfor i in 1 2; do\n  echo $i\ndone", "echo orca_begin 9")

    assert done.out == "orca_end 7\n1\n2\norca_begin 9\n"
    assert done.notes == ["b 0", "e 0 0", "b 1", "e 1 0"]


async def test_an_exit_in_a_step_ends_the_job_there() -> None:
    done = await ran("exit 0", "echo never")

    assert done.out == ""
    assert done.notes == ["b 0", "e 0 0"]
    assert done.state.exit_code == 0


async def test_a_stop_ends_the_open_step_with_143_and_its_time() -> None:
    clock = MovingClock()
    backend = SimulatedBackend(clock=clock)
    container_id = await begin(backend, "sleep 60")
    clock.advance(1.5)

    await backend.stop(container_id, 10)
    done = await finish(backend, container_id)

    assert done.notes == ["b 0", "e 0 143"]
    assert done.supervisor == ["s 0.00", "t 1.50", "x 143", "u memory 9500000", "u cpu_us 300000"]
    assert done.state.exit_code == 143
    frames = await backend.tail(container_id, 10)
    assert f"\x1e{TOKEN} b 0 0.00\n".encode() in printed(frames, 1)
    assert f"\x1e{TOKEN} e 0 143 1.50\n".encode() in printed(frames, 1)


async def test_a_steps_own_trap_chooses_the_code() -> None:
    clock = MovingClock()
    backend = SimulatedBackend(clock=clock)
    container_id = await begin(backend, "trap 'echo cleaned; exit 9' TERM\nsleep 60")

    await backend.stop(container_id, 10)
    done = await finish(backend, container_id)

    assert (done.out, done.notes, done.state.exit_code) == ("cleaned\n", ["b 0", "e 0 9"], 9)
    assert done.supervisor[1:3] == ["t 0.00", "x 9"]


async def test_a_step_that_ignores_the_stop_is_killed_and_leaves_no_end() -> None:
    backend = SimulatedBackend(clock=MovingClock())
    container_id = await begin(backend, "trap '' TERM\nsleep 60")

    await backend.stop(container_id, 0)
    done = await finish(backend, container_id)

    assert (done.notes, done.supervisor, done.state.exit_code) == (["b 0"], ["s 0.00", "t 0.00"], 137)


@pytest.mark.parametrize(("code", "last"), [("0", "e 1 0"), ("4", "e 1 4")])
async def test_the_environment_steers_the_last_step(code: str, last: str) -> None:
    done = await ran("echo a", "echo b", env={"SIMULATE_LINES": "2", "SIMULATE_EXIT": code})

    assert done.out == "a\nb\n[simulated] line 1 of 2\n[simulated] line 2 of 2\n"
    assert done.notes == ["b 0", "e 0 0", "b 1", last]
    assert done.state.exit_code == int(code)
