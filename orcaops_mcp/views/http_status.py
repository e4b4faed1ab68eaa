"""Which HTTP status an error of the engine's has, at every door that speaks HTTP."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from core import (
    BackendError,
    BackendTimeoutError,
    BackendUnavailableError,
    BusyError,
    ConflictError,
    EngineClosedError,
    InvalidArgumentError,
    InvalidSpecError,
    NotAdmittedError,
    NotFoundError,
    OrcaOpsError,
    QueueFullError,
    RequestError,
    UnknownSecretError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATUS: Final[Mapping[type[OrcaOpsError], int]] = {
    InvalidSpecError: 422,
    InvalidArgumentError: 422,
    UnknownSecretError: 422,
    NotAdmittedError: 403,
    RequestError: 400,
    NotFoundError: 404,
    ConflictError: 409,
    QueueFullError: 429,
    BusyError: 503,
    BackendUnavailableError: 503,
    BackendTimeoutError: 504,
    BackendError: 502,
    EngineClosedError: 503,
    OrcaOpsError: 500,
}


def http_status_of(error: OrcaOpsError, own: Mapping[type[OrcaOpsError], int] = MappingProxyType({})) -> int:
    """The status of an error, by its class or the nearest one above it.

    Args:
        error: What happened.
        own: Statuses of the errors that only the asking door raises.
    """
    known = {**_STATUS, **own}
    return next(known[kind] for kind in type(error).__mro__ if kind in known)
