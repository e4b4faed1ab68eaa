"""Jobs of the demo home that are found by their names: each shows something, and tests look for it."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from core.lifecycle.job import JobEvent
from core.records.job import Failure, FailureKind, StepResult, Usage
from core.records.log import LogFrame
from core.settings import MIB
from core.spec.job import JobSpec, LogLimit
from core.spec.step import StepSpec
from core.testing.demo.output import hostile_output, long_output, marked, time_of
from core.testing.demo.story import Story, past_id, token_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

_FAILED_TESTS: Final = """\
============================= test session starts ==============================
platform linux -- Python 3.12.7, pytest-8.3.3, pluggy-1.5.0
collected 42 items

tests/test_engine.py ......................\x1b[31mF\x1b[0m.......                       [ 73%]
tests/test_store.py ...........                                          [100%]

=================================== FAILURES ===================================
__________________________________ test_retry __________________________________

    def test_retry():
        engine = Engine(retries=36)
        engine.run()
>       assert engine.retries == 36
\x1b[1;31mE       AssertionError: assert 35 == 36\x1b[0m
\x1b[1;31mE        +  where 35 = <Engine 'demo'>.retries\x1b[0m

tests/test_engine.py:118: AssertionError
=========================== short test summary info ============================
\x1b[31mFAILED\x1b[0m tests/test_engine.py::test_retry - AssertionError: assert 35 == 36
\x1b[31m========================= 1 failed, 41 passed in 2.31s =========================\x1b[0m"""

_GREEN_TESTS: Final = """\
collected 42 items

tests/test_engine.py \x1b[32m..............................\x1b[0m                      [ 73%]
tests/test_store.py \x1b[32m............\x1b[0m                                         [100%]

\x1b[32m============================== 42 passed in 2.08s ==============================\x1b[0m"""

_INSTALL: Final = """\
Collecting demo
  Downloading demo-1.4.2-py3-none-any.whl (12 kB)
Successfully installed demo-1.4.2
WARNING: Running pip as the 'root' user can break permissions."""
_PAGE: Final = (
    b"<!doctype html><title>report</title><script>document.body.textContent = 'active'</script><p>42 passed</p>\n"
)
_DRAWING: Final = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>\n'
_CSV: Final = b"test,seconds,result\ntest_retry,0.31,passed\ntest_submit,0.12,passed\n"
_GROWS: Final = (
    'n=0; while true; do n=$((n+1)); echo "batch $n: 64 items, queue is steady";'
    ' if [ $((n % 20)) -eq 0 ]; then echo "WARN batch $n was slow" >&2; fi; sleep 0.2; done'
)
_LONG_ENOUGH_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Shown:
    """An ended job with what it printed and kept.

    Attributes:
        story: How it went.
        frames: What it printed.
        files: What was kept, by path.
    """

    story: Story
    frames: Iterable[LogFrame]
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


class ShownJobs:
    """Makes them up.

    Args:
        chance: Makes their ids.
        now: All ended ones ended minutes before it.
        admit: Fills the defaults of a spec in.
    """

    def __init__(self, chance: random.Random, now: datetime, admit: Callable[[JobSpec], JobSpec]) -> None:
        self._chance = chance
        self._now = now
        self._admit = admit

    def ended(self, log_lines: int) -> tuple[Shown, ...]:
        """Those that have ended, the oldest first.

        Args:
            log_lines: Of ``million-lines``.
        """
        return (self._long(log_lines), self._hostile(), self._green(), self._failing())

    def live(self) -> tuple[Story, ...]:
        """Those that run, or wait, once an engine opens the home; none has begun."""
        forever = {"timeout_s": _LONG_ENOUGH_S, "image": "python:3.12-slim"}
        gpu = {**forever, "command": ("python", "train.py", "--epochs", "3"), "gpus": 1}
        specs = (
            {
                **forever,
                "name": "growing-log",
                "command": ("sh", "-c", _GROWS),
                "log_limit": LogLimit(lines=10_000_000),
            },
            {**forever, "name": "long-build", "command": ("sleep", "80000"), "image": "rust:1.81-slim"},
            {**gpu, "name": "train-tiny-model", "command": ("sleep", "80000")},
            {**gpu, "name": "needs-the-gpu"},
            {**gpu, "name": "needs-the-gpu"},
        )
        callers = ("cli", "agent", "agent", "agent", "rest")
        return tuple(
            self._story(self._admit(JobSpec.model_validate(spec)), by, self._now - timedelta(seconds=9 - place), 0)
            for place, (spec, by) in enumerate(zip(specs, callers, strict=True))
        )

    def _long(self, lines: int) -> Shown:
        spec = JobSpec(
            image="python:3.12-slim",
            command=("python", "-m", "cases"),
            name="million-lines",
            tags=("tests",),
            timeout_s=3600,
            log_limit=LogLimit(lines=10_000_000, bytes=256 * MIB),
        )
        story = self._story(self._admit(spec), "agent", self._now - timedelta(minutes=31), lines / 1400 + 3)
        failure = Failure(FailureKind.EXIT, "The command ended with exit code 1.")
        story = replace(story, event=JobEvent.FAIL, exit_code=1, failure=failure, usage=_usage(1140, 812))
        return Shown(story, long_output(lines, story.began_at or story.created_at))

    def _hostile(self) -> Shown:
        spec = JobSpec(
            image="alpine:3.20", command=("cat", "/data/<b>page</b>.txt"), name="hostile-output", artifacts=("out",)
        )
        story = self._story(self._admit(spec), "token ci", self._now - timedelta(minutes=8), 14)
        files = {
            "out/<img src=x onerror=alert(1)>.html": _PAGE,
            "out/\u202egnp.exe": b"MZ",
            "out/drawing.svg": _DRAWING,
        }
        return Shown(replace(story, exit_code=0), hostile_output(story.began_at or story.created_at), files)

    def _green(self) -> Shown:
        story = self._tested("green-tests", self._now - timedelta(minutes=6), failing=None)
        outputs = {"coverage": "91.4", "report": "out/report.html"}
        files = {
            "out/report.txt": b"42 passed in 2.08s\n",
            "out/results.json": json.dumps({"passed": 42, "failed": 0, "seconds": 2.08}, indent=2).encode(),
            "out/times.csv": _CSV,
            "out/coverage.png": _picture(),
            "out/report.html": _PAGE,
            "out/drawing.svg": _DRAWING,
            "dist/demo-1.4.2.tar.gz": zlib.compress(b"demo" * 4000),
        }
        return Shown(
            replace(story, outputs=outputs), _printed(story, (_INSTALL, _GREEN_TESTS, "coverage 91.4 %")), files
        )

    def _failing(self) -> Shown:
        story = self._tested("failing-tests", self._now - timedelta(minutes=4), failing=1)
        message = "Step 2 (pytest -q) ended with exit code 1."
        failure = Failure(FailureKind.EXIT, message, "tests/test_engine.py::test_retry failed.", step=1)
        files = {
            "out/report.txt": b"1 failed, 41 passed in 2.31s\n",
            "out/results.json": b'{"passed": 41, "failed": 1}\n',
        }
        story = replace(story, event=JobEvent.FAIL, exit_code=1, failure=failure)
        return Shown(story, _printed(story, (_INSTALL, _FAILED_TESTS)), files)

    def _tested(self, name: str, at: datetime, failing: int | None) -> Story:
        spec = JobSpec(
            image="python:3.12-slim",
            commands=(
                StepSpec(run="pip install -e ."),
                StepSpec(run="pytest -q"),
                StepSpec(run="coverage report", name="Coverage"),
            ),
            env={"BRANCH": "feat/search", "PYTHONWARNINGS": "error"},
            name=name,
            tags=("tests", "branch:feat/search"),
            artifacts=("out", "dist"),
            outputs=() if failing is not None else ("coverage",),
            timeout_s=900,
        )
        story = self._story(self._admit(spec), "agent", at, 12)
        spans = (4.2, 6.9, 0.9)
        told: list[StepResult] = []
        began = story.began_at or at
        for index, (step, span) in enumerate(zip(spec.commands, spans, strict=True)):
            if failing is not None and index > failing:
                told.append(StepResult(index, step.title, "skipped", reason="an earlier step failed"))
                continue
            code, ended = int(index == failing), began + timedelta(seconds=span)
            status, outcome = ("failed", "failure") if code else ("success", "success")
            told.append(StepResult(index, step.title, status, code, began, ended, outcome=outcome, attempts=1))
            began = ended
        return replace(story, steps=tuple(told), exit_code=0, usage=_usage(9.4, 214))

    def _story(self, spec: JobSpec, by: str, at: datetime, seconds: float) -> Story:
        began = at + timedelta(seconds=0.4)
        job_id = past_id("job", at, self._chance)
        return Story(job_id, spec, by, at, began, began + timedelta(seconds=seconds), JobEvent.SUCCEED)


def _printed(story: Story, texts: tuple[str, ...]) -> Iterator[LogFrame]:
    """What each step printed, between its marks."""
    token = token_of(story.job_id)
    for step, text in zip(story.steps, texts, strict=False):
        if step.started_at is None or step.finished_at is None:
            continue
        lines = text.split("\n")
        yield from marked(step.started_at, token, f"b {step.index}")
        for number, line in enumerate(lines, 1):
            at = step.started_at + (step.finished_at - step.started_at) * number / (len(lines) + 1)
            yield LogFrame(2 if line.startswith("WARNING") else 1, time_of(at), line.encode() + b"\n")
        yield from marked(step.finished_at, token, f"e {step.index} {step.exit_code or 0}")


def _usage(cpu_seconds: float, megabytes: int) -> Usage:
    return Usage(cpu_seconds, megabytes * MIB, 2_480_000, 91_000, exact=True)


def _picture() -> bytes:
    """A small PNG: a gradient of 120 by 48 points."""
    rows = b"".join(b"\0" + bytes(part for x in range(120) for part in (24 + x, 126, 90 + y * 2)) for y in range(48))
    header = struct.pack(">IIBBBBB", 120, 48, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
