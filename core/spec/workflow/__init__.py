"""A workflow in its one canonical form: frozen, every spelling and template resolved, expressions as texts."""

from core.spec.workflow.container import (
    ArtifactSpec,
    CredentialsSpec,
    ImageSpec,
    OutputSpec,
    WorkflowHealthCheckSpec,
    WorkflowReadySpec,
    WorkflowServiceSpec,
)
from core.spec.workflow.control import (
    BackoffSpec,
    Completion,
    ConcurrencySpec,
    FailureKind,
    MatrixSpec,
    NeedSpec,
    ResourcesSpec,
    RetrySpec,
    ToleranceSpec,
)
from core.spec.workflow.job import DEFAULT_JOB_SECONDS, CallSpec, WorkflowJobSpec, WorkflowStepSpec
from core.spec.workflow.values import Expression, Plain
from core.spec.workflow.workflow import DEFAULT_RUN_SECONDS, DefaultsSpec, WorkflowSpec

__all__ = (
    "DEFAULT_JOB_SECONDS",
    "DEFAULT_RUN_SECONDS",
    "ArtifactSpec",
    "BackoffSpec",
    "CallSpec",
    "Completion",
    "ConcurrencySpec",
    "CredentialsSpec",
    "DefaultsSpec",
    "Expression",
    "FailureKind",
    "ImageSpec",
    "MatrixSpec",
    "NeedSpec",
    "OutputSpec",
    "Plain",
    "ResourcesSpec",
    "RetrySpec",
    "ToleranceSpec",
    "WorkflowHealthCheckSpec",
    "WorkflowJobSpec",
    "WorkflowReadySpec",
    "WorkflowServiceSpec",
    "WorkflowSpec",
    "WorkflowStepSpec",
)
