"""What the engine asks of whatever runs containers, and what it may rely on.

One attempt goes through these verbs in this order::

    pull → create → put → start → follow … (stop) … inspect → get → remove

- Every verb may be called again after a crash. `create` adopts a container of the same name that carries our
  labels; `start` on a container that runs is a no-op; `stop` and `remove` accept one that is already gone.
- Every verb may run beside any other, for the same or another container, and may be cancelled.
- The end of `follow` never means that the container ended: only `inspect` says so.
- A container that exited keeps its exit code, its output and its files until `remove`.
- Everything a backend makes carries the request's labels; it touches nothing that does not.
- Errors are `core.errors.BackendError` and below; `BackendUnavailableError` and `BackendTimeoutError` judge nothing
  about a container.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple, Protocol, cast

from core.backends.answers import BackendHealth, ContainerState, ImageInfo, UsageSample  # noqa: TC001 - as below
from core.backends.sandbox import STANDARD, Sandbox
from core.backends.services import ServiceVerbs
from core.frozen import quickly_made
from core.records.log import LogFrame, LogPosition  # noqa: TC001 - backends import them from here, with the seam

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from core.backends.services import HealthCheck
    from core.spec.job import PullPolicy
    from core.spec.sandbox import Network

    OnFrames = Callable[[Sequence[LogFrame]], bool]

LABEL_HOME = "orcaops.home"
"""Label naming the home a container belongs to; `list_owned` filters by it."""
LABEL_JOB = "orcaops.job"
LABEL_WORKFLOW = "orcaops.workflow"
"""Label naming the run of a workflow: on what its jobs share, and on the containers of its jobs."""
LABEL_ATTEMPT = "orcaops.attempt"


class Mount(NamedTuple):
    """A file or folder of the machine that a container sees."""

    source: str
    """Absolute, without links; it exists."""
    target: str
    """Absolute, in the container."""
    read_only: bool = True


@quickly_made
@dataclass(frozen=True, slots=True)
class ContainerRequest:
    """A container to be made: an allowlist of what a job may have, hardened by the backend.

    Attributes:
        name: Unique, and a pure function of home, job and attempt.
        image: Image id or reference, already local.
        argv: The process's arguments; None keeps the image's command.
        entrypoint: None keeps the image's.
        env: Variables.
        workdir: None keeps the image's.
        user: None keeps the image's.
        labels: Ours; `LABEL_HOME` among them.
        network: `bridge`, `none`, or `services`: what it is attached to is internal, and names outside stay unknown.
        init: Whether a small init is process 1.
        cpus: Limit in cores.
        memory_bytes: Limit, swap included.
        pids: Limit of processes.
        gpus: Number of GPUs.
        log_bytes: The log quota; the engine's own rotation must not fire inside it.
        log_lines: The log quota in lines.
        mounts: What it sees of the machine; checked by the engine.
        attached_to: A network of ours that takes the place of ``network``; empty for none.
        aliases: Names under which it is found there.
        also_in: Further networks of ours in which it stands; only beside ``attached_to``.
        health: The health check; None means none, not even the image's.
        stop_signal: What its process is sent first when it is stopped, such as ``SIGTERM``.
        may_signal: Whether processes may signal those of other users: the init has to, where a server that starts as
            root becomes another user.
        sandbox: How tightly it is held.
    """

    name: str
    image: str
    argv: tuple[str, ...] | None
    entrypoint: tuple[str, ...] | None
    env: Mapping[str, str]
    workdir: str | None
    user: str | None
    labels: Mapping[str, str]
    network: Network
    init: bool
    cpus: float
    memory_bytes: int
    pids: int
    gpus: int
    log_bytes: int
    log_lines: int
    mounts: tuple[Mount, ...] = ()
    attached_to: str = ""
    aliases: tuple[str, ...] = ()
    also_in: tuple[str, ...] = ()
    health: HealthCheck | None = None
    may_signal: bool = False
    stop_signal: str = "SIGTERM"
    sandbox: Sandbox = STANDARD


class RegistryLogin(NamedTuple):
    """Who asks a registry."""

    username: str
    password: str


class ArchiveEntry(NamedTuple):
    """A file to put into a container."""

    path: str
    """Relative to the folder given to `put`; its folders are made with it."""
    data: bytes = b""
    mode: int = 0o644
    file: Path | None = None
    """Where the bytes are instead of in ``data``; read when they are sent, and never whole into memory."""
    unpacked_size: int | None = None
    """How many bytes the file holds that is gzip; None for one that is put there as it lies."""

    def opened(self) -> BinaryIO:
        """The bytes of ``file``, unpacked; for a worker thread.

        Raises:
            OSError: It cannot be read.
            ValueError: There is no file.
        """
        if self.file is None:
            raise ValueError("the bytes are in memory")
        return self.file.open("rb") if self.unpacked_size is None else cast("BinaryIO", gzip.open(self.file))


class Placement(NamedTuple):
    """Files to put into a folder of a container."""

    folder: str
    """Absolute path."""
    entries: tuple[ArchiveEntry, ...]
    owner: str | None = None
    """``uid:gid`` of what is written; None for root."""
    is_ours: bool = False
    """Whether the folder gets this mode and owner even if it exists; its parent must exist, and it be no volume."""
    mode: int = 0o777
    """Of the folders that are made."""


class PathInfo(NamedTuple):
    """What a path in a container is, without its bytes."""

    path: str
    kind: Literal["file", "folder", "symlink", "other"]
    size: int
    link_target: str


class ContainerBackend(ServiceVerbs, Protocol):
    """Runs containers. See the module's docstring for what holds for every verb."""

    @property
    def name(self) -> str:
        """``docker`` or ``simulated``."""
        ...

    @property
    def control_paths(self) -> tuple[str, ...] | None:
        """Paths of this machine through which the container engine is commanded, never to be given to a container.

        None when it runs on another machine: paths of this one mean nothing to it.
        """
        ...

    async def probe(self) -> BackendHealth:
        """Whether containers can be run now; never raises, answers within the call timeout."""
        ...

    async def pull(
        self, image: str, policy: PullPolicy, on_progress: Callable[[str], None], *, login: RegistryLogin | None = None
    ) -> ImageInfo:
        """Make sure the image is local. Pulls of one image with one login at the same time are one pull.

        Args:
            image: A well-formed reference.
            policy: ``missing`` pulls only when the image is not local.
            on_progress: Called on the event loop with a few words, such as ``pulling alpine:3.20, 45 %``.
            login: Who asks the registry, in place of what the machine knows; None for that.

        Raises:
            ImageNotFoundError: The registry does not know it, or it is not local and the policy is ``never``.
            RegistryDeniedError: The registry refused.
            RegistryUnreachableError: The registry did not answer.
            ImageError: Anything else the engine said about the image.
            BackendUnavailableError: The engine does not answer.
        """
        ...

    async def create(self, request: ContainerRequest) -> ContainerState:
        """Make the container, or adopt the one of that name that carries the same labels.

        Raises:
            ContainerNameTakenError: A container that is not ours has the name.
            ContainerStartError: The engine refused the request.
        """
        ...

    async def put(
        self,
        container_id: str,
        folder: str,
        entries: Sequence[ArchiveEntry],
        *,
        owner: str | None = None,
        claim: bool = False,
        mode: int = 0o777,
    ) -> None:
        """Write files into a container, in their order, one that runs too. Folders are made as needed.

        Args:
            container_id: The container.
            folder: Absolute path.
            entries: The files.
            owner: ``uid:gid`` of what is written; None for root.
            claim: The folder is ours: it gets this mode and owner even if it exists. Its parent must exist.
            mode: Of the folders that are made.

        Raises:
            BackendError: It was refused, or the bytes of an entry could not be read.
        """
        ...

    async def put_all(self, container_id: str, placements: Sequence[Placement]) -> None:
        """Write files into several folders, as `put` does into one; in as few calls as it takes.

        Raises:
            BackendError: As `put`.
        """
        ...

    async def start(self, container_id: str) -> None:
        """Start it, once.

        Raises:
            ContainerStartError: Its command does not exist or cannot be executed, or a network is gone; final.
            ContainerLostError: It is gone.
        """
        ...

    async def follow(
        self, container_id: str, since: LogPosition | None, on_frames: OnFrames, *, at_once: OnFrames | None = None
    ) -> bool:
        """Deliver output from ``since`` on, as it comes, until the stream ends or ``on_frames`` returns False.

        ``on_frames`` is called from a worker thread, one call at a time, in order, within 100 ms of the engine
        having the output. Where no thread has the frames anyway, ``at_once`` may be offered them first, on the event
        loop: it takes all of them without waiting for anything and returns True, or none.

        Returns:
            Whether the engine ended the stream by itself, as it does after the container's last output; False when the
            connection broke off or ``on_frames`` returned False.

        Raises:
            ContainerLostError: It is gone.
            BackendUnavailableError: The engine does not answer.
        """
        ...

    async def tail(self, container_id: str, lines: int) -> list[LogFrame]:
        """The last frames of its output, at most ``lines``."""
        ...

    async def wait(self, container_id: str) -> ContainerState | None:
        """Return once it is not running, with its state; None when it is gone. An outage is waited out."""
        ...

    async def inspect(self, container_id: str) -> ContainerState | None:
        """Its state by id or name; None when there is none."""
        ...

    async def stop(self, container_id: str, grace_s: float) -> None:
        """SIGTERM, then SIGKILL after ``grace_s``; returns when it has ended or is gone."""
        ...

    async def usage(self, container_id: str) -> UsageSample | None:
        """A sample; None when it is not running."""
        ...

    async def written_bytes(self, container_id: str) -> int | None:
        """What it has written into its own layer, without mounts, volumes and memory; None when it is gone."""
        ...

    async def free_bytes(self) -> int | None:
        """What is free where the containers' layers lie; None when nobody here can tell."""
        ...

    async def stat(self, container_id: str, path: str) -> PathInfo | None:
        """What is at an absolute path of a container that is not running; None if nothing."""
        ...

    def archive(self, container_id: str, path: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """A tar of the file or folder at an absolute path of a container; one that runs may write meanwhile.

        Members are named as Docker does: the path's last part, then what is below it. The stream is closed with the
        context, read to the end or not.

        Raises:
            FileNotFoundError: Nothing is there.
        """
        ...

    async def remove(self, container_id: str) -> None:
        """Remove it with its anonymous volumes, running or not; one that is named only if it is of this home."""
        ...

    async def list_owned(self, home_id: str) -> list[ContainerState]:
        """All containers whose `LABEL_HOME` is ``home_id``, whatever their phase."""
        ...

    def run(self) -> AbstractAsyncContextManager[None]:
        """Hold whatever the backend keeps open (such as the event stream) while the context lasts."""
        ...
