"""Whatever text a container is given, the simulation lives on."""

from __future__ import annotations

from typing import Final

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.backends.simulated import SimulatedBackend
from core.backends.simulated.control import CONTROL
from core.backends.simulated.programs import PROGRAMS
from core.testing.clock import MovingClock
from core.testing.factories import a_container_request

pytestmark = pytest.mark.slow

SIGNS: Final = ("\n", "\n<<EOF\n", "\nEOF\n", "\x1e", "\x00", "9" * 30, "$(", "$((", "))", "${X", "\\", "`", "²", "é")
PLAIN: Final = """' " $ $X } ) ( { ; && || | & < > >> <<EOF 2>&1 &2 ! [ ] ~ * #
if then else elif fi while until do done for in case esac X= X=$X$X /tmp/a -c -eq 1 -1 nan inf 0.1 %s %09999999d TERM
nope pytest"""
PIECES: Final = (*SIGNS, *PLAIN.split(), *CONTROL, *PROGRAMS)


@pytest.mark.parametrize("strict", [False, True])
@settings(max_examples=150, deadline=None)
@given(text=st.lists(st.just(" ") | st.sampled_from(PIECES), max_size=40).map("".join))
async def test_any_text_runs_to_an_end_or_can_be_stopped(strict: bool, text: str) -> None:
    clock = MovingClock()
    backend = SimulatedBackend(clock=clock)
    script = f"X=1; set -e\n{text}" if strict else text
    made = await backend.create(a_container_request(argv=("sh", "-c", script)))

    with anyio.fail_after(60):
        await backend.start(made.container_id)
        for _ in range(5):
            clock.advance(0.3)
            await backend.inspect(made.container_id)
        await backend.stop(made.container_id, 0)

    state = await backend.inspect(made.container_id)
    assert state is not None
    assert state.phase == "exited"
    assert state.exit_code is not None
    assert 0 <= state.exit_code <= 255
