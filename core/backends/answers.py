"""What a backend answers: about images, containers, their use of resources, and itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from core.frozen import quickly_made

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.backends.services import Health

ContainerPhase = Literal["created", "running", "paused", "exited"]


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """A local image.

    Attributes:
        reference: As asked for.
        image_id: The engine's content id.
        digest: ``name@sha256:…`` in its registry, or the image id if it never was in one.
        entrypoint: The image's own entrypoint.
        command: The image's own command.
        workdir: The image's working directory; empty for none.
        user: The image's user; empty for root.
        ports: TCP ports that it says it serves.
        has_health_check: Whether it brings a health check of its own.
    """

    reference: str
    image_id: str
    digest: str
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    workdir: str = ""
    user: str = ""
    ports: tuple[int, ...] = ()
    has_health_check: bool = False


@quickly_made
@dataclass(frozen=True, slots=True)
class ContainerState:
    """What the engine says of a container.

    Attributes:
        container_id: Its id.
        name: Its name.
        labels: All its labels.
        phase: Where it stands. ``created`` was never started.
        exit_code: Once exited; also of a start that failed.
        oom_killed: Whether the kernel killed something in it for memory.
        error: The engine's words when the start failed.
        created_at: When it was made.
        started_at: When it started last.
        finished_at: When it ended.
        killed_from_outside: A signal was sent to it through the container engine that this backend did not send;
            its name such as ``TERM``, or None.
        went_down_with_engine: The container engine ended it because it went down itself, or came back after it died.
        restarted: Somebody else started it again after it had run, so that it tells of more than one run.
        health: What its health check says; None without one, or when it does not run.
        health_output: The end of what the last check printed.
    """

    container_id: str
    name: str
    labels: Mapping[str, str]
    phase: ContainerPhase
    exit_code: int | None = None
    oom_killed: bool = False
    error: str = ""
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    killed_from_outside: str | None = None
    went_down_with_engine: bool = False
    restarted: bool = False
    health: Health | None = None
    health_output: str = ""


@dataclass(frozen=True, slots=True)
class UsageSample:
    """Resource use of a running container at one moment; totals since its start.

    Attributes:
        cpu_seconds: CPU time over all cores.
        memory_bytes: Present use.
        peak_memory_bytes: Highest use as the engine knows it; None where it does not (cgroup v2).
        network_rx_bytes: Received.
        network_tx_bytes: Sent.
    """

    cpu_seconds: float | None
    memory_bytes: int | None
    peak_memory_bytes: int | None
    network_rx_bytes: int | None
    network_tx_bytes: int | None


@dataclass(frozen=True, slots=True)
class BackendHealth:
    """Whether the backend can run containers now.

    Attributes:
        available: Whether it answers.
        name: ``docker`` or ``simulated``.
        version: Of the container engine.
        message: What is wrong; empty when available.
        hint: What to do about it.
        facts: More for doctor and system status, such as ``{"cgroup": "2", "gpus": "0"}``.
    """

    available: bool
    name: str
    version: str = ""
    message: str = ""
    hint: str = ""
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
