"""What is true of a service: a container beside a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

ServiceStatus = Literal["pending", "starting", "ready", "failed", "exited", "lost", "stopped"]
"""``failed`` never became ready, ``exited`` ended by itself after it was ready, ``lost`` is gone without our doing,
``stopped`` was ended by us."""


@dataclass(frozen=True, slots=True)
class ServiceResult:
    """What became of one service of an attempt.

    Attributes:
        service_id: Its id in the spec, and its first name in the job's network.
        image: As asked for.
        container_name: A function of home, job, attempt and id.
        status: Where it stands.
        image_digest: Digest or id of the image that ran; None until that is known.
        started_at: When its container was started, by our clock.
        ready_at: When it was found ready.
        exit_code: Of its container, once that has ended.
        message: Why it failed or ended; empty if there is nothing to say.
    """

    service_id: str
    image: str
    container_name: str
    status: ServiceStatus = "pending"
    image_digest: str | None = None
    started_at: datetime | None = None
    ready_at: datetime | None = None
    exit_code: int | None = None
    message: str = ""

    @property
    def ready_after_s(self) -> float | None:
        """Seconds from its start until it was ready; None if it never was."""
        if self.started_at is None or self.ready_at is None:
            return None
        return round((self.ready_at - self.started_at).total_seconds(), 3)

    @property
    def has_died(self) -> bool:
        """Whether it was ready once and did not last as long as the job."""
        return self.status in {"exited", "lost"}
