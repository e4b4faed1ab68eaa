"""Every error a caller of the engine can meet.

Each class has a sentence (its docstring), a code that never changes, a hint, and whether the same call may work later::

    OrcaOpsError
    ├── RequestError                 the caller mends it
    │   ├── InvalidSpecError         invalid_spec
    │   ├── InvalidArgumentError     invalid_argument
    │   ├── NotAdmittedError         not_admitted
    │   │   └── PolicyDeniedError        policy_denied
    │   ├── InvalidPolicyError       invalid_policy
    │   ├── UnknownSecretError       unknown_secret
    │   │   └── UnusableSecretsError     unusable_secrets
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

from core.errors.base import (
    Finding,
    OrcaOpsError,
)
from core.errors.machinery import (
    BackendError,
    BackendTimeoutError,
    BackendUnavailableError,
    BusyError,
    ContainerLostError,
    ContainerNameTakenError,
    ContainerStartError,
    EngineClosedError,
    HomeInUseError,
    ImageError,
    ImageNotFoundError,
    QueueFullError,
    RegistryDeniedError,
    RegistryUnreachableError,
    SchemaTooNewError,
    StoreBusyError,
    StoreDamagedError,
    StoreError,
)
from core.errors.request import (
    InvalidArgumentError,
    InvalidExpressionError,
    InvalidMatrixError,
    InvalidPolicyError,
    InvalidSpecError,
    NotAdmittedError,
    PolicyDeniedError,
    RequestError,
    UnknownSecretError,
    UnusableSecretsError,
)
from core.errors.state import (
    ArtifactNotFoundError,
    ConflictError,
    IdempotencyConflictError,
    IllegalMoveError,
    JobNotFinishedError,
    JobNotFoundError,
    JobOfWorkflowError,
    NodeNotFoundError,
    NotFoundError,
    TemplateExistsError,
    TemplateNotFoundError,
    UploadNotFoundError,
    WorkflowNotFinishedError,
    WorkflowNotFoundError,
)

__all__ = (
    "ArtifactNotFoundError",
    "BackendError",
    "BackendTimeoutError",
    "BackendUnavailableError",
    "BusyError",
    "ConflictError",
    "ContainerLostError",
    "ContainerNameTakenError",
    "ContainerStartError",
    "EngineClosedError",
    "Finding",
    "HomeInUseError",
    "IdempotencyConflictError",
    "IllegalMoveError",
    "ImageError",
    "ImageNotFoundError",
    "InvalidArgumentError",
    "InvalidExpressionError",
    "InvalidMatrixError",
    "InvalidPolicyError",
    "InvalidSpecError",
    "JobNotFinishedError",
    "JobNotFoundError",
    "JobOfWorkflowError",
    "NodeNotFoundError",
    "NotAdmittedError",
    "NotFoundError",
    "OrcaOpsError",
    "PolicyDeniedError",
    "QueueFullError",
    "RegistryDeniedError",
    "RegistryUnreachableError",
    "RequestError",
    "SchemaTooNewError",
    "StoreBusyError",
    "StoreDamagedError",
    "StoreError",
    "TemplateExistsError",
    "TemplateNotFoundError",
    "UnknownSecretError",
    "UnusableSecretsError",
    "UploadNotFoundError",
    "WorkflowNotFinishedError",
    "WorkflowNotFoundError",
)
