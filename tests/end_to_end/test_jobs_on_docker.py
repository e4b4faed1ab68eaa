"""What became of real jobs in real containers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest

from core import Engine, FailureKind, Job, JobStatus, LogQuery, parse_job
from tests.end_to_end.conftest import everything_is_settled, whole_log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.end_to_end.operator import Operator

    Run = Callable[..., Awaitable[Job]]

pytestmark = pytest.mark.docker


def kind_of(job: Job) -> FailureKind | None:
    return job.failure.kind if job.failure else None


async def test_two_steps_have_their_own_exit_codes_lines_and_times(docker_engine: Engine, run: Run) -> None:
    job = await run(commands=["echo one", "echo two >&2; exit 3"])
    assert job.attempt is not None
    assert (job.status, kind_of(job), job.exit_code) == (JobStatus.FAILED, FailureKind.EXIT, 3)
    assert [(step.status, step.exit_code) for step in job.attempt.steps] == [("success", 0), ("failed", 3)]
    assert all(step.started_at and step.finished_at for step in job.attempt.steps)
    lines = {line.number: line for line in (await docker_engine.read_logs(job.job_id)).lines}
    # the order between the two streams is the container engine's; a step's range is its own all the same
    assert [lines[step.first_line or 0].text for step in job.attempt.steps] == ["one", "two"]
    assert [lines[step.first_line or 0].step for step in job.attempt.steps] == [0, 1]
    assert job.attempt.image_digest
    assert job.attempt.usage is not None
    assert job.attempt.usage.exact
    assert job.attempt.usage.peak_memory_bytes


async def test_shell_state_carries_over_from_step_to_step(docker_engine: Engine, run: Run) -> None:
    job = await run(commands=["cd /tmp; X=5", "echo $PWD $X"])
    assert await whole_log(docker_engine, job.job_id) == ["/tmp 5"]


@pytest.mark.parametrize("way", ["command", "commands"])
@pytest.mark.parametrize("code", [124, 137, 143])
async def test_a_jobs_own_exit_code_is_its_own_whatever_it_looks_like(run: Run, way: str, code: int) -> None:
    text = f"exit {code}"
    job = await run(**{way: ["sh", "-c", text] if way == "command" else [text]})
    assert (kind_of(job), job.exit_code) == (FailureKind.EXIT, code)


@pytest.mark.fault("F31")
async def test_a_job_that_takes_too_much_memory_is_killed_for_that(run: Run) -> None:
    job = await run(command=["sh", "-c", "tail /dev/zero"], memory_mb=16)
    assert kind_of(job) is FailureKind.OOM


@pytest.mark.parametrize("way", ["command", "commands"])
async def test_a_signal_from_outside_is_told_apart_from_an_exit(
    docker_engine: Engine, operator: Operator, way: str
) -> None:
    text = "echo up; sleep 60"
    request = {"image": "busybox:latest", way: ["sh", "-c", text] if way == "command" else [text]}
    job = (await docker_engine.submit_job(parse_job(request))).job
    with anyio.fail_after(30):
        await docker_engine.wait([job.job_id], until="log_match", pattern="up")
        job = await docker_engine.get_job(job.job_id)
        assert job.attempt is not None
        await anyio.to_thread.run_sync(operator.kill, job.attempt.container_name, "TERM")
        job = await docker_engine.wait_for_job(job.job_id)
    assert kind_of(job) is FailureKind.SIGNAL


@pytest.mark.fault("F29")
@pytest.mark.parametrize(
    ("image", "kind"),
    [
        ("127.0.0.1:5000/library/never-made:1", FailureKind.IMAGE_NOT_FOUND),
        ("127.0.0.1:5001/private/busybox:1", FailureKind.REGISTRY_AUTH),
        ("127.0.0.1:1/library/busybox:1", FailureKind.REGISTRY_UNAVAILABLE),
    ],
)
async def test_a_missing_image_a_denied_and_an_unreachable_registry_are_three_causes(
    run: Run, image: str, kind: FailureKind
) -> None:
    job = await run(image=image, command=["true"])
    assert kind_of(job) is kind


async def test_an_absent_image_is_pulled(docker_engine: Engine, run: Run, operator: Operator) -> None:
    image = "127.0.0.1:5000/library/busybox:1.35"
    await anyio.to_thread.run_sync(operator.forget_image, image)
    job = await run(image=image, command=["echo", "pulled"])
    assert await whole_log(docker_engine, job.job_id) == ["pulled"]
    assert job.attempt is not None
    assert "@sha256:" in (job.attempt.image_digest or "")


@pytest.mark.fault("F30")
@pytest.mark.parametrize("init", [True, False])
async def test_a_command_that_is_not_in_the_image_is_a_start_error(run: Run, *, init: bool) -> None:
    job = await run(command=["no-such-program"], init=init)
    assert (kind_of(job), job.exit_code) == (FailureKind.START_ERROR, 127)


@pytest.mark.fault("F33")
async def test_a_process_that_ignores_sigterm_is_killed_after_the_grace(docker_engine: Engine) -> None:
    request = {"image": "busybox:latest", "command": ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"]}
    job = (await docker_engine.submit_job(parse_job(request))).job
    with anyio.fail_after(30):
        await docker_engine.wait([job.job_id], until="log_match", pattern="up")
        await docker_engine.cancel_job(job.job_id, grace_s=2, reason="test")
        job = await docker_engine.wait_for_job(job.job_id)
    assert job.attempt is not None
    assert job.cancel is not None
    assert job.attempt.finished_at is not None
    assert job.status is JobStatus.CANCELLED
    assert timedelta(seconds=2) <= job.attempt.finished_at - job.cancel.at + timedelta(milliseconds=100)
    assert job.attempt.finished_at - job.cancel.at <= timedelta(seconds=30)  # three where nothing else runs


async def test_a_step_hears_the_cancel_at_once(docker_engine: Engine) -> None:
    request = {"image": "busybox:latest", "commands": ["echo up; sleep 60"]}
    job = (await docker_engine.submit_job(parse_job(request))).job
    with anyio.fail_after(30):
        await docker_engine.wait([job.job_id], until="log_match", pattern="up")
        await docker_engine.cancel_job(job.job_id, grace_s=20)
        job = await docker_engine.wait_for_job(job.job_id)
    assert job.attempt is not None
    assert (job.status, job.exit_code, job.attempt.steps[0].status) == (JobStatus.CANCELLED, 143, "cancelled")


async def test_a_time_limit_holds_on_real_containers(run: Run) -> None:
    job = await run(command=["sleep", "60"], timeout_s=0.5, cancel_grace_s=1)
    assert (job.status, kind_of(job)) == (JobStatus.TIMED_OUT, FailureKind.TIMEOUT)


@pytest.mark.fault("F58")
async def test_sixty_jobs_never_run_more_than_four_at_once(docker_engine: Engine, operator: Operator) -> None:
    spec = parse_job({"image": "busybox:latest", "command": ["true"], "network": "none"})
    ids = [(await docker_engine.submit_job(spec)).job.job_id for _ in range(60)]
    most = 0
    with anyio.fail_after(240), docker_engine.subscribe(ids) as news:
        while not all(job.is_finished for job in (await docker_engine.list_jobs(limit=60)).items):
            alive = await anyio.to_thread.run_sync(
                lambda: operator.containers(docker_engine.home_id, running_only=True)
            )
            most = max(most, len(alive))
            await news.wait()
            news.take()
    assert 1 <= most <= 4


@pytest.mark.hostile("B75")
async def test_artifacts_are_kept_by_path_folder_and_glob(docker_engine: Engine, run: Run) -> None:
    job = await run(
        commands=[
            "mkdir -p out/deep; echo a > out/a.txt; echo b > out/deep/b.xml; echo c > c.log; echo s > /tmp/s.txt",
            "ln -s /etc/passwd out/link; ln out/a.txt out/hard.txt",
        ],
        artifacts=["out", "**/*.xml", "*.log", "/tmp/s.txt", "absent/*.txt", "../x"][:5],
    )
    kept = {item.path: item for item in await docker_engine.list_artifacts(job.job_id)}
    assert {path for path, item in kept.items() if item.state == "kept"} == {
        "out/a.txt",
        "out/hard.txt",
        "out/deep/b.xml",
        "c.log",
        "/tmp/s.txt",
    }
    assert kept["out/link"].state == "skipped"
    assert kept["absent/*.txt"].state == "missing"
    assert kept["out/a.txt"].media_type == "text/plain"
    assert (await docker_engine.read_artifact(job.job_id, "/tmp/s.txt")).data == b"s\n"


@pytest.mark.hostile("B67")
async def test_links_in_a_circle_judge_nothing_about_the_job(docker_engine: Engine, run: Run) -> None:
    job = await run(command=["sh", "-c", "ln -s b /tmp/a; ln -s a /tmp/b"], artifacts=["/tmp/a"])
    assert job.status is JobStatus.SUCCESS
    assert [item.state for item in await docker_engine.list_artifacts(job.job_id)] == ["skipped"]
    job = await run(command=["sh", "-c", "rm -rf /orcaops; ln -s orcaops /orcaops"], outputs=["promised"])
    assert kind_of(job) is FailureKind.OUTPUT


async def test_files_go_in_and_outputs_come_out(docker_engine: Engine) -> None:
    upload = await docker_engine.upload_files(
        {"bin/tool": b"#!/bin/sh\necho version=7 >> $ORCAOPS_OUTPUT\n"}, executable=["bin/tool"]
    )
    spec = parse_job(
        {"image": "busybox:latest", "commands": ["bin/tool"], "files": upload.files, "outputs": ["version"]}
    )
    job = (await docker_engine.submit_job(spec)).job
    with anyio.fail_after(30):
        job = await docker_engine.wait_for_job(job.job_id)
    assert (job.status, dict(job.outputs)) == (JobStatus.SUCCESS, {"version": "7"})


async def test_an_image_user_without_rights_works_in_the_default_folder(docker_engine: Engine, run: Run) -> None:
    job = await run(commands=["id -u; echo x > mine; cat mine"], user="65534:65534")
    assert await whole_log(docker_engine, job.job_id) == ["65534", "x"]


async def test_a_job_is_fenced_in_by_default(docker_engine: Engine, run: Run) -> None:
    job = await run(
        commands=[
            "grep CapEff /proc/self/status",
            "grep NoNewPrivs /proc/self/status",
            "cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null || true",
            "mknod /tmp/n b 8 0 2>&1 || echo refused",
            "ls /var/run/docker.sock 2>&1 || echo absent",
            "echo $(ip link | grep -c eth) ways out",
        ],
        network="none",
    )
    lines = await whole_log(docker_engine, job.job_id)
    assert lines[0].endswith("00000000000000cb")
    assert lines[1].endswith("1")
    assert "256" in lines
    assert "refused" in lines
    assert "absent" in lines
    assert "0 ways out" in lines


async def test_a_kept_container_is_still_there(docker_engine: Engine, run: Run, operator: Operator) -> None:
    job = await run(command=["sh", "-c", "exit 1"], cleanup="keep_on_failure")
    assert job.attempt is not None
    try:
        assert await anyio.to_thread.run_sync(operator.exit_code, job.attempt.container_name) == 1
    finally:
        await anyio.to_thread.run_sync(operator.remove, job.attempt.container_name)


async def test_a_log_within_its_limit_is_read_whole_by_cursor(docker_engine: Engine, run: Run) -> None:
    text = "i=0; while [ $i -lt 10 ]; do seq 1 20000 | sed 's,^,line of some length ,'; i=$((i+1)); done"
    job = await run(command=["sh", "-c", text], log_limit={"bytes": 64 << 20, "lines": 10_000_000})
    lines = await whole_log(docker_engine, job.job_id)
    assert lines == [f"line of some length {number}" for number in range(1, 20_001)] * 10
    assert job.attempt is not None
    assert not job.attempt.log.truncated


async def test_past_the_limit_the_head_is_whole_the_tail_is_there_and_the_gap_is_named(
    docker_engine: Engine, run: Run
) -> None:
    job = await run(command=["seq", "1", "1000000"], log_limit={"lines": 5000})
    lines = await whole_log(docker_engine, job.job_id)
    assert lines[:5000] == [str(number) for number in range(1, 5001)]
    assert lines[-1] == "1000000"
    assert lines[-200:] == [str(number) for number in range(999_801, 1_000_001)]
    page = await docker_engine.read_logs(job.job_id, LogQuery(streams=frozenset({"engine"})))
    assert len(page.lines) == 1
    assert job.attempt is not None
    assert job.attempt.log.truncated


async def test_a_kept_container_stays_until_its_run_is_deleted(
    docker_engine: Engine, run: Run, operator: Operator
) -> None:
    job = await run(command=["false"], cleanup="keep_on_failure")
    await everything_is_settled(docker_engine)
    assert len(await anyio.to_thread.run_sync(operator.containers, docker_engine.home_id)) == 1
    assert (await docker_engine.delete_run(job.job_id)).deleted == 1
    assert await anyio.to_thread.run_sync(operator.containers, docker_engine.home_id) == []
