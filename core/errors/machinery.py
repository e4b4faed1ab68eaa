"""The engine, its store or the container engine cannot do it now: waiting helps, or the operator mends it."""

from __future__ import annotations

from typing import Final

from core.errors.base import OrcaOpsError

_SOON_S: Final = 2.0
"""What a caller is told to wait where nobody knows how long it takes."""


class BusyError(OrcaOpsError):
    """OrcaOps is busy."""

    code = "busy"
    retryable = True
    retry_after_s = _SOON_S


class QueueFullError(BusyError):
    """The queue is full."""

    code = "queue_full"
    default_hint = "Wait for jobs to finish, or cancel some that are no longer needed, then submit again."


class StoreBusyError(BusyError):
    """The database is locked by another process."""

    code = "store_busy"
    default_hint = "Try again in a few seconds; close any tool that keeps orcaops.db open for writing."


class BackendError(OrcaOpsError):
    """The container engine could not do what was asked."""

    code = "backend_error"
    default_hint = "Run `orcaops doctor` to see what the container engine needs."


class BackendUnavailableError(BackendError):
    """The container engine does not answer."""

    code = "engine_unavailable"
    default_hint = (
        "Start Docker (for example `scripts/container-engine up`, or Docker Desktop); "
        "jobs that wait start by themselves."
    )
    retryable = True
    retry_after_s = _SOON_S


class BackendTimeoutError(BackendError):
    """The container engine took too long to answer."""

    code = "engine_timeout"
    default_hint = "The engine is slow or hung; nothing was judged. Try again, or look at its log."
    retryable = True


class ImageError(BackendError):
    """The image could not be pulled."""

    code = "image_pull_failed"


class ImageNotFoundError(ImageError):
    """The image does not exist in its registry."""

    code = "image_not_found"
    default_hint = "Check the name and the tag; the registry answered and does not know it."


class RegistryDeniedError(ImageError):
    """The registry refused access to the image."""

    code = "registry_auth"
    default_hint = "The image is private, or does not exist there: log the container engine in with `docker login`."


class RegistryUnreachableError(ImageError):
    """The image's registry could not be reached."""

    code = "registry_unavailable"
    default_hint = "Check the registry's address and the network, or load the image into the engine beforehand."
    retryable = True


class ContainerLostError(BackendError):
    """The container is gone, and not by our doing."""

    code = "container_lost"
    default_hint = "Someone removed it, or the container engine lost it; rerun the job."
    retryable = True


class ContainerNameTakenError(BackendError):
    """A container that is not ours has the name this job needs."""

    code = "container_name_taken"
    default_hint = "Rename or remove that container; OrcaOps does not touch what it did not make."


class ContainerStartError(BackendError):
    """The container could not be started.

    Attributes:
        exit_code: What the container engine recorded: 127 for a command not found, 126 for one not executable.
    """

    code = "start_error"
    default_hint = "Check that the command exists in the image and may be executed."

    def __init__(self, message: str = "", *, hint: str = "", exit_code: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code


class StoreError(OrcaOpsError):
    """The store could not be used."""

    code = "store_error"


class SchemaTooNewError(StoreError):
    """The database was written by a newer OrcaOps."""

    code = "schema_too_new"
    default_hint = "Upgrade this OrcaOps, or point ORCAOPS_HOME at another folder."


class HomeInUseError(StoreError):
    """Another engine has this home."""

    code = "home_in_use"
    default_hint = "Stop the other engine, or give this one a home of its own with ORCAOPS_HOME."


class StoreDamagedError(StoreError):
    """The database is damaged."""

    code = "store_damaged"
    default_hint = "Nothing was changed. Restore orcaops.db from a backup, or move it away to start afresh."


class EngineClosedError(OrcaOpsError):
    """The engine is shutting down."""

    code = "engine_closed"
    default_hint = "Reconnect and call again; jobs that run go on."
    retryable = True
    retry_after_s = _SOON_S
