"""What the page about the jobs of workflows says is what they are given."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest
from pydantic import SecretStr

from core import (
    EngineSettings,
    FailureKind,
    WorkflowRequest,
    WorkflowStatus,
    check_workflow,
    open_engine,
)
from core.engine.workflow.retrying import decide_retry
from core.plan.expressions.surroundings import Surroundings
from core.spec.node import KeepSpec
from core.spec.workflow import RetrySpec

if TYPE_CHECKING:
    from core import Engine, WorkflowRun

_PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "jobs-of-workflows.md").read_text("utf-8")
_EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)
_GITHUB = {
    name: f"the {name}"
    for name in (
        "sha", "ref", "ref_name", "head_ref", "base_ref", "event_name", "actor", "repository", "server_url",
    )
}  # fmt: skip


def names_of(heading: str) -> set[str]:
    """The names in the first column of the table below a heading."""
    _, _, below = _PAGE.partition(f"## {heading}\n")
    rows = re.findall(r"^\| (`.*?) \|", below.partition("\n## ")[0], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


async def ran(engine: Engine, text: str) -> WorkflowRun:
    run = (await engine.run_workflow(WorkflowRequest(text=text, context={"github": _GITHUB}))).run
    with anyio.fail_after(30), engine.subscribe([run.workflow_id]) as news:
        while not (found := await engine.get_workflow(run.workflow_id)).is_finished:
            await news.wait()
            news.take()
    return found


async def test_the_variables_of_the_table_are_those_a_job_finds(engine: Engine) -> None:
    run = await ran(engine, "jobs: {show: {image: busybox, commands: [env], shell: sh}}")
    node = await engine.workflow_node(run.workflow_id, "show")
    lines = [line.text for line in (await engine.read_logs(node.job_id or "")).lines]
    found = {line.partition("=")[0] for line in lines if line.startswith(("ORCAOPS", "GITHUB", "CI="))}
    of_steps = {f"{of}_{name}" for of in ("ORCAOPS", "GITHUB") for name in ("OUTPUT", "ENV", "PATH", "STEP_SUMMARY")}
    assert found - of_steps == names_of("Variables")


def test_the_words_of_retries_are_those_of_the_table() -> None:
    _, _, below = _PAGE.partition("## Further tries\n")
    rows = dict(re.findall(r"^\| `(\w+)` \| (`.*?) \|$", below.partition("\n## ")[0], re.MULTILINE))
    told = {word: set(re.findall(r"`(\w+)`", kinds)) for word, kinds in rows.items()}
    surroundings = Surroundings({})
    for word, kinds in told.items():
        spec = RetrySpec(max=1, when=(word,))
        found = {
            kind.value
            for kind in FailureKind
            if decide_retry(spec, 1, kind, 1, lambda: surroundings).delay_s is not None
        }
        assert found == kinds
    assert set().union(*told.values()) == {kind.value for kind in FailureKind} - {"expression", "policy"}


def test_the_keys_of_artifacts_are_all_there() -> None:
    assert names_of("Files") == {"path", "paths", "exclude", "when", "if_missing", "expires"}
    assert {"paths", "exclude", "when", "if_missing", "expires_s"} == set(KeepSpec.model_fields) - {"is_late"}


@pytest.mark.parametrize("example", _EXAMPLES)
def test_every_example_is_a_workflow_without_faults(example: str) -> None:
    assert check_workflow(example).findings == ()


async def test_the_example_with_files_runs(engine: Engine) -> None:
    (example,) = (text for text in _EXAMPLES if "matrix: same" in text)
    assert (await ran(engine, example)).status is WorkflowStatus.SUCCESS


async def test_jobs_of_the_example_with_networks_reach_what_they_say(engine: Engine) -> None:
    (example,) = (text for text in _EXAMPLES if "network: bridge" in text)
    await ran(engine, example.replace("./check.sh", "'true'").replace("./publish.sh", "'true'"))
    jobs = (await engine.list_jobs()).items
    held = {job.workflow.node_id: (job.spec.profile, job.spec.network) for job in jobs if job.workflow}
    assert held == {"check": ("strict", "none"), "publish": ("standard", "bridge")}


async def test_the_example_with_a_secret_is_stored_without_it(settings: EngineSettings) -> None:
    (example,) = (text for text in _EXAMPLES if "DEPLOY_TOKEN" in text)
    chosen = settings.model_copy(update={"secrets": {"DEPLOY_TOKEN": SecretStr("sesame-open")}})
    async with open_engine(chosen) as engine:
        await ran(engine, example.replace("./deploy.sh", "echo"))
        (job,) = (await engine.list_jobs()).items
        (line,) = (await engine.read_logs(job.job_id)).lines
        assert line.text == "https://ci:***@deploy.example.com"
        assert "sesame-open" not in job.spec.model_dump_json()
