"""`orcaops workflow run`: from a file to a run, and with it to its end."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from orcaops_mcp.cli.attached import cancelling
from orcaops_mcp.cli.exits import NOT_FOUND, USAGE, EndedError, exit_code_of, judged_run
from orcaops_mcp.cli.job_request import read_object
from orcaops_mcp.cli.values import label_text
from orcaops_mcp.cli.workflow.checking import check, planned
from orcaops_mcp.cli.workflow.checkout import github_context
from orcaops_mcp.cli.workflow.commands import input_values
from orcaops_mcp.cli.workflow.ending import show_end
from orcaops_mcp.cli.workflow.files import STANDARD_INPUT, SavedWorkflow, read_file
from orcaops_mcp.cli.workflow.following import follow_run
from orcaops_mcp.cli.workflow.planning import tell_plan
from orcaops_mcp.cli.workflow.showing import show_of
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Generator

    from orcaops_mcp.cli.session import Session
    from orcaops_mcp.client.client import Client

Request = dict[str, Any]

_INPUTS: Final = "inputs: fields such as `target: staging`"
_PATIENCE_S: Final = 30.0


def run(session: Session, path: str | None, template: str | None, options: dict[str, Any]) -> int:
    """Have a workflow run and stay with it.

    Args:
        session: The call.
        path: The file as it was named.
        template: Or a saved workflow.
        options: As the command takes them.

    Returns:
        The exit code.

    Raises:
        EndedError: The file, its inputs or the template's are not valid.
        ClientError: The engine refused, or does not answer.
    """
    given = _inputs(options)
    if template is not None and options["dry_run"]:
        saved = _saved(session, template)
        tell_plan(session.out, planned(session.out, check(saved, given)))
        return 0
    request: Request = {"template": template} if path is None else _of_file(session, path, given, options)
    if not request:
        return 0
    request |= {"inputs": given, "tags": [label_text(tag) for tag in options["tag"]]}
    request |= {name: options[name] for name in ("name", "max_parallel", "priority") if options[name] is not None}
    backend = options["backend"]
    with _rehearsal(session) if backend == "simulated" else nullcontext(session.client) as client:
        if backend is not None:
            _insist_on_backend(client, backend)
        request |= _workspace(client, options["workspace"])
        try:
            accepted = client.workflows.submit(request, idempotency_key=options["idempotency_key"])
        except ClientError as error:
            raise _refused(error, template) from None
        if options["detach"]:
            _tell_accepted(session, accepted)
            return 0
        return stay_with_run(session, client, str(accepted["workflow_id"]))


def stay_with_run(session: Session, client: Client, workflow_id: str) -> int:
    """Show a run until it has ended, say how, and return the exit code.

    The first Ctrl-C cancels the run, the second leaves at once.

    Args:
        session: The call.
        client: The engine that has the run.
        workflow_id: The run.
    """
    out, runs = session.out, client.workflows
    show = show_of(out, out.remark)
    stop = partial(runs.cancel, workflow_id, reason="interrupted")
    with cancelling(stop, workflow_id, f"orcaops workflow status {workflow_id}", show.note):
        for state in follow_run(runs, workflow_id, beat_s=show.beat_s, pause_s=show.pause_s):
            show.update(state)
    ended = runs.get(workflow_id)
    if out.is_json:
        out.event({"type": "result", **ended})
    else:
        show_end(out, ended)
    return judged_run(ended)


def _of_file(session: Session, path: str, given: dict[str, Any], options: dict[str, Any]) -> Request:
    """The request for a file in order; nothing after a dry run."""
    file = read_file(path)
    github = github_context(file.folder)
    checked = check(file, given, github=github)
    plan = planned(session.out, checked)
    if options["dry_run"]:
        tell_plan(session.out, plan)
        return {}
    name = "" if path == STANDARD_INPUT else file.base
    return {"spec": file.text, "file_name": name, "files": file.called, "context": {"github": github}}


def _refused(error: ClientError, template: str | None) -> EndedError:
    """The end of the command where the engine takes no run."""
    code = exit_code_of(error)
    if template is not None and code == NOT_FOUND:
        hint = "`orcaops templates list` lists those that were saved."
        return EndedError(ClientError(error.code, f"There is no template {template!r}.", hint=hint), code)
    return EndedError(error, code)


def _saved(session: Session, template: str) -> SavedWorkflow:
    """The workflow of a template, ``NAME`` or ``NAME@VERSION``.

    Raises:
        EndedError: There is none, or it holds a job.
    """
    name, _, version = template.partition("@")
    if version and not version.isdecimal():
        raise click.BadParameter(f"{template!r} is not NAME or NAME@VERSION", param_hint="--template")
    try:
        found = session.client.template(name, int(version) if version else None)
    except ClientError as error:
        raise _refused(error, template) from None
    if found["workflow"] is None:
        hint = f"`orcaops templates run {name}` runs it."
        raise EndedError(ClientError("invalid_argument", f"The template {name} holds a job.", hint=hint), USAGE)
    text = found["workflow"]
    return SavedWorkflow(text["file_name"] or name, str(text["text"]).encode(), files=text["files"])


def _inputs(options: dict[str, Any]) -> dict[str, Any]:
    """Values by name; those of a file keep their types, those of the command line are texts."""
    path = options["inputs"]
    return (read_object(path, "--inputs", _INPUTS) if path else {}) | input_values(options["input"])


def _workspace(client: Client, folder: str | None) -> Request:
    if folder is None:
        return {}
    path = os.path.abspath(os.path.expanduser(folder))  # noqa: PTH100, PTH111 - as for `orcaops run`
    if not os.path.isdir(path):  # noqa: PTH112 - same
        raise click.BadParameter(f"{folder} is not a folder", param_hint="--workspace")
    if not client.is_remote:
        return {"workspace": path}
    from orcaops_mcp.client.files import send_workspace  # noqa: PLC0415 - only for this

    return {"upload_id": send_workspace(client, path)}


def _insist_on_backend(client: Client, backend: str) -> None:
    has = client.system()["containers"]["backend"]
    if has != backend:
        hint = f"Stop it with `orcaops stop`, and start it with `orcaops serve --backend {backend}`."
        raise ClientError("wrong_backend", f"The engine runs its containers with {has}, not with {backend}.", hint=hint)


def _tell_accepted(session: Session, accepted: Request) -> None:
    if session.out.is_json:
        session.out.document(accepted)
    else:
        session.out.fact(accepted["workflow_id"])


@contextmanager
def _rehearsal(session: Session) -> Generator[Client]:
    """An engine without containers, in a home that is gone when it is left."""
    from orcaops_mcp import places  # noqa: PLC0415 - only for this
    from orcaops_mcp.client.client import client_of_home  # noqa: PLC0415 - same

    folder = tempfile.mkdtemp(prefix="orcaops-")
    home = os.path.join(folder, "home")  # noqa: PTH118 - homes are texts
    session.out.detail(f"simulated, in {home}")
    try:
        places.start_engine(home, ["--backend", "simulated"])
        yield client_of_home(home, starts=False)
    except places.EngineError as error:
        raise ClientError("engine_unreachable", error.message, hint=error.hint or "") from None
    finally:
        places.leave(home)
        places.wait_until_gone(home, _PATIENCE_S)
        shutil.rmtree(folder, ignore_errors=True)
