"""Files that nodes keep, and files of the jobs they need: by which rules, and where they lie; simulated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core import Engine, FailureKind, Job, JobStatus, open_engine
from core.backends.simulated.backend import SimulatedBackend
from core.engine.retention import Retention
from core.engine.workflow.node_job import make_node_job
from core.engine.workflow.node_setting import NodeFaultError, Producer
from tests.core.engine.workflow.settings_of_nodes import a_setting

if TYPE_CHECKING:
    from core import EngineSettings
    from core.engine.parts import Parts
    from core.testing.clock import MovingClock


def parts_of(engine: Engine) -> Parts:
    return engine._parts  # pyright: ignore[reportPrivateUsage] -- the seam stands below the front door


async def ended(engine: Engine, *lines: str, **changes: Any) -> Job:
    """The job of a node whose definition has these lines, once it has ended."""
    text = "\n".join(["jobs:", "  build:", "    image: busybox", *(f"    {line}" for line in lines)])
    made = await make_node_job(parts_of(engine), a_setting(text, **changes), engine.admit)
    with anyio.fail_after(60):
        job_id = (await engine.submit_job(made.spec)).job.job_id
        return await engine.wait_for_job(job_id)


async def kept(engine: Engine, job: Job) -> dict[str, str]:
    return {artifact.path: artifact.state for artifact in await engine.list_artifacts(job.job_id)}


async def printed(engine: Engine, job: Job) -> list[str]:
    return [line.text for line in (await engine.read_logs(job.job_id)).lines]


# --- what is kept


MAKE = 'commands: ["mkdir -p out/tmp; echo 1 > out/a; echo 2 > out/b.log; echo 3 > out/tmp/c", "CODE"]'


@pytest.mark.parametrize(("code", "paths"), [("true", {"out/a"}), ("exit 1", {"out/b.log"})])
async def test_rules_hold_for_the_end_they_name(engine: Engine, code: str, paths: set[str]) -> None:
    job = await ended(
        engine,
        MAKE.replace("CODE", code),
        "artifacts:",
        "  - {path: out/a, when: success}",
        "  - {path: out/b.log, when: failure}",
    )
    assert set(await kept(engine, job)) == paths


async def test_what_is_excluded_is_left_out_with_all_below_it(engine: Engine) -> None:
    job = await ended(engine, MAKE.replace("CODE", "true"), "artifacts: [{path: out, exclude: [out/tmp, '**/*.log']}]")
    assert await kept(engine, job) == {"out/a": "kept"}


@pytest.mark.parametrize(
    ("rule", "status", "states", "warnings"),
    [
        ("warn", JobStatus.SUCCESS, {"none": "missing"}, ("artifact none: nothing is there",)),
        ("ignore", JobStatus.SUCCESS, {}, ()),
        ("error", JobStatus.FAILED, {"none": "missing"}, ("artifact none: nothing is there",)),
    ],
)
async def test_files_that_are_not_there_are_what_the_rule_says(
    engine: Engine, rule: str, status: JobStatus, states: dict[str, str], warnings: tuple[str, ...]
) -> None:
    job = await ended(engine, "commands: ['true']", f"artifacts: [{{path: none, if_missing: {rule}}}]")
    assert (job.status, await kept(engine, job), job.warnings) == (status, states, warnings)
    if job.failure is not None:
        assert job.failure.kind is FailureKind.ARTIFACT
        assert job.failure.message == "Files that have to be kept are not there: none: nothing is there."


async def test_files_that_have_to_be_there_do_not_hide_a_failure_that_came_first(engine: Engine) -> None:
    job = await ended(engine, "commands: [exit 4]", "artifacts: [{path: none, if_missing: error}]")
    assert job.failure is not None
    assert (job.failure.kind, job.exit_code) == (FailureKind.EXIT, 4)


async def test_one_of_several_paths_is_enough(engine: Engine) -> None:
    job = await ended(engine, MAKE.replace("CODE", "true"), "artifacts: [{paths: [none, out/a], if_missing: error}]")
    assert job.status is JobStatus.SUCCESS


async def test_paths_may_read_what_the_steps_wrote(engine: Engine) -> None:
    job = await ended(
        engine,
        "env: {TOP: out}",
        "steps:",
        '  - {id: one, run: "mkdir out; echo 1 > out/x-7; echo name=x-7 >> $ORCAOPS_OUTPUT"}',
        '  - {id: two, run: "exit 1", continue_on_error: true}',
        "artifacts: ['${{ env.TOP }}/${{ steps.one.outputs.name }}', '${{ steps.two.outcome }}.txt']",
    )
    assert await kept(engine, job) == {"out/x-7": "kept", "failure.txt": "missing"}


@pytest.mark.parametrize("path", ["${{ fromJSON(steps.one.outputs.none) }}", "${{ steps.one.outputs.none }}"])
async def test_a_path_that_comes_to_nothing_fails_the_job(engine: Engine, path: str) -> None:
    job = await ended(engine, "steps: [{id: one, run: 'true'}]", f'artifacts: ["{path}"]')
    assert job.failure is not None
    assert job.failure.kind is FailureKind.EXPRESSION
    assert job.failure.message.startswith("Artifacts: ")


# --- what is put in


async def test_files_of_needed_jobs_lie_below_a_folder_for_each(engine: Engine) -> None:
    first = await ended(
        engine, 'commands: ["mkdir -p out; echo 1 > out/a", "echo 2 > /srv.txt"]', "artifacts: [out, /srv.txt]"
    )
    packed = await ended(engine, "commands: [seq 40000 > big]", "artifacts: [big]")
    assert (await engine.open_artifact(packed.job_id, "big")).encoding == "gzip"
    find = 'commands: ["cat $ORCAOPS_NEEDS_DIR/one/out/a", "cat $ORCAOPS_NEEDS_DIR/one/srv.txt", '
    job = await ended(
        engine,
        f'{find}"cat $ORCAOPS_NEEDS_DIR/many/many-3-11/big > copy"]',
        "artifacts: [copy]",
        producers=(Producer("one", first.job_id), Producer("many/many-3-11", packed.job_id)),
    )
    assert (job.status, await printed(engine, job)) == (JobStatus.SUCCESS, ["1", "2"])
    same = [(await engine.list_artifacts(each.job_id))[0].sha256 for each in (packed, job)]
    assert same[0] == same[1]


async def test_there_is_an_empty_folder_where_no_file_was_kept(engine: Engine) -> None:
    first = await ended(engine, "commands: ['true']", "artifacts: [none]")
    job = await ended(engine, 'commands: ["ls $ORCAOPS_NEEDS_DIR"]', producers=(Producer("one", first.job_id),))
    assert (job.status, await printed(engine, job)) == (JobStatus.SUCCESS, [])


async def test_files_that_are_gone_fail_the_job_and_say_what_to_do(engine: Engine) -> None:
    first = await ended(engine, 'commands: ["echo 1 > a"]', "artifacts: [a]")
    parts = parts_of(engine)
    setting = a_setting(
        "jobs: {build: {image: busybox, commands: ['true']}}", producers=(Producer("one", first.job_id),)
    )
    made = await make_node_job(parts, setting, engine.admit)
    await parts.artifact_blobs(first.job_id).remove_all()
    with anyio.fail_after(60):
        job = await engine.wait_for_job((await engine.submit_job(made.spec)).job.job_id)
    assert job.failure is not None
    assert job.failure.kind is FailureKind.ARTIFACT
    assert job.failure.message == f"one/a, kept of {first.job_id}, is not here any more."


@pytest.mark.parametrize("path", ["../x", "a/../../x", "x" * 1100, "/".join("d" * 40)])
async def test_a_file_that_can_be_put_nowhere_is_left_out_with_a_warning(engine: Engine, path: str) -> None:
    first = await ended(engine, 'commands: ["echo 2 > b"]', "artifacts: [b]")
    (good,) = await engine.list_artifacts(first.job_id)
    parts = parts_of(engine)
    await parts.artifacts.replace(first.job_id, 1, [good, replace(good, path=path)])
    setting = a_setting(
        "jobs: {build: {image: busybox, commands: ['true']}}", producers=(Producer("one", first.job_id),)
    )
    made = await make_node_job(parts, setting, engine.admit)
    assert made.spec.node is not None
    assert [file.path for file in made.spec.node.needed or ()] == ["one/b"]
    assert made.warnings == (f"{path} of one is left out: its path cannot be put anywhere.",)


class TestLimits:
    """An engine that gives a job little."""

    @pytest.fixture
    def settings(self, settings: EngineSettings) -> EngineSettings:
        return settings.model_copy(update={"limits": settings.limits.model_copy(update={"input_bytes": 1024 * 1024})})

    async def test_more_than_a_job_is_given_is_refused_before_it_starts(self, engine: Engine) -> None:
        make = 'commands: ["seq 200000 > a"]'
        first = await ended(engine, make, "artifacts: [a]")
        with pytest.raises(NodeFaultError) as caught:
            await ended(engine, "commands: ['true']", producers=(Producer("one", first.job_id),))
        failure = caught.value.failure
        assert failure.kind is FailureKind.POLICY
        assert failure.message == (
            "Job build, needs: the files kept of the jobs it needs have 1.2 MiB with its own, "
            "and a job is given at most 1 MiB."
        )


# --- how long it stays


async def test_files_go_when_their_time_has_passed_and_the_record_says_so(
    settings: EngineSettings, moving_clock: MovingClock
) -> None:
    async with open_engine(settings, backend=SimulatedBackend(clock=moving_clock), clock=moving_clock) as engine:
        parts = parts_of(engine)
        job = await ended(
            engine,
            'commands: ["echo 1 > a; echo 1 > same; echo 2 > b; echo 3 > c"]',
            "artifacts: [{paths: [a, b], expires: 1d}, same, {path: c, expires: 3d}]",
        )
        hashes = {found.path: found.sha256 for found in await engine.list_artifacts(job.job_id)}
        moving_clock.advance(86_399)
        await Retention(parts).sweep()
        assert set((await kept(engine, job)).values()) == {"kept"}
        moving_clock.advance(2)
        await Retention(parts).sweep()
        assert await kept(engine, job) == {"a": "skipped", "b": "skipped", "same": "kept", "c": "kept"}
        notes = {found.note for found in await engine.list_artifacts(job.job_id) if found.state == "skipped"}
        assert notes == {"was kept, and let go when its time had passed"}
        blobs = parts.artifact_blobs(job.job_id)
        assert [await blobs.has(hashes[path]) for path in ("same", "b", "c")] == [True, False, True]
