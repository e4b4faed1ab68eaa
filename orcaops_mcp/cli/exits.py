"""Exit codes: what a script learns from a command's end."""

from __future__ import annotations

from typing import Any, Final

from orcaops_mcp.client.errors import AMBIGUOUS, UNREACHABLE, ClientError

FAILED: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
NOT_ALLOWED: Final = 4
NOT_REACHABLE: Final = 5
WRONG_STATE: Final = 6
NOT_VALID: Final = 7
TIMED_OUT: Final = 124
NOT_STARTED: Final = 125
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141
TERMINATED: Final = 143

TABLE: Final = (
    (0, "Done; with waiting: the job or the workflow's run succeeded."),
    (FAILED, "Failed: an error, or what was waited for did not succeed."),
    (USAGE, "Wrong usage, or the beginning of an id that fits several."),
    (NOT_FOUND, "Not found."),
    (NOT_ALLOWED, "Not allowed: no token or a wrong one, or the policy says no."),
    (NOT_REACHABLE, "The engine, or the container engine, does not answer."),
    (WRONG_STATE, "Wrong state, such as deleting a job that runs."),
    (NOT_VALID, "The job's description, or the workflow or its inputs, are not valid."),
    (TIMED_OUT, "The job or the workflow's run ran into its time limit."),
    (NOT_STARTED, "`run`: no container could be started."),
    (126, "`run`: the command may not be executed."),
    (127, "`run`: there is no such command in the image."),
    (INTERRUPTED, "Interrupted, or the job or the workflow's run was cancelled."),
    (PIPE_CLOSED, "Whoever read the output has gone."),
    (TERMINATED, "Terminated."),
)

_BY_CODE: Final = {
    UNREACHABLE: NOT_REACHABLE,
    AMBIGUOUS: USAGE,
    "engine_unavailable": NOT_REACHABLE,
    "engine_timeout": NOT_REACHABLE,
    "engine_closed": NOT_REACHABLE,
    "invalid_argument": USAGE,
    "invalid_spec": NOT_VALID,
    "unknown_secret": NOT_VALID,
    "invalid_workflow": NOT_VALID,
    "invalid_configuration": USAGE,
    "invalid_policy": USAGE,
    "not_admitted": NOT_ALLOWED,
    "policy_denied": NOT_ALLOWED,
    "conflict": WRONG_STATE,
}
_BY_STATUS: Final = {
    400: NOT_VALID,
    401: NOT_ALLOWED,
    403: NOT_ALLOWED,
    404: NOT_FOUND,
    409: WRONG_STATE,
    422: NOT_VALID,
}
_STARTED: Final = frozenset({"exit", "oom", "signal", "output", "artifact"})


class EndedError(Exception):
    """A command ends with an exit code of its own choice.

    Args:
        error: Why.
        exit_code: The code.
    """

    def __init__(self, error: ClientError, exit_code: int) -> None:
        super().__init__(error.message)
        self.error = error
        self.exit_code = exit_code


def exit_code_of(error: ClientError) -> int:
    """The exit code that an error stands for."""
    return _BY_CODE.get(error.code) or _BY_STATUS.get(error.status, FAILED)


def judged(job: dict[str, Any]) -> int:
    """The exit code that a finished job stands for where one only asks whether it went well."""
    return {"success": 0, "timed_out": TIMED_OUT, "cancelled": INTERRUPTED}.get(str(job["status"]), FAILED)


def judged_run(run: dict[str, Any]) -> int:
    """The exit code that a workflow's run stands for; one that has not ended did not succeed."""
    reason: dict[str, Any] = run.get("reason") or {}
    if reason.get("code") == "timeout":
        return TIMED_OUT
    return {"success": 0, "cancelled": INTERRUPTED}.get(str(run["status"]), FAILED)


def as_docker_run(job: dict[str, Any]) -> int:
    """The exit code `docker run` would have ended with: the container's own, or why there was none."""
    code, status = job.get("exit_code"), job["status"]
    if status in {"timed_out", "cancelled"}:
        return judged(job)
    if status == "success":
        return int(code or 0)
    failure: dict[str, Any] = job.get("failure") or {}
    kind = failure.get("kind")
    if isinstance(code, int) and (kind in _STARTED or code in {126, 127}):
        return code or FAILED
    return 127 if kind == "start_error" else NOT_STARTED
