"""The engine's REST routes as methods."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from orcaops_mcp.client.address import HomeDial, dial_url, encoded, folder_header
from orcaops_mcp.client.connection import Connection
from orcaops_mcp.client.errors import AMBIGUOUS, UNREACHABLE, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orcaops_mcp.client.connection import Query
    from orcaops_mcp.client.events import ServerEvent
    from orcaops_mcp.client.wire import Reply
    from orcaops_mcp.client.workflows import WorkflowClient

Json = dict[str, Any]

_JOBS: Final = "/orcaops/jobs"
_RUNS: Final = "/orcaops/runs"
_TEMPLATES: Final = "/orcaops/templates"
_WHOLE_ID: Final = len("job_") + 25
_PAGE: Final = 200


def client_of_home(home: str, options: Sequence[str] = (), *, starts: bool = True) -> Client:
    """A client of the engine of a home.

    Args:
        home: The home's folder, absolute.
        options: Arguments of the engine, should it be started.
        starts: Whether it is started if none answers.
    """
    return Client(Connection(HomeDial(home, options, starts), headers=folder_header()))


def client_of_url(url: str, token: str = "") -> Client:
    """A client of the engine at a URL.

    Raises:
        ClientError: It is not a URL of one.
    """
    return Client(Connection(dial_url(url), token))


class Client:
    """One engine. Every method raises `ClientError` when the engine refuses or does not answer.

    Args:
        connection: How it is asked.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def is_remote(self) -> bool:
        """Whether the engine may be on another machine, so that it cannot read this one's folders."""
        return not isinstance(self._connection.dial, HomeDial)

    @cached_property
    def workflows(self) -> WorkflowClient:
        """The runs of workflows."""
        from orcaops_mcp.client.workflows import WorkflowClient  # noqa: PLC0415 - jobs are asked for without it

        return WorkflowClient(self._connection)

    def jobs(self, query: Query) -> Json:
        """A page of jobs: ``{items, next_cursor, counts}``."""
        return self._connection.ask("GET", _JOBS, query)

    def all_jobs(self, query: Query, *, finished: bool = False) -> Iterator[Json]:
        """Jobs, or finished ones only, page after page."""
        page = {**query, "limit": _PAGE}
        while True:
            answer: Json = self.runs(page) if finished else self.jobs(page)
            yield from answer["items"]
            if not answer["next_cursor"]:
                return
            page["cursor"] = answer["next_cursor"]

    def find_job(self, text: str) -> str:
        """The id that ``text`` stands for: an id, a unique beginning of one with or without ``job_``, or ``@last``.

        ``RUN/NODE`` stands for the job that a node of a workflow's run ran last.

        Raises:
            ClientError: It stands for none, or for several.
        """
        if text == "@last":
            items = self.jobs({"limit": 1})["items"]
            if not items:
                raise ClientError(
                    "job_not_found", "There is no job yet.", hint="Run one with `orcaops run`.", status=404
                )
            return str(items[0]["job_id"])
        run, slash, node_id = text.partition("/")
        if slash and node_id:
            return self._job_of_node(run, node_id)
        prefix = text if text.startswith("job_") else f"job_{text}"
        if len(prefix) >= _WHOLE_ID:
            return prefix
        found = [str(item["job_id"]) for item in self.jobs({"prefix": prefix, "limit": 11})["items"]]
        if len(found) == 1:
            return found[0]
        if not found:
            hint = "List the jobs with `orcaops jobs`."
            raise ClientError("job_not_found", f"No job's id begins with {prefix!r}.", hint=hint, status=404)
        more = " and more" if len(found) > 10 else ""
        message = f"{prefix!r} begins several ids: {', '.join(found[:10])}{more}."
        raise ClientError(AMBIGUOUS, message, hint="Write more of the id, or @last.")

    def _job_of_node(self, run: str, node_id: str) -> str:
        """The job that a node of a workflow's run ran last.

        Raises:
            ClientError: There is no such node, or it has run none.
        """
        workflow_id = self.workflows.find(run)
        node = self.workflows.node(workflow_id, node_id)
        if not node["job_id"]:
            hint = f"`orcaops workflow explain {workflow_id} '{node['id']}'` says why."
            raise ClientError(
                "job_not_found", f"{node['id']} has run no job: it is {node['status']}.", hint=hint, status=404
            )
        return str(node["job_id"])

    def submit(self, request: Json, *, idempotency_key: str = "", dry_run: bool = False) -> Json:
        """Submit a job; its record, or what would run."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        query = {"dry_run": True} if dry_run else {}
        return self._connection.ask("POST", _JOBS, query, request, headers=headers)

    def job(self, job_id: str) -> Json:
        """A job's record."""
        return self._connection.ask("GET", _path(_JOBS, job_id))

    def wait(self, job_id: str, *, timeout_s: float, since_version: int | None = None) -> Json:
        """``{met, job}`` once the job has ended, or has changed since that version, or the time is up."""
        query = {"timeout_s": timeout_s, "since_version": since_version}
        return self._connection.ask("GET", _path(_JOBS, job_id, "wait"), query, timeout_s=timeout_s + 30)

    def cancel(self, job_id: str, *, reason: str = "", grace_s: float | None = None) -> Json:
        """Ask for a job to stop; its record."""
        content = {"reason": reason or None, "grace_s": grace_s}
        given = {name: value for name, value in content.items() if value is not None}
        return self._connection.ask("POST", _path(_JOBS, job_id, "cancel"), None, given)

    def rerun(self, job_id: str, changes: Json, *, preview: bool = False, idempotency_key: str = "") -> Json:
        """Submit a job again, changed or not; the new record, or the spec it would have."""
        content: Json = ({"changes": changes} if changes else {}) | ({"preview": True} if preview else {})
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._connection.ask("POST", _path(_JOBS, job_id, "rerun"), None, content, headers=headers)

    def history(self, job_id: str) -> list[Json]:
        """The job's audit trail, oldest first."""
        return self._connection.ask("GET", _path(_JOBS, job_id, "events"))["items"]

    def failure(self, job_id: str, max_bytes: int | None = None) -> Json:
        """Why a job failed, with at most so many bytes of its log."""
        return self._connection.ask("GET", _path(_JOBS, job_id, "failure"), {"max_bytes": max_bytes})

    def log_page(self, job_id: str, query: Query) -> Json:
        """Some lines of a log: ``{items, next_cursor, at_end, …}``."""
        return self._connection.ask("GET", _path(_JOBS, job_id, "logs"), query)

    def log_search(self, job_id: str, query: Query) -> Json:
        """Lines of a whole log that hold something: ``{items, matches, whole, next_first, …}``."""
        return self._connection.ask("GET", _path(_JOBS, job_id, "logs/search"), query)

    def log_text(self, job_id: str, query: Query) -> Reply:
        """A log as text, to be read piece by piece."""
        return self._connection.open("GET", _path(_JOBS, job_id, "logs"), query, headers={"Accept": "text/plain"})

    def follow(self, job_id: str, query: Query, *, last_id: str = "") -> Iterator[list[ServerEvent]]:
        """A log as it grows."""
        return self._connection.listen(_path(_JOBS, job_id, "logs/stream"), query, last_id=last_id)

    def changes(self, job_ids: Sequence[str], kinds: Sequence[str] = ()) -> Iterator[list[ServerEvent]]:
        """What changes about some jobs, as it happens."""
        return self._connection.listen("/orcaops/events", {"job_id": list(job_ids), "kind": list(kinds)})

    def artifacts(self, job_id: str, pattern: str = "") -> list[Json]:
        """The files kept of a job, and those that were not."""
        return self._connection.ask("GET", _path(_JOBS, job_id, "artifacts"), {"pattern": pattern})["items"]

    def open_artifact(self, job_id: str, path: str) -> Reply:
        """A kept file, to be read piece by piece."""
        target = f"{_path(_JOBS, job_id, 'artifacts')}/{encoded(path, '/')}"
        return self._connection.open("GET", target, headers={"Accept": "*/*"})

    def runs(self, query: Query) -> Json:
        """A page of finished jobs: ``{items, next_cursor, counts}``."""
        return self._connection.ask("GET", _RUNS, query)

    def run(self, job_id: str) -> Json:
        """A finished job's record."""
        return self._connection.ask("GET", _path(_RUNS, job_id))

    def delete_run(self, job_id: str) -> None:
        """Delete a finished job with its log and files."""
        with self._connection.open("DELETE", _path(_RUNS, job_id)) as reply:
            reply.read()

    def clean_runs(self, request: Json) -> Json:
        """Delete finished jobs by age, status or number: ``{deleted, bytes, job_ids}``."""
        return self._connection.ask("POST", f"{_RUNS}/cleanup", None, request, timeout_s=None)

    def export_runs(self) -> Json:
        """Write every record of a finished job again: ``{runs}``."""
        return self._connection.ask("POST", f"{_RUNS}/export", None, {}, timeout_s=None)

    def templates(self, query: Query) -> Json:
        """A page of templates: ``{items, next_cursor}``."""
        return self._connection.ask("GET", _TEMPLATES, query)

    def template(self, name: str, version: int | None = None) -> Json:
        """A template, in its newest version if none is named."""
        return self._connection.ask("GET", _path(_TEMPLATES, name), {"version": version})

    def save_template(self, fields: Json) -> Json:
        """Save a template, with ``overwrite`` among its fields as a further version: ``{changed, …}``."""
        return self._connection.ask("POST", _TEMPLATES, None, fields)

    def delete_template(self, name: str) -> Json:
        """Delete a template with all its versions."""
        return self._connection.ask("DELETE", _path(_TEMPLATES, name))

    def run_template(
        self, name: str, inputs: Json, *, version: int | None = None, idempotency_key: str = "", dry_run: bool = False
    ) -> Json:
        """Submit the job of a template; its record, or what would run."""
        content: Json = {"inputs": inputs} | ({} if version is None else {"version": version})
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        query = {"dry_run": True} if dry_run else {}
        return self._connection.ask("POST", _path(_TEMPLATES, name, "run"), query, content, headers=headers)

    def register_upload(self, files: Sequence[Json]) -> Json:
        """An upload of these files, or ``{missing}`` with the hashes the engine has no bytes for."""
        return self._connection.ask("POST", "/orcaops/uploads", None, {"files": list(files)})

    def put_blob(self, sha256: str, chunks: Iterator[bytes]) -> None:
        """Send the bytes with this hash."""
        headers = {"Content-Type": "application/octet-stream"}
        path = f"/orcaops/uploads/blobs/{sha256}"
        with self._connection.open("PUT", path, headers=headers, body=chunks, timeout_s=300) as reply:
            reply.read()

    def system(self) -> Json:
        """Health, load and limits."""
        return self._connection.ask("GET", "/orcaops/system")

    def secrets(self) -> list[Json]:
        """The secrets that jobs may name, never their values."""
        return self._connection.ask("GET", "/orcaops/secrets")["items"]

    def openapi(self) -> Json:
        """The OpenAPI document."""
        return self._connection.ask("GET", "/openapi.json")

    def status_of(self, method: str, path: str, *, headers: Mapping[str, str], content: Json | None = None) -> int:
        """The HTTP status of an answer that is not read.

        Raises:
            ClientError: Nobody answers.
        """
        body = None if content is None else json.dumps(content).encode()
        typed = {"Content-Type": "application/json"} if body is not None else {}
        try:
            with self._connection.open(method, path, headers={**typed, **headers}, body=body, timeout_s=10) as reply:
                return reply.status
        except ClientError as error:
            if error.status:
                return error.status
            raise

    def answers(self) -> bool:
        """Whether an engine answers at all."""
        try:
            with self._connection.open("GET", "/healthz", headers={"Accept": "*/*"}, timeout_s=5) as reply:
                reply.read()
        except ClientError as error:
            if error.code == UNREACHABLE:
                return False
            raise
        return True


def _path(root: str, job_id: str, rest: str = "") -> str:
    return f"{root}/{encoded(job_id)}" + (f"/{rest}" if rest else "")
