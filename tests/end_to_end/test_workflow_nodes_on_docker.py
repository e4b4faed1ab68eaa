"""What a node's job is given on a real Docker Engine: variables, secrets, services, and files of the jobs it needs."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import anyio.to_thread
import pytest
from pydantic import SecretStr

from core import FailureKind, WorkflowRequest, open_engine
from scripts.container_engine.state import state_folder
from tests.end_to_end.flowing import ended, printed, ran, running_node, submitted, told

if TYPE_CHECKING:
    from core import Engine, EngineSettings, WorkflowNode, WorkflowRun
    from tests.end_to_end.operator import Operator

pytestmark = pytest.mark.docker

TOKEN = "sesame-open-sesame"


@pytest.fixture
def docker_settings(docker_settings: EngineSettings) -> EngineSettings:
    return docker_settings.model_copy(update={"secrets": {"TOKEN": SecretStr(TOKEN)}})


async def run(engine: Engine, text: str) -> tuple[WorkflowRun, dict[str, WorkflowNode]]:
    """Run a file to its end; the run, and its nodes by id."""
    return await ran(engine, WorkflowRequest(text=dedent(text)))


async def test_outputs_files_and_variables_go_from_job_to_job(docker_engine: Engine) -> None:
    found, nodes = await run(
        docker_engine,
        """
        name: ci
        defaults: {image: busybox, env: {LOW: defaults, MIDDLE: defaults}}
        env: {MIDDLE: workflow, HIGH: workflow}
        jobs:
          build:
            commands:
              - mkdir -p out; echo built > out/app; echo 1 > /srv.txt; seq 40000 > out/big
              - echo "tag=1.0" >> "$ORCAOPS_OUTPUT"
            artifacts: [{path: out, exclude: "**/*.tmp"}, /srv.txt]
          test:
            needs: build
            user: "1000:1000"
            env: {HIGH: job, TAG: "${{ needs.build.outputs.tag }}"}
            commands:
              - cat "$ORCAOPS_NEEDS_DIR/build/out/app" "$ORCAOPS_NEEDS_DIR/build/srv.txt"
              - tail -n 1 "$ORCAOPS_NEEDS_DIR/build/out/big"
              - exec 2>&1  # Docker promises no order between two streams
              - if touch "$ORCAOPS_NEEDS_DIR/build/new" || rm -f "$ORCAOPS_NEEDS_DIR/build/out/app"; then exit 9; fi
              - echo "$LOW $MIDDLE $HIGH $TAG ${{ needs.build.outputs.tag }}"
              - echo "$ORCAOPS_WORKFLOW $ORCAOPS_JOB $ORCAOPS_ATTEMPT $GITHUB_JOB $CI"
              - '[ "$GITHUB_WORKSPACE" = "$PWD" ] && [ "$ORCAOPS_RUN_ID" = "${{ run.id }}" ]'
        """,
    )
    lines = await printed(docker_engine, nodes["test"])
    assert (str(found.status), lines[:3], lines[-2:]) == (
        "success", ["built", "1", "40000"], ["defaults workflow job 1.0 1.0", "ci test 1 test true"],
    )  # fmt: skip


async def test_variants_find_the_files_of_the_same_variant_alone(docker_engine: Engine) -> None:
    found, nodes = await run(
        docker_engine,
        """
        defaults: {image: busybox}
        jobs:
          build:
            matrix: {arch: [amd, arm]}
            commands: ["echo ${{ matrix.arch }} > app"]
            artifacts: app
          test:
            matrix: {arch: [amd, arm]}
            needs: [{job: build, matrix: same}]
            commands: ["cd $ORCAOPS_NEEDS_DIR && find . -type f && cat build/app"]
          all:
            needs: build
            commands: ["cd $ORCAOPS_NEEDS_DIR && find . -type f | sort"]
          none:
            needs: [{job: build, artifacts: false}]
            commands: ['[ ! -e "$ORCAOPS_NEEDS_DIR/build" ]']
        """,
    )
    assert str(found.status) == "success"
    said = [await printed(docker_engine, node) for node in nodes.values() if node.job == "test"]
    assert said == [["./build/app", "amd"], ["./build/app", "arm"]]
    variants = sorted(node.node_id for node in nodes.values() if node.job == "build")
    assert await printed(docker_engine, nodes["all"]) == [f"./build/{variant}/app" for variant in variants]


async def test_secrets_reach_jobs_and_services_and_are_masked_in_logs(docker_engine: Engine) -> None:
    found, nodes = await run(
        docker_engine,
        """
        secrets: [TOKEN]
        env: {URL: "http://me:${{ secrets.TOKEN }}@db"}
        jobs:
          use:
            image: busybox
            services:
              db:
                image: redis:7
                command: ["sh", "-c", "exec redis-server --requirepass \\"$$REDIS_PASSWORD\\""]
                env: {REDIS_PASSWORD: "${{ secrets.TOKEN }}"}
            env: {PLACE: "${{ services.db.host }}:${{ services.db.port }}"}
            commands:
              - echo "$URL $DB_URL $PLACE $DB_HOST:$DB_PORT"
              - printf 'AUTH %s\\r\\nPING\\r\\nQUIT\\r\\n' '${{ secrets.TOKEN }}' | nc "$DB_HOST" "$DB_PORT"
              - '[ "${#URL}" = 31 ] && echo "url=$URL" >> "$ORCAOPS_OUTPUT"'
        """.replace("$$", "$"),
    )
    node = nodes["use"]
    lines = [line.strip() for line in await printed(docker_engine, node)]
    assert str(found.status) == "success", await told(docker_engine, found, nodes)
    assert lines[0] == "http://me*** redis://***:6379 db:6379 db:6379"
    assert lines[1:4] == ["+OK", "+PONG", "+OK"]
    assert (node.outputs, node.warnings) == ({}, ("The output url holds a secret and is not published.",))
    record = await docker_engine.get_job(node.job_id or "")
    assert TOKEN not in record.spec.model_dump_json()


async def test_a_tolerated_exit_code_lets_the_run_succeed_and_a_further_try_knows_its_number(
    docker_engine: Engine,
) -> None:
    found, nodes = await run(
        docker_engine,
        """
        defaults: {image: busybox}
        jobs:
          odd: {commands: [exit 42], continue_on_error: {exit_codes: [42]}}
          again:
            needs: odd
            commands: ['[ "$ORCAOPS_ATTEMPT" = 2 ]', "echo ${{ job.attempt }} ${{ needs.odd.outcome }}"]
            retry: {max: 2, if: "${{ job.exit_code == 1 }}"}
          broken: {after: odd, commands: ["true"], artifacts: [{path: none, if_missing: error}]}
        """,
    )
    assert (str(found.status), nodes["odd"].is_tolerated, nodes["odd"].exit_code) == ("partial", True, 42)
    assert [one.exit_code for one in nodes["again"].tries] == [1, 0]
    assert await printed(docker_engine, nodes["again"]) == ["2 failure"]
    failure = nodes["broken"].failure
    assert failure is not None
    assert failure.kind is FailureKind.ARTIFACT


@pytest.mark.parametrize(("signal", "commands"), [("SIGHUP", True), ("SIGINT", False)])
async def test_a_job_hears_the_signal_it_names(docker_engine: Engine, signal: str, *, commands: bool) -> None:
    wait = f"trap 'echo heard; exit 3' {signal.removeprefix('SIG')}; echo up; while :; do sleep 0.1; done"
    # an image with a command of its own that traps is not at hand: its entrypoint stands for it
    body = f'commands: ["{wait}"]' if commands else "commands: []"
    image = "busybox" if commands else f'{{name: busybox, entrypoint: [sh, -c, "{wait}"]}}'
    workflow_id = await submitted(
        docker_engine, WorkflowRequest(text=f"jobs: {{a: {{image: {image}, {body}, stop_signal: {signal}}}}}")
    )
    node = await running_node(docker_engine, workflow_id, "a")
    await docker_engine.wait([node.job_id or ""], until="log_match", pattern="up", timeout_s=30)
    await docker_engine.cancel_workflow(workflow_id)
    await ended(docker_engine, workflow_id)
    lines = await printed(docker_engine, node)
    assert lines[0] == "up"
    assert "heard" in lines


async def test_a_private_image_is_pulled_with_the_credentials_of_the_job(
    docker_settings: EngineSettings, operator: Operator
) -> None:
    image = "127.0.0.1:5001/private/busybox:1"
    secrets = {
        "PASSWORD": SecretStr((state_folder() / "registry-password").read_text()),
        "WRONG": SecretStr("not the password"),
    }
    job = "{{image: {{name: {image}, pull: always, credentials: {login}}}, commands: [echo up]}}"
    logins = {name: f"{{username: orcaops, password: '${{{{ secrets.{name} }}}}'}}" for name in secrets}
    jobs = ", ".join(f"{name}: {job.format(image=image, login=login)}" for name, login in logins.items())
    try:
        async with open_engine(docker_settings.model_copy(update={"secrets": secrets})) as engine:
            _, nodes = await run(engine, f"jobs: {{{jobs}}}")
            assert await printed(engine, nodes["PASSWORD"]) == ["up"]
            failure = nodes["WRONG"].failure
    finally:
        await anyio.to_thread.run_sync(operator.forget_image, image)
    assert failure is not None
    assert failure.kind is FailureKind.REGISTRY_AUTH
