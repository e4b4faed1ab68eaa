"""What is true of a service that all jobs of a run share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.records.service import ServiceResult
    from core.spec.service import ServiceSpec


@dataclass(frozen=True, slots=True)
class RunService:
    """A service of one attempt at a run.

    Attributes:
        spec: What was asked, with every expression evaluated.
        result: What became of it.
        ports: Its TCP ports, the first being the one that jobs are told of; known once its image is.
    """

    spec: ServiceSpec
    result: ServiceResult
    ports: tuple[int, ...] = ()
