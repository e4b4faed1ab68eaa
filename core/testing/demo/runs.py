"""Runs of workflows: a month of them that have ended, and one that begins with the engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from core.engine.workflow.frame import root_frame
from core.lifecycle.job import JobEvent
from core.lifecycle.workflow import NodeEvent, Outcome, Reason, WorkflowEvent
from core.plan.compile.scene import NodeFacts
from core.plan.graph import critical_path
from core.records.job import CancelRequest, Failure, FailureKind, StepResult
from core.records.workflow import CriticalNode
from core.records.workflow_node import NodeReason, NodeRef, NodeTry
from core.spec.job import JobSpec
from core.spec.step import StepSpec
from core.store import workflow_changes
from core.store.node_changes import NodeMove, NodeMoves
from core.store.workflow_changes import RunKey, RunMove, RunSubmission
from core.testing.demo.files_of_workflows import FILES
from core.testing.demo.history import last_lines
from core.testing.demo.story import Story, past_id

if TYPE_CHECKING:
    import random
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from core.engine.workflow.acceptance import AcceptedRun
    from core.plan.fingerprint import Fingerprint
    from core.records.job import StepOutcome, StepStatus
    from core.records.workflow import WorkflowRun
    from core.records.workflow_node import WorkflowNode
    from core.settings import EngineSettings

_GREEN: Final = ""
_CANCELLED: Final = "cancelled"
_FIRST_WAIT: Final = timedelta(milliseconds=400)
_ENDS: Final[Mapping[NodeEvent, tuple[StepStatus, StepOutcome]]] = {
    NodeEvent.SUCCEED: ("success", "success"),
    NodeEvent.TIME_OUT: ("timed_out", "timed_out"),
    NodeEvent.CANCEL: ("cancelled", "cancelled"),
}
"""Status and outcome of the steps of a job that ended so; all others failed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a node went.

    Attributes:
        node: Before anything happened.
        event: How it ended; skipped if it never began.
        job_id: The job that ran it.
        began_at: When that was submitted.
        ended_at: When it ended.
        unmet: For a skipped one, what it needed in vain.
    """

    node: WorkflowNode
    event: NodeEvent
    job_id: str
    began_at: datetime
    ended_at: datetime
    unmet: tuple[str, ...] = ()

    @property
    def has_run(self) -> bool:
        """Whether there is a job."""
        return self.event is not NodeEvent.SKIP

    @property
    def is_good(self) -> bool:
        """Whether others may build on it."""
        return self.event is NodeEvent.SUCCEED

    @property
    def failure(self) -> Failure | None:
        """Why it did not succeed."""
        if self.event is NodeEvent.FAIL:
            return Failure(FailureKind.EXIT, "Step 1 ended with exit code 1.", step=0)
        if self.event is NodeEvent.TIME_OUT:
            message = "The job ran longer than its limit of 60 s."
            return Failure(FailureKind.TIMEOUT, message, "Raise timeout_s, or find what takes so long in the log.")
        return None

    @property
    def exit_code(self) -> int:
        """Of its container."""
        return {NodeEvent.FAIL: 1, NodeEvent.TIME_OUT: 143, NodeEvent.CANCEL: 143}.get(self.event, 0)

    def move(self, tail: tuple[str, ...]) -> NodeMove:
        """Its end, for the store.

        Args:
            tail: What a failed one printed last.
        """
        if not self.has_run:
            text = f"needs {', '.join(self.unmet)}, which did not succeed"
            return NodeMove(self.node.node_id, NodeEvent.SKIP, fields={
                "reason": NodeReason(Reason.NEEDS, text, self.unmet)
            })  # fmt: skip
        outcome = {
            NodeEvent.FAIL: Outcome.FAILURE, NodeEvent.TIME_OUT: Outcome.TIMED_OUT, NodeEvent.CANCEL: Outcome.CANCELLED
        }.get(self.event, Outcome.SUCCESS)  # fmt: skip
        failure = self.failure
        ended = NodeTry(
            1, self.job_id, self.began_at, self.ended_at, outcome, self.exit_code, failure.kind if failure else ""
        )
        return NodeMove(self.node.node_id, self.event, fields={
            "tries": (ended,),
            "exit_code": self.exit_code,
            "failure": failure,
            "tail": tail if self.event is NodeEvent.FAIL else (),
        })  # fmt: skip


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that ended, ready to be stored.

    Attributes:
        accepted: As it was accepted.
        nodes: How its nodes went, in the order in which they began.
        jobs: That ran them.
        fingerprints: What the successes of its nodes are of, by node.
        cancelled: Whether somebody stopped it.
    """

    accepted: AcceptedRun
    nodes: tuple[Ended, ...]
    jobs: tuple[Story, ...]
    fingerprints: Mapping[str, Fingerprint]
    cancelled: bool

    def write(self, connection: sqlite3.Connection) -> None:
        """Put the run into the database, without its jobs."""
        run, began = self.accepted.run, self.accepted.run.created_at + _FIRST_WAIT
        submit(connection, self.accepted)
        RunMove(run.workflow_id, WorkflowEvent.START, began, "engine").apply(connection)
        ended = max(node.ended_at for node in self.nodes)
        steps = [
            (node.began_at, _begin(node, self.fingerprints[node.node.node_id])) for node in self.nodes if node.has_run
        ]
        printed = {job.job_id: last_lines(job) for job in self.jobs}
        steps += [(node.ended_at, node.move(printed.get(node.job_id, ()))) for node in self.nodes]
        for at, move in sorted(steps, key=lambda step: step[0]):
            NodeMoves(run.workflow_id, (move,), at, "engine").apply(connection)
        if self.cancelled:
            request = CancelRequest(ended - timedelta(seconds=1), run.submitted_by, "a newer push", None)
            workflow_changes.request_cancel(connection, run.workflow_id, request, forced=False)
        why = f"the run was cancelled by {run.submitted_by}: a newer push" if self.cancelled else ""
        end = RunMove(run.workflow_id, self._event(), ended, "engine", why, {
            "critical_path": self._critical(),
            "reason": NodeReason(Reason.CANCELLED, why) if self.cancelled else None,
        })  # fmt: skip
        end.apply(connection)

    def _event(self) -> WorkflowEvent:
        if self.cancelled:
            return WorkflowEvent.CANCEL
        if all(node.is_good for node in self.nodes):
            return WorkflowEvent.SUCCEED
        some_good = any(node.is_good and not node.node.is_finally for node in self.nodes)
        return WorkflowEvent.SUCCEED_PARTLY if some_good else WorkflowEvent.FAIL

    def _critical(self) -> tuple[CriticalNode, ...]:
        """The chain that decided how long it took."""
        spans: dict[str, tuple[str, float]] = {}
        for node in self.nodes:
            seconds = (node.ended_at - node.began_at).total_seconds() if node.has_run else 0.0
            if seconds > spans.get(node.node.job, ("", -1.0))[1]:
                spans[node.node.job] = (node.node.node_id, seconds)
        found = critical_path(self.accepted.graph, {job: seconds for job, (_, seconds) in spans.items()})
        return tuple(CriticalNode(*spans[job]) for job in found.jobs if spans[job][1] > 0)


class RunMaker:
    """Makes up runs.

    Args:
        chance: Decides everything.
        now: All ended ones ended before it.
        files: A run of each workflow, as the engine accepted it.
        settings: Of the engine.
        admit: Fills the defaults of a job's spec in.
    """

    def __init__(
        self,
        chance: random.Random,
        now: datetime,
        files: Mapping[str, AcceptedRun],
        settings: EngineSettings,
        admit: Callable[[JobSpec], JobSpec],
    ) -> None:
        self._chance = chance
        self._now = now
        self._files = files
        self._fingerprints = {name: _fingerprints_of(file, settings) for name, file in files.items()}
        self._admit = admit

    def past(self, count: int) -> tuple[PastRun, ...]:
        """That many ended runs over thirty days, the oldest first; the newest of ``ci-pipeline`` is the known one."""
        chance = self._chance
        ages = sorted((chance.uniform(0.04, 29.6) for _ in range(max(0, count - 1))), reverse=True)
        runs = [self._run(self._now - timedelta(days=age), *self._chosen()) for age in ages]
        return (*runs, self._run(self._now - timedelta(minutes=16), "ci-pipeline", "red", exact=True))

    def waiting(self) -> AcceptedRun:
        """The run of ``release`` that an engine takes up when it opens the home."""
        return self._accepted("release", self._now - timedelta(seconds=2))

    def _chosen(self) -> tuple[str, str]:
        name = self._chance.choices(("ci-pipeline", "nightly", "release"), weights=(7, 2, 1))[0]
        drawn = self._chance.random()
        if drawn < 0.06:
            return name, _CANCELLED
        return name, "red" if drawn < (0.32 if name == "ci-pipeline" else 0.12) else _GREEN

    def _accepted(self, name: str, at: datetime) -> AcceptedRun:
        file = self._files[name]
        by = "agent" if name == "ci-pipeline" and self._chance.random() < 0.5 else "token nightly"
        run = replace(file.run, workflow_id=past_id("wf", at, self._chance), created_at=at, submitted_by=by)
        return replace(file, run=run)

    def _run(self, at: datetime, name: str, course: str, *, exact: bool = False) -> PastRun:
        accepted = self._accepted(name, at)
        story = FILES[name]
        ended: dict[str, list[Ended]] = {}
        stop = at + timedelta(seconds=70) if course == _CANCELLED else None
        for node in accepted.nodes:
            seconds = story.seconds.get(node.node_id, story.seconds.get(node.job, 20.0))
            seconds *= 1.0 if exact else self._chance.lognormvariate(0, 0.2)
            event = story.failing.get(node.node_id, NodeEvent.SUCCEED) if course == "red" else NodeEvent.SUCCEED
            if course == "red" and not exact and event is not NodeEvent.SUCCEED and self._chance.random() < 0.5:
                event = NodeEvent.SUCCEED
            ended.setdefault(node.job, []).append(self._ended(node, ended, at, seconds, event, stop))
        told = sorted((node for nodes in ended.values() for node in nodes), key=lambda node: node.began_at)
        jobs = tuple(self._job(accepted.run, node) for node in told if node.has_run)
        return PastRun(accepted, tuple(told), jobs, self._fingerprints[name], cancelled=stop is not None)

    def _ended(
        self,
        node: WorkflowNode,
        before: Mapping[str, Sequence[Ended]],
        at: datetime,
        seconds: float,
        event: NodeEvent,
        stop: datetime | None,
    ) -> Ended:
        needs = before if node.is_finally else node.needs
        ready = max((need.ended_at for job in needs for need in before[job]), default=at + _FIRST_WAIT)
        unmet = tuple(job for job in needs if not all(need.is_good for need in before[job]))
        began = ready + timedelta(seconds=0.05 + self._chance.random() * 1.5)
        if (unmet and not node.is_finally) or (stop is not None and began >= stop):
            return Ended(node, NodeEvent.SKIP, "", ready, ready, unmet or ("the run",))
        ended = began + timedelta(seconds=60 if event is NodeEvent.TIME_OUT else seconds)
        if stop is not None and ended > stop:
            event, ended = NodeEvent.CANCEL, stop
        return Ended(node, event, past_id("job", began, self._chance), began, ended)

    def _job(self, run: WorkflowRun, ended: Ended) -> Story:
        job = self._files[run.name].workflow.jobs[ended.node.job]
        variant = ended.node.variant
        image = job.image.name if job.image else "alpine:3.20"
        for name, value in variant.values.items() if variant else ():
            image = image.replace(f"${{{{ matrix.{name} }}}}", str(value))
        spec = self._admit(JobSpec(
            image=image,
            commands=tuple(StepSpec(run=text) for step in job.steps for text in step.commands),
            name=f"{run.name}.{ended.node.node_id}",
            tags=("workflow",),
            timeout_s=job.timeout_s if isinstance(job.timeout_s, (int, float)) else None,
        ))  # fmt: skip
        began = ended.began_at + timedelta(milliseconds=120)
        event = JobEvent(ended.event.value)
        status, outcome = _ENDS.get(ended.event, ("failed", "failure"))
        steps = tuple(
            StepResult(
                index, step.title, status, ended.exit_code, began, ended.ended_at, outcome=outcome, attempts=1
            )
            for index, step in enumerate(spec.commands)
        )  # fmt: skip
        return Story(
            ended.job_id, spec, run.submitted_by, ended.began_at, began, ended.ended_at, event, ended.exit_code,
            ended.failure, steps=steps, node=NodeRef(run.workflow_id, ended.node.node_id),
        )  # fmt: skip


def submit(connection: sqlite3.Connection, accepted: AcceptedRun) -> None:
    """Put a run into the database as it was accepted."""
    RunSubmission(accepted.run, accepted.source, accepted.nodes, RunKey()).insert(connection)


def _begin(node: Ended, fingerprint: Fingerprint) -> NodeMove:
    return NodeMove(node.node.node_id, NodeEvent.START, fields={
        "job_id": node.job_id,
        "tries": (NodeTry(1, node.job_id, node.began_at),),
        "fingerprint": fingerprint.digest,
        "fingerprint_parts": fingerprint.parts,
    })  # fmt: skip


def _fingerprints_of(file: AcceptedRun, settings: EngineSettings) -> Mapping[str, Fingerprint]:
    """What the successes of a run's nodes are of, by node; none of the demo's files reads what another job gave."""
    made = root_frame(file.run, file.workflow, settings).fingerprints
    return {
        node.node_id: made.of(
            file.workflow.jobs[node.job],
            NodeFacts(needs={}, jobs={}, matrix=node.variant.values if node.variant else None),
        )
        for node in file.nodes
    }
