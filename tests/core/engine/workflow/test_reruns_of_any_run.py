"""Whatever a run was: after a rerun with a changed file, it stands as a fresh run of that file would."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from core import InvalidArgumentError, RerunRequest, RerunSource
from tests.core.engine.workflow.runs import conduct, ended

if TYPE_CHECKING:
    from core import Engine

Jobs = dict[str, dict[str, Any]]

_CONDITIONS = ("", "", "", "always()", "failure()", "!cancelled()", "needs.*.result == 'x' || success()")
_COMMANDS = ("exit 0", "exit 0", "exit 1", "true")


def a_workflow(chance: random.Random) -> Jobs:
    """Jobs that hand on what they were given, of which some fail."""
    jobs: Jobs = {}
    for number in range(chance.randint(3, 7)):
        name = f"job{number}"
        above = [other for other, job in jobs.items() if "on_complete" not in job]
        needs = chance.sample(above, min(len(above), chance.randint(0, 2)))
        given = "".join(f"${{{{ needs.{need}.outputs.x }}}}" for need in needs)
        job: dict[str, Any] = {
            "image": "busybox:1",
            "commands": [f'echo "x=<{name}{given}>" >> "$ORCAOPS_OUTPUT"', chance.choice(_COMMANDS)],
        }
        if needs:
            job["needs"] = needs
            condition = chance.choice(_CONDITIONS)
            job |= {"if": condition} if condition else {}
        if chance.random() < 0.2:
            job["allow_failure"] = True
        if chance.random() < 0.3:
            job |= {"matrix": {"part": ["a", "b"]}, "fail_fast": False}
            job["commands"][-1] = chance.choice(("true", 'test "${{ matrix.part }}" = a'))
        if chance.random() < 0.1 and not needs:
            job["on_complete"] = "always"
        jobs[name] = job
    return jobs


def changed(jobs: Jobs, chance: random.Random) -> Jobs:
    """The same with other commands here and there."""
    other: Jobs = json.loads(json.dumps(jobs))
    for job in other.values():
        if chance.random() < 0.4:
            job["commands"][-1] = chance.choice(_COMMANDS)
        if chance.random() < 0.1:
            job["env"] = {"NEW": "1"}
    return other


@pytest.mark.parametrize("seed", range(8))
async def test_a_rerun_ends_as_a_fresh_run_would(engine: Engine, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- a test's choices
    jobs = a_workflow(chance)
    first = await conduct(engine, json.dumps({"jobs": jobs}))
    for _ in range(2):
        jobs = changed(jobs, chance)
        text = json.dumps({"jobs": jobs})
        fresh = await conduct(engine, text)
        selection = chance.choice(("failed", "from"))
        request = RerunRequest(
            selection="failed" if selection == "failed" else "from",
            jobs=() if selection == "failed" else (chance.choice(sorted(jobs)),),
            source=RerunSource(text=text),
            include_tolerated=chance.random() < 0.3,
        )
        try:
            found = await engine.rerun_workflow(first.run.workflow_id, request)
        except InvalidArgumentError:  # nothing would run: what there is stands as it is
            again = first
        else:
            again = await ended(engine, first.run.workflow_id)
            assert {node.node_id for node in found.plan.kept} == {
                node.node_id for node in again.nodes if node.kept_from is not None
            }
        assert again.results == fresh.results
        assert {node.node_id: node.outputs for node in again.nodes} == {
            node.node_id: node.outputs for node in fresh.nodes
        }
        assert again.run.status is fresh.run.status
        first = again
