"""What a plan foresees for given outcomes is what becomes of the nodes when jobs end so."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from core import EngineSettings, QueueSettings, check_workflow, open_engine
from tests.core.engine.workflow.runs import conduct

if TYPE_CHECKING:
    from pathlib import Path

CONDITIONS = ("", "", "", "always()", "failure()", "!cancelled()", "needs.{need}.result == 'success'")


def made_up(chance: random.Random) -> tuple[str, dict[str, str]]:
    """A workflow, and the nodes of it that fail."""
    jobs: dict[str, dict[str, Any]] = {}
    fails: dict[str, str] = {}
    names: list[str] = []
    for number in range(chance.randint(4, 9)):
        name = f"j{number}"
        job: dict[str, Any] = {"image": "busybox:1"}
        needs = chance.sample(names, k=min(len(names), chance.choice([0, 1, 1, 2, 3])))
        after = chance.sample([each for each in names if each not in needs], k=0 if chance.random() < 0.7 else 1) if (
            len(names) > len(needs)
        ) else []  # fmt: skip
        job["needs"] = [{"job": each, "optional": chance.random() < 0.3} for each in needs]
        job["after"] = after
        condition = chance.choice(CONDITIONS)
        if needs or "needs." not in condition:
            job["if"] = condition.format(need=needs[0] if needs else "")
        variants = ["a", "b"] if chance.random() < 0.3 else []
        if variants:
            job["matrix"], job["fail_fast"] = {"part": variants}, False
        failing = [part for part in (variants or [""]) if chance.random() < 0.3]
        bad = f"contains(fromJSON('{json.dumps(failing)}'), matrix.part)" if variants else str(bool(failing)).lower()
        job["env"] = {"FATE": f"${{{{ {bad} && 'bad' || 'good' }}}}"}
        job["commands"] = ['[ "$FATE" = good ]']
        if chance.random() < 0.2:
            job["continue_on_error"] = True
        fails |= {f"{name}-{part}" if part else name: "failure" for part in failing}
        jobs[name] = {key: value for key, value in job.items() if value not in ([], "")}
        names.append(name)
    if chance.random() < 0.5:
        jobs["last"] = {
            "image": "busybox:1", "commands": ["true"], "on_complete": chance.choice(["always", "success", "failure"]),
        }  # fmt: skip
    return json.dumps({"jobs": jobs}), fails


@pytest.mark.parametrize("seed", range(12))
async def test_a_run_comes_to_what_its_plan_foresees(tmp_path: Path, seed: int) -> None:
    text, fails = made_up(random.Random(seed))  # noqa: S311 -- made-up workflows, no secret
    check = check_workflow(text, assume=fails)
    assert check.plan is not None, check.findings
    foreseen = {node.id: {str(result) for result in node.results} for node in check.plan.nodes}
    settings = EngineSettings(home=tmp_path / "home", backend="simulated", queue=QueueSettings(max_running=8))
    async with open_engine(settings) as engine:
        over = await conduct(engine, text)
    assert {node_id: {result} for node_id, result in over.results.items()} == foreseen
    assert check.plan.status is not None
    assert over.run.status.value == check.plan.status.value
