"""Much output, and callers that do not wait for each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest

from core import Engine, EngineSettings, JobStatus, parse_job
from core.settings import MIB
from tests.end_to_end.conftest import whole_log
from tests.end_to_end.crashing import engine_process

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.docker

_READER = """
import json, os, sys
from pathlib import Path
import anyio
from core import EngineSettings, LogQuery, open_engine, parse_job

def memory_kb():
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0])

async def main():
    request = {
        "image": "busybox:latest",
        "command": ["sh", "-c", "seq -w 1 500000 | sed 's/.*/line & of a log that is twenty MB long/'"],
        "log_limit": {"bytes": 64 << 20, "lines": 1_000_000},
        "timeout_s": 300,
    }
    async with open_engine(EngineSettings(home=Path(sys.argv[1]))) as engine:
        job = (await engine.submit_job(parse_job(request | {"command": ["seq", "1", "1000"]}))).job
        await engine.wait_for_job(job.job_id)
        before, most = memory_kb(), 0
        job = (await engine.submit_job(parse_job(request))).job
        with engine.subscribe([job.job_id]) as news:
            while not (await engine.get_job(job.job_id)).is_finished:
                await news.wait()
                news.take()
                most = max(most, memory_kb())
        number, size, cursor, gaps = 0, 0, None, 0
        while True:
            page = await engine.read_logs(job.job_id, LogQuery(cursor=cursor, max_lines=5000, max_bytes=1 << 20))
            for line in page.lines:
                number += 1
                gaps += line.text != f"line {number:06d} of a log that is twenty MB long"
                size += len(line.text) + 1
            most = max(most, memory_kb())
            if page.at_end:
                break
            cursor = page.next_cursor
    print(json.dumps({"lines": number, "bytes": size, "gaps": gaps, "grew_kb": most - before}), flush=True)

anyio.run(main)
"""


async def test_twenty_megabytes_are_read_whole_by_cursor_in_little_memory(docker_settings: EngineSettings) -> None:
    async with engine_process(docker_settings.home, _READER) as reader:
        figures = await reader.until(lambda _: True)
    assert (figures["lines"], figures["gaps"]) == (500_000, 0)
    assert figures["bytes"] > 20 * MIB
    assert figures["grew_kb"] < 64 * 1024


@pytest.mark.slow
@pytest.mark.fault("F38")
async def test_a_flood_is_bounded_on_disk_with_its_head_and_tail_kept_and_the_gap_named(
    docker_settings: EngineSettings, docker_engine: Engine
) -> None:
    line, limit = "y" * 999, docker_settings.limits
    text = f"yes {line} | head -c {1024 * MIB}; echo; seq 1 500"
    spec = parse_job({"image": "busybox:latest", "command": ["sh", "-c", text], "timeout_s": 300})
    job = (await docker_engine.submit_job(spec)).job
    with anyio.fail_after(240):
        job = await docker_engine.wait_for_job(job.job_id)
    assert job.attempt is not None
    assert (job.status, job.attempt.log.truncated) == (JobStatus.SUCCESS, True)
    head = limit.log_bytes // (len(line) + 1)
    assert job.attempt.log.gap_after == head
    log = await whole_log(docker_engine, job.job_id)
    assert log[:head] == [line] * head
    assert f"output after line {head} is not kept" in log[head]
    assert log[head + 1 :] == [str(number) for number in range(301, 501)]
    assert await anyio.to_thread.run_sync(size_of, docker_settings.home / "logs") < 2 * limit.log_bytes


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


async def test_calls_are_answered_while_others_wait(docker_engine: Engine) -> None:
    spec = parse_job({"image": "busybox:latest", "command": ["sleep", "60"]})
    job_id = (await docker_engine.submit_job(spec)).job.job_id
    ends: list[JobStatus] = []

    async def wait() -> None:
        ends.append((await docker_engine.wait_for_job(job_id)).status)

    with anyio.fail_after(120):
        async with anyio.create_task_group() as tasks:
            for _ in range(100):
                tasks.start_soon(wait)
            await docker_engine.wait([job_id], until="running")
            assert (await docker_engine.status()).counts[JobStatus.RUNNING] == 1
            assert len((await docker_engine.list_jobs()).items) == 1
            assert (await docker_engine.read_logs(job_id)).lines == ()
            assert ends == []
            await docker_engine.cancel_job(job_id, grace_s=0)
    assert ends == [JobStatus.CANCELLED] * 100
