"""What the engine is put together from; made once by `core.compose`."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

import anyio

from core.engine.disk import DiskBoard
from core.engine.racing import sleep_or_event
from core.engine.shared import SharedBoard
from core.errors import BackendTimeoutError, BackendUnavailableError, StoreBusyError, StoreError
from core.policy.policy import BUILT_IN
from core.store.blobs import BlobFolder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.backends.base import ContainerBackend
    from core.clock import Clock
    from core.engine.bus import Bus
    from core.engine.ledger import Ledger
    from core.engine.secret_book import SecretBook
    from core.engine.workflow_ledger import WorkflowLedger
    from core.logs.hub import LogHub
    from core.policy.policy import Policy
    from core.settings import EngineSettings
    from core.store.analytics import AnalyticsIndex
    from core.store.artifacts import ArtifactStore
    from core.store.export import RunFiles, RunIndex
    from core.store.home import Home
    from core.store.jobs import JobStore
    from core.store.retention import RunShelf
    from core.store.templates import TemplateStore
    from core.store.uploads import UploadStore
    from core.store.workflow_export import WorkflowFiles, WorkflowIndex
    from core.store.workflow_groups import GroupStore
    from core.store.workflow_jobs import NodeJobStore
    from core.store.workflow_past import PastStore
    from core.store.workflows import WorkflowStore

Result = TypeVar("Result")

_log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 10.0
_STORE_PAUSE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts every room of the engine works with.

    Attributes:
        settings: All knobs; its secrets are those of ``secrets``.
        secrets: What jobs may name, as it is now.
        home: The folder.
        home_id: Names this home on containers.
        clock: The time.
        backend: What runs containers.
        jobs: Records, for reading.
        ledger: Records, for changing.
        artifacts: Rows of kept files.
        uploads: Rows of sent files.
        templates: Saved job requests and workflow files.
        upload_blobs: Bytes of sent files, by hash.
        logs: All logs.
        bus: Who hears of changes.
        run_shelf: Finished jobs as what takes room.
        run_index: Which finished jobs are written to files.
        run_files: Those files.
        workflows: Records of workflow runs, for reading.
        workflow_ledger: The same, for changing.
        node_jobs: What belongs to the nodes of workflow runs.
        groups: Who holds concurrency groups and who waits.
        past: What earlier workflow runs tell.
        workflow_index: Which ended workflow runs are written to files.
        workflow_files: Those files.
        analytics: Figures of ended jobs.
        shared: What jobs of runs find beside them.
        policy: What the operator allows.
        disk: What running jobs hold of the container engine's disk.
        remarks: What was found at the start that somebody should know.
    """

    settings: EngineSettings
    secrets: SecretBook
    home: Home
    home_id: str
    clock: Clock
    backend: ContainerBackend
    jobs: JobStore
    ledger: Ledger
    artifacts: ArtifactStore
    uploads: UploadStore
    templates: TemplateStore
    upload_blobs: BlobFolder
    logs: LogHub
    bus: Bus
    run_shelf: RunShelf
    run_index: RunIndex
    run_files: RunFiles
    workflows: WorkflowStore
    workflow_ledger: WorkflowLedger
    node_jobs: NodeJobStore
    groups: GroupStore
    past: PastStore
    workflow_index: WorkflowIndex
    workflow_files: WorkflowFiles
    analytics: AnalyticsIndex
    shared: SharedBoard = field(default_factory=SharedBoard)
    policy: Policy = BUILT_IN
    disk: DiskBoard = field(default_factory=DiskBoard)
    remarks: tuple[str, ...] = ()

    def artifact_blobs(self, job_id: str) -> BlobFolder:
        """Bytes of the files kept of a job, by hash."""
        return BlobFolder(self.home.artifacts_of(job_id), self.home.parts)

    async def until_stored(self, write: Callable[[], Awaitable[Result]]) -> Result:
        """Repeat a write for as long as the store cannot take it, because it is locked or its disk is full."""
        while True:
            try:
                return await write()
            except (StoreError, StoreBusyError) as error:
                _log.warning("the store is tried again: %s", error)
            await self.clock.sleep(_STORE_PAUSE_S)

    async def insist(
        self,
        call: Callable[[], Awaitable[Result]],
        on_wait: Callable[[str], None] | None = None,
        *,
        give_up: anyio.Event | None = None,
    ) -> Result:
        """Repeat a backend call for as long as the container engine does not answer.

        Args:
            call: May be repeated.
            on_wait: Told why, before each pause.
            give_up: Once set, there is no further try; one under way is not broken off.

        Raises:
            BackendUnavailableError: It did not answer, and ``give_up`` is set.
            BackendTimeoutError: The same.
        """
        pause = _FIRST_PAUSE_S
        while True:
            try:
                return await call()
            except (BackendUnavailableError, BackendTimeoutError) as error:
                if on_wait is not None:
                    on_wait(f"waiting for the container engine: {error.message}")
                jittered = pause * random.uniform(0.8, 1.2)  # noqa: S311 -- jitter, not a secret
                if await sleep_or_event(self.clock, jittered, give_up or anyio.Event()):
                    raise
            pause = min(pause * 2, _LONGEST_PAUSE_S)
