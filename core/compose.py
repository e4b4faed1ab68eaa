"""The one place where the parts meet."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from importlib import metadata
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread

from core.backends.docker.backend import DockerBackend
from core.backends.simulated.backend import SimulatedBackend
from core.clock import SystemClock
from core.engine.admission import AdmissionDesk
from core.engine.bus import Bus
from core.engine.engine import Engine
from core.engine.filing import RunFiler
from core.engine.gate import Gate
from core.engine.ledger import Ledger
from core.engine.pace import Pace
from core.engine.parts import Parts
from core.engine.recovery import Recovery
from core.engine.retention import Retention
from core.engine.scheduler import Scheduler
from core.engine.secret_book import SecretBook
from core.engine.worker import Worker
from core.engine.workflow.conductors import Conductors
from core.engine.workflow.shared_services import SharedServices
from core.engine.workflow_ledger import WorkflowLedger
from core.logs.hub import LogHub
from core.policy.reading import load_policy
from core.store.analytics import AnalyticsIndex
from core.store.artifacts import ArtifactStore
from core.store.blobs import BlobFolder, sweep_parts
from core.store.database import open_database
from core.store.export import RunFiles, RunIndex
from core.store.home import hold_home, home_id
from core.store.jobs import JobStore
from core.store.retention import RunShelf
from core.store.secret_file import SecretFile
from core.store.templates import TemplateStore
from core.store.uploads import UploadStore
from core.store.workflow_export import WorkflowFiles, WorkflowIndex
from core.store.workflow_groups import GroupStore
from core.store.workflow_jobs import NodeJobStore
from core.store.workflow_past import PastStore
from core.store.workflows import WorkflowStore

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from core.backends.base import ContainerBackend
    from core.clock import Clock
    from core.policy.policy import Policy
    from core.settings import EngineSettings
    from core.store.database import Database
    from core.store.home import Home

_CLEAN_UP_S: Final = 3.0
"""How long closing may take to remove containers of jobs that have ended and to write their files; what is left is the
next engine's."""


@asynccontextmanager
async def open_engine(
    settings: EngineSettings, *, backend: ContainerBackend | None = None, clock: Clock | None = None
) -> AsyncGenerator[Engine]:
    """Open a home and run its engine while the context lasts.

    Jobs that an earlier engine left are taken up. On leaving, nothing more is started and running containers go on;
    the next engine takes them up.

    Args:
        settings: All knobs; `EngineSettings(home=…)` is enough.
        backend: Replaces the one the settings name.
        clock: Replaces the machine's.

    Raises:
        InvalidPolicyError: The home's `policy.yaml` has faults; nothing was changed.
        UnusableSecretsError: The home's `secrets.json`, or a file of `secret_files`, cannot be read.
        HomeInUseError: Another engine has this home.
        SchemaTooNewError: The database was written by a newer OrcaOps.
        StoreDamagedError: The database is damaged; nothing was changed.
        StoreError: The home cannot be used, with the reason.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        home = await stack.enter_async_context(hold_home(settings.home, clock.now()))
        policy = await anyio.to_thread.run_sync(load_policy, home.root)
        secrets = SecretBook(settings.secrets, settings.secret_files, SecretFile(home.root))
        await secrets.open()
        database = await stack.enter_async_context(open_database(home.database, may_create=home.is_fresh))
        await sweep_parts(home.parts)
        identity = await home_id(database)
        chosen = backend or _backend(settings, identity, clock)
        told = settings.model_copy(update={"secrets": secrets})
        parts = _parts(told, secrets, home, identity, clock, chosen, database, policy)
        await stack.enter_async_context(chosen.run())
        yield await stack.enter_async_context(_running(parts))


def _parts(
    settings: EngineSettings,
    secrets: SecretBook,
    home: Home,
    identity: str,
    clock: Clock,
    backend: ContainerBackend,
    database: Database,
    policy: Policy,
) -> Parts:
    """What the engine is put together from."""
    jobs, workflows, bus = JobStore(database, clock), WorkflowStore(database, clock, settings.queue.max_runs), Bus()
    return Parts(
        settings=settings,
        secrets=secrets,
        home=home,
        home_id=identity,
        clock=clock,
        backend=backend,
        jobs=jobs,
        ledger=Ledger(jobs, bus, Pace(clock)),
        artifacts=ArtifactStore(database),
        analytics=AnalyticsIndex(database),
        uploads=UploadStore(database, clock),
        templates=TemplateStore(database, clock),
        upload_blobs=BlobFolder(home.uploads, home.parts),
        logs=LogHub(home.logs),
        bus=bus,
        run_shelf=RunShelf(database),
        run_index=RunIndex(database),
        run_files=RunFiles(home),
        workflows=workflows,
        workflow_ledger=WorkflowLedger(workflows, bus, Pace(clock)),
        node_jobs=NodeJobStore(database),
        groups=GroupStore(database, clock),
        past=PastStore(database),
        workflow_index=WorkflowIndex(database),
        workflow_files=WorkflowFiles(home),
        policy=policy,
        remarks=(database.loss,) if database.loss else (),
    )


@asynccontextmanager
async def _running(parts: Parts) -> AsyncGenerator[Engine]:
    """An engine with its tasks; they end with the context, and what they ran goes on without them."""
    scheduler = Scheduler(parts.settings.queue, parts.clock)
    gate = Gate(parts.backend, scheduler, parts.clock)
    worker = Worker(parts, scheduler, gate.doubt)
    recovery = Recovery(parts, scheduler, worker, gate)
    shared = SharedServices(parts)
    filer, retention = RunFiler(parts), Retention(parts)
    version = await anyio.to_thread.run_sync(metadata.version, "orcaops-mcp")
    conductors = Conductors(parts, scheduler, worker, AdmissionDesk(parts, scheduler.slots), shared)
    engine = Engine(parts, scheduler, worker, conductors, version=version)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(gate.run, name="gate")
        await shared.restore()
        tasks.start_soon(shared.run, name="services of runs")
        await recovery.run(tasks)
        await conductors.recover()
        tasks.start_soon(scheduler.run, tasks, worker, name="scheduler")
        tasks.start_soon(conductors.run, name="workflows")
        tasks.start_soon(recovery.sweep_for_ever, name="orphans")
        tasks.start_soon(filer.run, name="run files")
        tasks.start_soon(retention.sweep_for_ever, name="retention")
        try:
            yield engine
        finally:
            engine.close()
            with anyio.move_on_after(_CLEAN_UP_S, shield=True):
                await worker.until_clean()
                await filer.finish()
            tasks.cancel_scope.cancel()


def _backend(settings: EngineSettings, identity: str, clock: Clock) -> ContainerBackend:
    if settings.backend == "simulated":
        return SimulatedBackend(settings.simulation, clock=clock)
    return DockerBackend(settings.docker, home_id=identity)
