"""The engine's REST routes for runs of workflows as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orcaops_mcp.client.address import encoded
from orcaops_mcp.client.errors import AMBIGUOUS, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orcaops_mcp.client.connection import Connection, Query
    from orcaops_mcp.client.events import ServerEvent
    from orcaops_mcp.client.wire import Reply

Json = dict[str, Any]

PREFIX: Final = "wf_"
"""What the ids of runs of workflows begin with."""

_WORKFLOWS: Final = "/orcaops/workflows"
_WHOLE_ID: Final = len(PREFIX) + 25
_PAGE: Final = 200
_NODES: Final = 1000


class WorkflowClient:
    """The runs of workflows of one engine. Every method raises `ClientError` as those of `Client` do.

    Args:
        connection: How the engine is asked.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def submit(self, request: Json, *, idempotency_key: str = "") -> Json:
        """Have a workflow run; the document of its run."""
        return self._connection.ask("POST", _WORKFLOWS, None, request, headers=_key(idempotency_key))

    def page(self, query: Query) -> Json:
        """A page of runs, newest first: ``{items, next_cursor, counts}``."""
        return self._connection.ask("GET", _WORKFLOWS, query)

    def all(self, query: Query) -> Iterator[Json]:
        """Runs, page after page."""
        return self._pages(_WORKFLOWS, {**query, "limit": _PAGE})

    def find(self, text: str) -> str:
        """The id that ``text`` stands for: an id, a unique beginning of one with or without ``wf_``, or ``@last``.

        Raises:
            ClientError: It stands for none, or for several.
        """
        if text == "@last":
            items = self.page({"limit": 1})["items"]
            if not items:
                hint = "Run one with `orcaops workflow run FILE`."
                raise ClientError("workflow_not_found", "No workflow has run yet.", hint=hint, status=404)
            return str(items[0]["workflow_id"])
        if text.startswith("job_"):
            hint = f"Try `orcaops jobs status {text}`."
            raise ClientError("workflow_not_found", f"{text!r} is a job, not a workflow's run.", hint=hint, status=404)
        prefix = text if text.startswith(PREFIX) else f"{PREFIX}{text}"
        if len(prefix) >= _WHOLE_ID:
            return prefix
        found = [str(item["workflow_id"]) for item in self.page({"prefix": prefix, "limit": 11})["items"]]
        if len(found) == 1:
            return found[0]
        if not found:
            hint = "List the runs with `orcaops workflow list`."
            raise ClientError("workflow_not_found", f"No run's id begins with {prefix!r}.", hint=hint, status=404)
        more = " and more" if len(found) > 10 else ""
        message = f"{prefix!r} begins several ids: {', '.join(found[:10])}{more}."
        raise ClientError(AMBIGUOUS, message, hint="Write more of the id, or @last.")

    def get(self, workflow_id: str, *, nodes: str = "all") -> Json:
        """The document of a run with ``all`` of its nodes (as a page holds), the ``failed`` ones or ``none``."""
        return self._connection.ask("GET", _path(workflow_id), {"nodes": nodes, "limit": _NODES})

    def nodes(self, workflow_id: str, *, since_version: int | None = None, detail: str = "short") -> Iterator[Json]:
        """All nodes of a run in its order, or those that have changed since a version."""
        query = {"detail": detail, "since_version": since_version, "limit": _NODES}
        return self._pages(_path(workflow_id, "nodes"), query)

    def wait(self, workflow_id: str, *, timeout_s: float, since_version: int | None = None) -> Json:
        """``{met, workflow}`` once the run has ended, or has changed since that version, or the time is up.

        With a version, the document holds only those nodes that have changed since.
        """
        query = {"timeout_s": timeout_s, "since_version": since_version}
        return self._connection.ask("GET", _path(workflow_id, "wait"), query, timeout_s=timeout_s + 30)

    def node(self, workflow_id: str, node_id: str) -> Json:
        """A node of a run."""
        return self._connection.ask("GET", _path(workflow_id, "nodes", node_id))

    def explain(self, workflow_id: str, node_id: str, attempt: int | None = None) -> Json:
        """The facts from which a node was run, skipped, made to wait or failed: ``{node_id, status, facts}``."""
        return self._connection.ask("GET", _path(workflow_id, "nodes", node_id, "explain"), {"attempt": attempt})

    def summary(self, workflow_id: str, max_bytes: int | None = None) -> Json:
        """What became of a run and why, with at most so many bytes of logs."""
        return self._connection.ask("GET", _path(workflow_id, "summary"), {"max_bytes": max_bytes})

    def source(self, workflow_id: str, attempt: int | None = None) -> Json:
        """The file that an attempt ran: ``{file_name, text, digest, files}``."""
        return self._connection.ask("GET", _path(workflow_id, "source"), {"attempt": attempt})

    def history(self, workflow_id: str, node_id: str = "") -> Iterator[Json]:
        """What happened to a run, or to one of its nodes, oldest first."""
        return self._pages(_path(workflow_id, "history"), {"node": node_id})

    def graph(self, workflow_id: str, form: str) -> Reply:
        """Who waits for whom, with how each stands, as ``json``, ``mermaid`` or ``dot``; to be read piece by piece."""
        return self._connection.open("GET", _path(workflow_id, "graph"), {"format": form}, headers={"Accept": "*/*"})

    def artifacts(self, workflow_id: str, node: str = "") -> Iterator[Json]:
        """The files that the run's jobs left, each with its node and job."""
        return self._pages(_path(workflow_id, "artifacts"), {"node": node})

    def log_page(self, workflow_id: str, query: Query) -> Json:
        """Some lines of the logs of a run: ``{items, next_cursor, at_end, …}``."""
        return self._connection.ask("GET", _path(workflow_id, "logs"), query)

    def follow(self, workflow_id: str, query: Query, *, last_id: str = "") -> Iterator[list[ServerEvent]]:
        """The logs of a run as they grow."""
        return self._connection.listen(_path(workflow_id, "logs", "stream"), query, last_id=last_id)

    def cancel(self, workflow_id: str, *, node: str = "", reason: str = "", force: bool = False) -> Json:
        """Ask for a run, or one of its nodes, to stop."""
        content = {name: value for name, value in (("reason", reason), ("force", force)) if value}
        parts = ("nodes", node, "cancel") if node else ("cancel",)
        return self._connection.ask("POST", _path(workflow_id, *parts), None, content)

    def rerun(self, workflow_id: str, request: Json, *, idempotency_key: str = "") -> Json:
        """Have a run done again in a further attempt, or only say what that would do: ``{workflow, plan}``."""
        return self._connection.ask("POST", _path(workflow_id, "rerun"), None, request, headers=_key(idempotency_key))

    def delete(self, workflow_id: str) -> None:
        """Delete a finished run with its jobs, their logs and files."""
        with self._connection.open("DELETE", _path(workflow_id)) as reply:
            reply.read()

    def _pages(self, path: str, query: Query) -> Iterator[Json]:
        """The items of a list, page after page."""
        page = dict(query)
        while True:
            answer = self._connection.ask("GET", path, page)
            yield from answer["items"]
            if not answer["next_cursor"]:
                return
            page["cursor"] = answer["next_cursor"]


def _path(*parts: str) -> str:
    return "/".join((_WORKFLOWS, *map(encoded, parts)))


def _key(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key} if key else {}
