"""What was asked does not fit what is there: the caller looks again, or chooses otherwise."""

from __future__ import annotations

from core.errors.base import OrcaOpsError


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
