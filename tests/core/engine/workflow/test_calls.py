"""Files that a job calls: their jobs are nodes of the same run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from core import (
    EngineSettings,
    InvalidSpecError,
    LogQuery,
    NodeStatus,
    UnknownSecretError,
    WorkflowRequest,
    WorkflowStatus,
    open_engine,
)
from core.backends.simulated.backend import SimulatedBackend
from tests.core.engine.workflow.runs import conduct, ended, start, until

if TYPE_CHECKING:
    from core import Engine

CALLED = """
inputs: {level: {type: number, default: 1}, label: {type: string, required: true}}
jobs:
  build:
    image: busybox:1
    env: {LEVEL: "${{ inputs.level }}", LABEL: "${{ inputs.label }}"}
    commands: ['echo "id=$LABEL-$LEVEL" >> "$ORCAOPS_OUTPUT"']
  push: {image: busybox:1, needs: build, commands: [echo push]}
outputs:
  id: ${{ jobs.build.outputs.id }}
"""
CALLER = """
jobs:
  plan: {image: busybox:1, commands: ['echo "label=red" >> "$ORCAOPS_OUTPUT"']}
  parts:
    uses: ./called.yaml
    needs: plan
    with: {level: 7, label: "${{ needs.plan.outputs.label }}"}
  last:
    image: busybox:1
    needs: parts
    env: {ID: "${{ needs.parts.outputs.id }}"}
    commands: ['echo "seen=$ID" >> "$ORCAOPS_OUTPUT"']
"""


async def test_the_jobs_of_a_called_file_are_nodes_of_the_same_run(engine: Engine) -> None:
    over = await conduct(engine, CALLER, file_name="main.yaml", files={"called.yaml": CALLED})
    assert over.run.status is WorkflowStatus.SUCCESS
    assert set(over.results) == {"plan", "parts", "parts / build", "parts / push", "last"}
    assert dict(over.node("parts").outputs) == {"id": "red-7"}
    assert over.node("last").outputs == {"seen": "red-7"}
    assert over.node("parts").job_id is None
    push = over.node("parts / push")
    assert (push.job, push.needs) == ("parts / push", ("parts / build",))


async def test_a_failure_in_a_called_file_is_the_callers(engine: Engine) -> None:
    push = "{image: 'busybox:1', needs: build, commands: ['true']}"
    called = f"jobs: {{build: {{image: 'busybox:1', commands: [exit 5]}}, push: {push}}}"
    over = await conduct(
        engine,
        """
        jobs:
          parts: {uses: ./called.yaml}
          behind: {image: busybox:1, needs: parts, commands: [echo behind]}
          mend: {image: busybox:1, needs: parts, if: failure(), commands: [echo mend]}
        """,
        file_name="main.yaml",
        files={"called.yaml": called},
    )
    assert over.results == {
        "parts": "failure",
        "parts / build": "failure",
        "parts / push": "skipped",
        "behind": "skipped",
        "mend": "success",
    }
    failure = over.node("parts").failure
    assert failure is not None
    assert (failure.kind, failure.message.startswith("parts / build failed.")) == ("exit", True)


async def test_a_caller_that_does_not_run_has_no_nodes_below_it(engine: Engine) -> None:
    over = await conduct(
        engine,
        "jobs: {parts: {uses: ./called.yaml, if: inputs.go == 'yes', with: {label: x}}}\ninputs: {go: {default: 'no'}}",
        file_name="main.yaml",
        files={"called.yaml": CALLED},
    )
    assert over.results == {"parts": "skipped"}
    assert over.run.status is WorkflowStatus.SUCCESS


async def test_a_file_is_called_for_each_variant_of_a_matrix(engine: Engine) -> None:
    over = await conduct(
        engine,
        """
        jobs:
          parts:
            uses: ./called.yaml
            matrix: {label: [red, blue]}
            with: {label: "${{ matrix.label }}"}
          merge:
            image: busybox:1
            needs: parts
            env: {ALL: "${{ join(needs.parts.variants.*.outputs.id, ' ') }}"}
            commands: ['echo "all=$ALL" >> "$ORCAOPS_OUTPUT"']
        """,
        file_name="main.yaml",
        files={"called.yaml": CALLED},
    )
    assert over.results["parts-red / push"] == "success"
    assert over.node("merge").outputs == {"all": "red-1 blue-1"}


async def test_what_a_caller_hands_over_is_checked_when_it_is_known(engine: Engine) -> None:
    over = await conduct(
        engine,
        """
        jobs:
          plan: {image: busybox:1, commands: ['echo "level=many" >> "$ORCAOPS_OUTPUT"']}
          parts: {uses: ./called.yaml, needs: plan, with: {label: x, level: "${{ needs.plan.outputs.level }}"}}
        """,
        file_name="main.yaml",
        files={"called.yaml": CALLED},
    )
    failure = over.node("parts").failure
    assert failure is not None
    assert failure.kind == "expression"
    assert "inputs.level" in failure.message
    assert "parts / build" not in over.results


async def test_a_cancelled_run_stops_the_jobs_of_called_files(engine: Engine) -> None:
    called = """
    jobs:
      long: {image: busybox:1, commands: [sleep 600]}
      tidy: {image: busybox:1, needs: long, if: always(), commands: [echo tidy]}
    """
    workflow_id = await start(
        engine, "jobs: {parts: {uses: ./called.yaml}}", file_name="main.yaml", files={"called.yaml": called}
    )
    await until(engine, workflow_id, "parts / long", NodeStatus.RUNNING)
    await engine.cancel_workflow(workflow_id)
    over = await ended(engine, workflow_id)
    assert over.results == {"parts": "cancelled", "parts / long": "cancelled", "parts / tidy": "success"}
    assert over.run.status is WorkflowStatus.CANCELLED


async def test_a_called_file_goes_on_after_a_restart(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    called = CALLED.replace("commands: [echo push]", "commands: [sleep 600]")
    async with open_engine(settings, backend=backend) as engine:
        workflow_id = await start(engine, CALLER, file_name="main.yaml", files={"called.yaml": called})
        await until(engine, workflow_id, "parts / push", NodeStatus.RUNNING)
    async with open_engine(settings, backend=backend) as engine:
        node = await until(engine, workflow_id, "parts / push", NodeStatus.RUNNING)
        await engine.cancel_workflow(workflow_id, node="parts / push")
        over = await ended(engine, workflow_id)
    assert len(node.tries) == 1
    assert over.results["parts / build"] == "success"
    assert (over.results["parts / push"], over.results["parts"]) == ("cancelled", "cancelled")


async def test_secrets_are_handed_on_under_another_name_and_stay_masked(settings: EngineSettings) -> None:
    secret = settings.model_copy(update={"secrets": {"DEPLOY_TOKEN": SecretStr("tide-and-foam")}})
    called = """
    secrets: [TOKEN]
    jobs:
      use: {image: busybox:1, env: {T: "${{ secrets.TOKEN }}"}, commands: ['echo "[$T]"', '[ "$T" = tide-and-foam ]']}
    """
    text = "jobs: {parts: {uses: ./called.yaml, secrets: {TOKEN: '${{ secrets.DEPLOY_TOKEN }}'}}}"
    async with open_engine(secret) as engine:
        over = await conduct(engine, text, file_name="main.yaml", files={"called.yaml": called})
        job_id = over.node("parts / use").job_id
        assert job_id is not None
        lines = [line.text for line in (await engine.read_logs(job_id, LogQuery())).lines]
    assert over.run.status is WorkflowStatus.SUCCESS
    assert lines == ["[***]"]
    assert "tide-and-foam" not in repr(over)


async def test_a_missing_secret_is_named_before_anything_starts(engine: Engine) -> None:
    called = "secrets: [TOKEN]\njobs: {one: {image: 'busybox:1', commands: ['true']}}"
    text = "secrets: [A, B]\njobs: {parts: {uses: ./called.yaml, secrets: {TOKEN: '${{ secrets.A }}'}}}"
    request = WorkflowRequest(text=text, file_name="main.yaml", files={"called.yaml": called})
    with pytest.raises(UnknownSecretError) as caught:
        await engine.run_workflow(request)
    assert caught.value.message.startswith("secrets: this engine has no secret named A, B, TOKEN (in ./called.yaml")
    assert not (await engine.list_workflows()).items


async def test_a_secret_made_of_something_else_than_a_secret_is_refused(engine: Engine) -> None:
    called = "secrets: [TOKEN]\njobs: {one: {image: 'busybox:1', commands: ['true']}}"
    text = "jobs: {parts: {uses: ./called.yaml, secrets: {TOKEN: 'x-${{ secrets.A }}'}}}"
    request = WorkflowRequest(text=text, file_name="main.yaml", files={"called.yaml": called})
    with pytest.raises(InvalidSpecError) as caught:
        await engine.run_workflow(request)
    assert [finding.path for finding in caught.value.findings] == ["jobs.parts.secrets.TOKEN"]


async def test_the_group_of_a_called_file_is_its_callers(engine: Engine) -> None:
    called = "concurrency: {group: live, queue: max}\njobs: {one: {image: 'busybox:1', commands: ['true']}}"
    over = await conduct(
        engine,
        "jobs: {parts: {uses: ./called.yaml, matrix: {part: [1, 2]}}}",
        file_name="main.yaml",
        files={"called.yaml": called},
    )
    first, second = (over.node(node_id) for node_id in ("parts-1", "parts-2"))
    assert over.run.status is WorkflowStatus.SUCCESS
    assert first.finished_at is not None
    assert second.started_at is not None
    assert first.finished_at <= second.started_at


async def test_each_job_of_a_called_file_has_the_files_services_for_itself(engine: Engine) -> None:
    called = """
    services: {db: {image: "postgres:15", env: {POSTGRES_PASSWORD: open}}}
    jobs:
      one: {image: busybox:1, commands: ['echo "$DB_HOST:$DB_PORT"']}
    """
    over = await conduct(
        engine, "jobs: {parts: {uses: ./called.yaml}}", file_name="main.yaml", files={"called.yaml": called}
    )
    job_id = over.node("parts / one").job_id
    assert job_id is not None
    assert [line.text for line in (await engine.read_logs(job_id, LogQuery())).lines] == ["db:5432"]
    assert over.run.services == ()
