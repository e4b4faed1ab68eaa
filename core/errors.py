"""Every error a caller of the engine can meet.

Each class has a sentence (its docstring), a code that never changes, a hint, and whether the same call may work later::

    OrcaOpsError
    ├── RequestError                 the caller mends it
    │   ├── InvalidSpecError         invalid_spec
    │   ├── InvalidArgumentError     invalid_argument
    │   ├── NotAdmittedError         not_admitted
    │   ├── UnknownSecretError       unknown_secret
    │   ├── InvalidExpressionError   invalid_expression
    │   └── InvalidMatrixError       invalid_matrix
    ├── NotFoundError                the caller looks again
    │   ├── JobNotFoundError         job_not_found
    │   ├── ArtifactNotFoundError    artifact_not_found
    │   ├── WorkflowNotFoundError    workflow_not_found
    │   ├── NodeNotFoundError        node_not_found
    │   ├── UploadNotFoundError      upload_not_found
    │   └── TemplateNotFoundError    template_not_found
    ├── ConflictError                the caller chooses otherwise
    │   ├── IllegalMoveError         illegal_move
    │   ├── JobNotFinishedError      job_not_finished
    │   ├── WorkflowNotFinishedError workflow_not_finished
    │   ├── JobOfWorkflowError       job_of_workflow
    │   ├── TemplateExistsError      template_exists
    │   └── IdempotencyConflictError idempotency_conflict
    ├── BusyError                    waiting helps
    │   ├── QueueFullError           queue_full
    │   └── StoreBusyError           store_busy
    ├── BackendError                 the operator mends it
    │   ├── BackendUnavailableError  engine_unavailable
    │   ├── BackendTimeoutError      engine_timeout
    │   ├── ImageError               image_pull_failed
    │   │   ├── ImageNotFoundError       image_not_found
    │   │   ├── RegistryDeniedError      registry_auth
    │   │   └── RegistryUnreachableError registry_unavailable
    │   ├── ContainerLostError       container_lost
    │   ├── ContainerNameTakenError  container_name_taken
    │   └── ContainerStartError      start_error
    ├── StoreError                   the operator mends it
    │   ├── SchemaTooNewError        schema_too_new
    │   ├── HomeInUseError           home_in_use
    │   └── StoreDamagedError        store_damaged
    └── EngineClosedError            engine_closed

A command that exits non-zero is a fact in the job's record. Errors of docker-py and SQLite never leave their packages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault in a request, with its place.

    Attributes:
        path: Dotted path of the field, such as ``env.0``; empty for the whole request.
        message: What is wrong, without repeating the offending value (it may hold a secret).
        hint: What to write instead; empty when the message already says so.
    """

    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """The finding as one line."""
        place = f"{self.path}: " if self.path else ""
        return f"{place}{self.message}"


class OrcaOpsError(Exception):
    """Something went wrong in OrcaOps."""

    code: ClassVar[str] = "internal"
    default_hint: ClassVar[str] = ""
    retryable: ClassVar[bool] = False

    def __init__(self, message: str = "", *, hint: str = "", findings: tuple[Finding, ...] = ()) -> None:
        sentence = (type(self).__doc__ or "").strip().splitlines()[0]
        self.message = message or sentence
        self.hint = hint or self.default_hint
        self.findings = findings
        super().__init__(self.message)


class RequestError(OrcaOpsError):
    """The request cannot be accepted as it stands."""

    code = "invalid_request"


class InvalidSpecError(RequestError):
    """The job specification has faults."""

    code = "invalid_spec"
    default_hint = "Correct the fields named and submit again; nothing was started."


class InvalidArgumentError(RequestError):
    """An argument is not valid."""

    code = "invalid_argument"
    default_hint = "Correct the argument and call again."


class NotAdmittedError(RequestError):
    """The job asks for something this engine does not allow."""

    code = "not_admitted"
    default_hint = "Ask for less, or have the operator change the limits in the configuration."


class UnknownSecretError(RequestError):
    """The job names a secret this engine does not have."""

    code = "unknown_secret"
    default_hint = "Set ORCAOPS_SECRET_<NAME> in the engine's environment, or correct the name."


class InvalidExpressionError(RequestError):
    """The expression cannot be read or evaluated.

    Attributes:
        rule: What kind of fault it is, as the code of a workflow's finding, such as ``E101``.
        expression: The expression's text.
        position: Where the token complained of begins, in characters from 1; None if none is to blame.
        length: How many characters that token has.
        offset: Where the expression begins in the text it is a part of, in characters from 0.
        values: What the expression had read when it could not be evaluated, such as ``inputs.dry = 'yes' (text)``.
    """

    code = "invalid_expression"
    default_hint = "Correct the expression at the place named."

    def __init__(
        self,
        message: str = "",
        *,
        hint: str = "",
        rule: str = "E109",
        expression: str = "",
        position: int | None = None,
        length: int = 0,
        offset: int = 0,
        values: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.rule = rule
        self.expression = expression
        self.position = position
        self.length = length
        self.offset = offset
        self.values = values


class InvalidMatrixError(RequestError):
    """The matrix cannot be expanded."""

    code = "invalid_matrix"
    default_hint = "Correct the matrix at the places named; no variant was started."


class NotFoundError(OrcaOpsError):
    """There is no such thing."""

    code = "not_found"


class JobNotFoundError(NotFoundError):
    """There is no job with this id."""

    code = "job_not_found"
    default_hint = "List the jobs with orcaops_list_runs and use an id from there."


class WorkflowNotFoundError(NotFoundError):
    """There is no workflow run with this id."""

    code = "workflow_not_found"
    default_hint = "List the runs with orcaops_list_runs and kind=workflow, and use an id from there."


class NodeNotFoundError(NotFoundError):
    """The run has no such node."""

    code = "node_not_found"
    default_hint = "Read the run with orcaops_get_workflow_status and use the id of one of its nodes."


class ArtifactNotFoundError(NotFoundError):
    """The job has no artifact with this path."""

    code = "artifact_not_found"
    default_hint = "List the job's artifacts with orcaops_list_artifacts and use a path from there."


class UploadNotFoundError(NotFoundError):
    """There is no upload with this id."""

    code = "upload_not_found"
    default_hint = "Upload the files again with orcaops_upload_files and use the id it returns."


class TemplateNotFoundError(NotFoundError):
    """There is no template with this name."""

    code = "template_not_found"
    default_hint = "List the templates with orcaops_list_templates and use a name from there."


class ConflictError(OrcaOpsError):
    """The request does not fit the present state."""

    code = "conflict"


class IllegalMoveError(ConflictError):
    """The job's present status does not allow this."""

    code = "illegal_move"
    default_hint = "Read the job's status first; another caller may have changed it."


class JobNotFinishedError(ConflictError):
    """The job has not finished yet."""

    code = "job_not_finished"
    default_hint = "Wait for it with orcaops_wait, or cancel it with orcaops_cancel_job."


class TemplateExistsError(ConflictError):
    """There is a template with this name already."""

    code = "template_exists"
    default_hint = "Save it with overwrite to make this its next version, or choose another name."


class WorkflowNotFinishedError(ConflictError):
    """The workflow run has not finished yet."""

    code = "workflow_not_finished"
    default_hint = "Wait for it with orcaops_wait, or cancel it with orcaops_cancel_workflow."


class JobOfWorkflowError(ConflictError):
    """The job belongs to a workflow run and goes with it."""

    code = "job_of_workflow"
    default_hint = "Delete the whole run, or leave it to the retention."


class IdempotencyConflictError(ConflictError):
    """The idempotency key was used before with another request."""

    code = "idempotency_conflict"
    default_hint = "Use a fresh key for a different job, or send the first request unchanged."


class BusyError(OrcaOpsError):
    """OrcaOps is busy."""

    code = "busy"
    retryable = True


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
