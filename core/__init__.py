"""The engine: knows no protocol, no terminal, no environment variable.

Everything a door may name is exported here; nothing below this name is part of the interface::

    async with open_engine(EngineSettings(home=Path("~/.orcaops").expanduser())) as engine:
        submitted = await engine.submit_job(JobSpec(image="busybox", command=("echo", "hi")))
        job = await engine.wait_for_job(submitted.job.job_id)
"""

from core.backends.base import BackendHealth, ContainerBackend
from core.clock import Clock, SystemClock, time_text
from core.compose import open_engine
from core.engine.answers import ArtifactSlice, EngineStatus, StoredArtifact
from core.engine.engine import Engine
from core.engine.failures import FailureSummary, SickService
from core.engine.log_view import MAX_WINDOW, LogHits, LogPlace, LogWindow
from core.engine.reading import LogPage, LogQuery
from core.engine.retention import Cleanup
from core.engine.secret_book import SecretFact, list_secrets
from core.engine.slots import SlotUse
from core.engine.waiting import RunsWaited, Until, WaitedWorkflow
from core.engine.workflow.request import WorkflowRequest
from core.engine.workflow.rerun_request import (
    Explanation,
    NodePlan,
    Rerun,
    RerunPlan,
    RerunRequest,
    RerunSource,
)
from core.engine.workflow_estimate import RunEstimate, Sureness
from core.engine.workflow_graph import graph_document, graph_dot, graph_mermaid
from core.engine.workflow_logs import WorkflowLogPage, WorkflowLogQuery
from core.engine.workflow_summary import NodeFailure, StillNode, WorkflowSummary
from core.errors import (
    ArtifactNotFoundError,
    BackendError,
    BackendTimeoutError,
    BackendUnavailableError,
    BusyError,
    ConflictError,
    ContainerLostError,
    ContainerNameTakenError,
    ContainerStartError,
    EngineClosedError,
    Finding,
    HomeInUseError,
    IdempotencyConflictError,
    IllegalMoveError,
    ImageError,
    ImageNotFoundError,
    InvalidArgumentError,
    InvalidExpressionError,
    InvalidPolicyError,
    InvalidSpecError,
    JobNotFinishedError,
    JobNotFoundError,
    JobOfWorkflowError,
    NodeNotFoundError,
    NotAdmittedError,
    NotFoundError,
    OrcaOpsError,
    PolicyDeniedError,
    QueueFullError,
    RegistryDeniedError,
    RegistryUnreachableError,
    RequestError,
    SchemaTooNewError,
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    TemplateExistsError,
    TemplateNotFoundError,
    UnknownSecretError,
    UploadNotFoundError,
    WorkflowNotFinishedError,
    WorkflowNotFoundError,
)
from core.ids import is_job_id, is_upload_id, is_workflow_id, new_job_id, new_upload_id, new_workflow_id
from core.lifecycle.job import JobEvent, JobPhase, JobStatus
from core.lifecycle.workflow import NodeEvent, NodeStatus, Outcome, Reason, Result, WorkflowEvent, WorkflowStatus
from core.logs.clean import clean_lines, clean_text
from core.logs.diagnose import Cause, Diagnosis, TestCounts
from core.logs.line_set import LineChoice
from core.logs.search import LogPattern
from core.logs.sought import Sought
from core.logs.window import ShownLine
from core.plan.check import WorkflowCheck, check_workflow
from core.plan.compile import PlannedNode, WorkflowPlan
from core.plan.expand import expand_workflow
from core.plan.findings import Edit, Fix, Place, Related, Severity, SourceFinding
from core.plan.fixes import mended
from core.plan.keys.schema import workflow_schema
from core.plan.reading import read_workflow
from core.plan.render import dot as plan_dot
from core.plan.render import mermaid as plan_mermaid
from core.plan.render import plan_tree, plan_view
from core.plan.standing import Edge
from core.policy.policy import BUILT_IN, CALLERS, Policy
from core.policy.reading import load_policy, read_policy
from core.policy.rules import ask_for_image
from core.policy.told import policy_document
from core.portable import IS_WINDOWS, OpenFolder
from core.records.analytics import Analytics, ImageFigures, Interval, NameFigures, SourceFigures, Spread, Totals
from core.records.artifact import Artifact, JobArtifact, Upload
from core.records.document import artifact_document, failure_document, job_document, service_document, step_document
from core.records.event import EngineEvent, JobChanged, LogGrew, NodeChanged, ProgressChanged, WorkflowChanged
from core.records.job import (
    Attempt,
    CancelRequest,
    Failure,
    FailureKind,
    Job,
    QueuePlace,
    StatusChange,
    StepResult,
    Usage,
)
from core.records.log import LogCursor, LogLine, LogPart, LogSummary, Stream
from core.records.page import Page
from core.records.service import ServiceResult
from core.records.template import SavedTemplate, Template, TemplateUse, template_document
from core.records.workflow import (
    CriticalNode,
    WorkflowAttempt,
    WorkflowChange,
    WorkflowRun,
    WorkflowSource,
)
from core.records.workflow_document import (
    attempt_document,
    blocked_nodes,
    counts_document,
    matrix_document,
    node_document,
    run_document,
    workflow_document,
)
from core.records.workflow_log import NodeArtifact, NodeJob, NodeLine, WorkflowLogCursor, WorkflowLogPart
from core.records.workflow_node import (
    KeptFrom,
    NodeCondition,
    NodeCounts,
    NodeReason,
    NodeRef,
    NodeTry,
    NodeVariant,
    WorkflowNode,
)
from core.records.workflow_past import PastRun
from core.settings import (
    DockerSettings,
    EngineSettings,
    LimitSettings,
    MountSettings,
    QueueSettings,
    RetentionSettings,
    RuntimeSettings,
    SimulationSettings,
    WorkspaceSettings,
)
from core.spec.inputs import InputSpec
from core.spec.job import InputFile, JobSpec, LogLimit, StepSpec
from core.spec.load import findings_of, parse_job
from core.spec.mounts import MountSpec
from core.spec.runtimes import RUNTIMES
from core.spec.sandbox import PROFILES, TmpfsSpec
from core.spec.service import HealthCheckSpec, ReadySpec, ServiceSpec
from core.spec.template import TemplateSpec, WorkflowText
from core.store.backup import back_up_home
from core.store.backup_form import BackupFacts
from core.store.blobs import Blob
from core.store.changes import Submitted
from core.store.listing import JobFilter
from core.store.node_changes import NodeFilter
from core.store.private_file import PrivateFile
from core.store.restore import restore_home
from core.store.secret_file import SecretFile
from core.store.workflow_changes import SubmittedRun
from core.store.workflow_listing import WorkflowFilter
from core.testing.demo import DEMO_SIZES, demo_settings, fill_demo_home
from core.workspace.hashes import HashCache
from core.workspace.listing import list_workspace

__all__ = (
    "BUILT_IN", "CALLERS", "DEMO_SIZES", "IS_WINDOWS", "MAX_WINDOW", "PROFILES", "RUNTIMES", "Analytics", "Artifact",
    "ArtifactNotFoundError", "ArtifactSlice", "Attempt", "BackendError", "BackendHealth", "BackendTimeoutError",
    "BackendUnavailableError", "BackupFacts", "Blob", "BusyError", "CancelRequest", "Cause", "Cleanup", "Clock",
    "ConflictError", "ContainerBackend", "ContainerLostError", "ContainerNameTakenError", "ContainerStartError",
    "CriticalNode", "Diagnosis", "DockerSettings", "Edge", "Edit", "Engine", "EngineClosedError", "EngineEvent",
    "EngineSettings", "EngineStatus", "Explanation", "Failure", "FailureKind", "FailureSummary", "Finding", "Fix",
    "HashCache", "HealthCheckSpec", "HomeInUseError", "IdempotencyConflictError", "IllegalMoveError", "ImageError",
    "ImageFigures", "ImageNotFoundError", "InputFile", "InputSpec", "Interval", "InvalidArgumentError",
    "InvalidExpressionError", "InvalidPolicyError", "InvalidSpecError", "Job", "JobArtifact", "JobChanged", "JobEvent",
    "JobFilter", "JobNotFinishedError", "JobNotFoundError", "JobOfWorkflowError", "JobPhase", "JobSpec", "JobStatus",
    "KeptFrom", "LimitSettings", "LineChoice", "LogCursor", "LogGrew", "LogHits", "LogLimit", "LogLine", "LogPage",
    "LogPart", "LogPattern", "LogPlace", "LogQuery", "LogSummary", "LogWindow", "MountSettings", "MountSpec",
    "NameFigures", "NodeArtifact", "NodeChanged", "NodeCondition", "NodeCounts", "NodeEvent", "NodeFailure",
    "NodeFilter", "NodeJob", "NodeLine", "NodeNotFoundError", "NodePlan", "NodeReason", "NodeRef", "NodeStatus",
    "NodeTry", "NodeVariant", "NotAdmittedError", "NotFoundError", "OpenFolder", "OrcaOpsError", "Outcome", "Page",
    "PastRun", "Place", "PlannedNode", "Policy", "PolicyDeniedError", "PrivateFile", "ProgressChanged",
    "QueueFullError", "QueuePlace", "QueueSettings", "ReadySpec", "Reason", "RegistryDeniedError",
    "RegistryUnreachableError", "Related", "RequestError", "Rerun", "RerunPlan", "RerunRequest", "RerunSource",
    "Result", "RetentionSettings", "RunEstimate", "RunsWaited", "RuntimeSettings", "SavedTemplate", "SchemaTooNewError",
    "SecretFact", "SecretFile", "ServiceResult", "ServiceSpec", "Severity", "ShownLine", "SickService",
    "SimulationSettings", "SlotUse", "Sought", "SourceFigures", "SourceFinding", "Spread", "StatusChange", "StepResult",
    "StepSpec", "StillNode", "StoreBusyError", "StoreDamagedError", "StoreError", "StoredArtifact", "Stream",
    "Submitted", "SubmittedRun", "Sureness", "SystemClock", "Template", "TemplateExistsError", "TemplateNotFoundError",
    "TemplateSpec", "TemplateUse", "TestCounts", "TmpfsSpec", "Totals", "UnknownSecretError", "Until", "Upload",
    "UploadNotFoundError", "Usage", "WaitedWorkflow", "WorkflowAttempt", "WorkflowChange", "WorkflowChanged",
    "WorkflowCheck", "WorkflowEvent", "WorkflowFilter", "WorkflowLogCursor", "WorkflowLogPage", "WorkflowLogPart",
    "WorkflowLogQuery", "WorkflowNode", "WorkflowNotFinishedError", "WorkflowNotFoundError", "WorkflowPlan",
    "WorkflowRequest", "WorkflowRun", "WorkflowSource", "WorkflowStatus", "WorkflowSummary", "WorkflowText",
    "WorkspaceSettings", "artifact_document", "ask_for_image", "attempt_document", "back_up_home", "blocked_nodes",
    "check_workflow", "clean_lines", "clean_text", "counts_document", "demo_settings", "expand_workflow",
    "failure_document", "fill_demo_home", "findings_of", "graph_document", "graph_dot", "graph_mermaid", "is_job_id",
    "is_upload_id", "is_workflow_id", "job_document", "list_secrets", "list_workspace", "load_policy",
    "matrix_document", "mended", "new_job_id", "new_upload_id", "new_workflow_id", "node_document", "open_engine",
    "parse_job", "plan_dot", "plan_mermaid", "plan_tree", "plan_view", "policy_document", "read_policy",
    "read_workflow", "restore_home", "run_document", "service_document", "step_document", "template_document",
    "time_text", "workflow_document", "workflow_schema",
)  # fmt: skip
