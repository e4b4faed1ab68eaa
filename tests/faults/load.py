"""An engine under load that a test kills: a program that keeps jobs going, and what must have become of each.

Run as ``python -m tests.faults.load HOME AT_ONCE NTH AFTER_S WORDS…`` it goes on with the jobs of a home, adds some so
that there are always so many, and dies of SIGKILL so many seconds after it reached, for the NTH time, a point of
`core.faultpoints` with these words.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio

from core import Engine, EngineSettings, JobStatus, QueueSettings, open_engine, parse_job
from core.testing.kills import kill_at

if TYPE_CHECKING:
    from collections.abc import Mapping

_ONCE: Final = "echo run $(cat /proc/sys/kernel/random/uuid)"
_SERVED: Final = {
    "web": {
        "image": "busybox:latest",
        "command": ["sh", "-c", "mkdir /www; cd /www; echo here > x; exec httpd -f -p 8080"],
        "ready": {"http": "8080/x"},
        "ready_timeout_s": 600,
    }
}


@dataclass(frozen=True)
class Work:
    """One job of the load.

    Attributes:
        request: What is asked for.
        lines: What it counts to.
        status: How it ends.
        code: With which exit code.
        attempts: At which attempt.
        steps: How its steps end.
    """

    request: Mapping[str, Any]
    lines: int
    status: JobStatus
    code: int
    attempts: int = 1
    steps: tuple[str, ...] = ()


def work(number: int) -> Work:
    """The job of a number; every second one has steps, some fail, are tried again or have a service beside them."""
    lines = 100 + 37 * (number % 20)
    count = f"i=1; while [ $i -le {lines} ]; do echo $i; i=$((i+1)); [ $((i % 50)) -ne 0 ] || usleep 100000; done"
    keep = f"seq 1 {lines} > /tmp/numbers"
    code = 7 if number % 5 == 3 else 0
    request: dict[str, Any] = {
        "image": "busybox:latest",
        "network": "none",
        "artifacts": ["/tmp/numbers"],
        "timeout_s": 1800,
        "name": f"load-{number}",
    }
    steps: tuple[str, ...] = ()
    attempts = 1
    end = f"exit {code}"
    if number % 3 == 2:
        request |= {"retries": 1, "retry_delay_s": 0.5}
        attempts = 2
        end = f"[ $ORCAOPS_ATTEMPT -eq 2 ] || exit 9; exit {code}"
    if number % 5 == 4:
        request |= {"services": _SERVED, "network": "bridge"}
        end = f"wget -q -O /dev/null http://web:8080/x || exit 8; {end}"
    if number % 2:
        request["commands"] = [_ONCE, f"{count}; {keep}", end]
        steps = ("success", "success", "failed" if code else "success")
    else:
        request["command"] = ["sh", "-c", f"{_ONCE}; {count}; {keep}; {end}"]
    return Work(request, lines, JobStatus.FAILED if code else JobStatus.SUCCESS, code, attempts, steps)


def settings_of(home: Path) -> EngineSettings:
    """An engine that runs the whole load at once."""
    return EngineSettings(home=home, queue=QueueSettings(max_running=20))


async def _submit(engine: Engine, number: int) -> str:
    spec = parse_job(work(number).request)
    return (await engine.submit_job(spec, idempotency_key=f"load-{number}")).job.job_id


async def _carry_on(home: Path, at_once: int) -> None:
    async with open_engine(settings_of(home)) as engine:
        with engine.subscribe() as news:
            while True:
                counts = (await engine.status()).counts
                total = sum(counts.values())
                under_way = counts[JobStatus.QUEUED] + counts[JobStatus.RUNNING]
                for number in range(total, total + at_once - under_way):
                    await _submit(engine, number)
                await news.wait()
                news.take()


if __name__ == "__main__":
    place, several, nth, after_s, *words = sys.argv[1:]
    kill_at(*words, nth=int(nth), after_s=float(after_s))
    anyio.run(_carry_on, Path(place), int(several))
