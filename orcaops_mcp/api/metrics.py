"""What Prometheus may ask for: jobs, workflow runs, line, slots, durations, requests."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from core import JobChanged, WorkflowChanged
from orcaops_mcp.views.job import duration_s

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from core import EngineEvent, EngineStatus, WorkflowStatus

_DURATIONS: Final = (0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})


class Metrics:
    """Counters of one API, in a registry of their own."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry(auto_describe=True)
        self._jobs = Gauge("orcaops_jobs", "Jobs by status.", ["status"], registry=registry)
        self._runs = Gauge("orcaops_workflow_runs", "Workflow runs by status.", ["status"], registry=registry)
        self._queued = Gauge("orcaops_queue_length", "Jobs that wait for a slot.", registry=registry)
        self._slots = Gauge("orcaops_slots", "Slots by kind.", ["kind", "state"], registry=registry)
        self._ready = Gauge("orcaops_container_engine_up", "Whether the container engine answers.", registry=registry)
        self._ended = Histogram(
            "orcaops_job_duration_seconds",
            "From a job's start to its end.",
            ["status"],
            buckets=_DURATIONS,
            registry=registry,
        )
        self._runs_ended = Histogram(
            "orcaops_workflow_run_duration_seconds",
            "From the start of an attempt at a run to its end.",
            ["status"],
            buckets=_DURATIONS,
            registry=registry,
        )
        self._requests = Histogram(
            "orcaops_http_request_seconds",
            "Requests to the REST API; streams count until they end.",
            ["path", "method", "status"],
            buckets=(0.005, 0.025, 0.1, 0.5, 1, 5, 30, 60),
            registry=registry,
        )
        self._streams = Gauge("orcaops_http_streams", "Streams open now.", ["kind"], registry=registry)
        self._opened = Counter("orcaops_http_streams_opened", "Streams ever opened.", ["kind"], registry=registry)

    def tell(self, happened: EngineEvent) -> None:
        """Take notice of news from the engine."""
        if isinstance(happened, JobChanged) and happened.status_changed and happened.job.is_finished:
            self._ended.labels(happened.job.status.value).observe(duration_s(happened.job) or 0)
        elif isinstance(happened, WorkflowChanged) and happened.status_changed and happened.run.is_finished:
            run = happened.run
            took = (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else 0
            self._runs_ended.labels(run.status.value).observe(took)

    def count_request(self, path: str, method: str, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            path: The path's template.
            method: Of the request.
            status: Of the response; 0 if there was none.
            seconds: From the request to the end of its response.
        """
        known = method if method in _METHODS else "other"
        self._requests.labels(path, known, str(status)).observe(seconds)

    @contextmanager
    def stream(self, kind: str) -> Generator[None]:
        """Count a stream as open while the context lasts."""
        self._opened.labels(kind).inc()
        with self._streams.labels(kind).track_inprogress():
            yield

    def text(self, status: EngineStatus, runs: Mapping[WorkflowStatus, int]) -> bytes:
        """Everything in Prometheus' text format.

        Args:
            status: How the engine is now.
            runs: How many workflow runs there are of each status.
        """
        for ended_as, count in runs.items():
            self._runs.labels(ended_as.value).set(count)
        for state, count in status.counts.items():
            self._jobs.labels(state.value).set(count)
        self._queued.set(status.queued)
        self._ready.set(status.backend.available)
        for kind, use in status.slots.items():
            self._slots.labels(kind, "used").set(use.used)
            self._slots.labels(kind, "total").set(use.total)
        return generate_latest(self._registry)
