"""From what a caller names, a text, a file or a template, to a checked workflow and the request that runs it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core import InvalidArgumentError, WorkflowRequest, check_workflow
from orcaops_mcp.intake.workflow_file import FilesBelow, FilesGiven, in_a_thread, read_workflow_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core import Engine, WorkflowCheck
    from orcaops_mcp.intake.caller import Caller

    Load = Callable[[str], str | bytes]


@dataclass(frozen=True, slots=True)
class FromText:
    """A workflow that came as text.

    Attributes:
        text: The file.
        file_name: What it is called.
        files: Texts of the files it calls, by path; None looks for them in the folder that the caller stands in.
    """

    text: str
    file_name: str = ""
    files: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class FromPath:
    """A workflow file below the folder that the caller stands in; what it calls is read there, too.

    Attributes:
        path: From that folder on, or the whole of it.
    """

    path: str


@dataclass(frozen=True, slots=True)
class FromTemplate:
    """A saved workflow.

    Attributes:
        name: The template's.
        version: None takes the newest.
    """

    name: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A workflow that somebody wants to run.

    Attributes:
        check: What was found. Without a plan it cannot be run: the findings say why.
        request: What `Engine.run_workflow` takes, with the files that are called.
    """

    check: WorkflowCheck
    request: WorkflowRequest


async def asked(
    engine: Engine,
    source: FromText | FromPath | FromTemplate,
    caller: Caller,
    *,
    inputs: Mapping[str, object] | None = None,
    assume: Mapping[str, str] | None = None,
) -> Asked:
    """Read and check a workflow, without starting anything.

    Args:
        engine: Has the templates.
        source: Where the workflow is.
        caller: Whose folder files are looked for in.
        inputs: Values by name.
        assume: As in `check_workflow`.

    Raises:
        InvalidArgumentError: There is no such file, the template holds a job, or what is assumed names no job.
        TemplateNotFoundError: There is no such template or version.
    """
    found = await _found(engine, source, caller, inputs)
    called: dict[str, str] = {}
    load = _noting(found.load, called) if found.load else None
    name = found.request.file_name
    check = await in_a_thread(lambda: check_workflow(found.content, name, inputs=inputs, load=load, assume=assume))
    return Asked(check, replace(found.request, inputs=dict(inputs or {}), files=called))


@dataclass(frozen=True, slots=True)
class _Found:
    """A workflow before it is checked: its bytes as they are, and where the files are that it calls."""

    content: str | bytes
    request: WorkflowRequest
    load: Load | None


async def _found(
    engine: Engine, source: FromText | FromPath | FromTemplate, caller: Caller, inputs: Mapping[str, object] | None
) -> _Found:
    below = FilesBelow(caller.folder, engine.settings.home) if caller.folder is not None else None
    match source:
        case FromTemplate(name=name, version=version):
            request = await engine.workflow_of_template(name, inputs, version=version)
            return _Found(request.text, request, FilesGiven(request.files).load)
        case FromText(text=text, file_name=file_name, files=None):
            return _Found(text, WorkflowRequest(text=text, file_name=file_name), below.load if below else None)
        case FromText(text=text, file_name=file_name, files=given):
            return _Found(text, WorkflowRequest(text=text, file_name=file_name), FilesGiven(given or {}).load)
        case FromPath(path=path):
            if below is None:
                hint = "Give the workflow's text as spec."
                raise InvalidArgumentError("path: you stand in no folder of the engine's machine", hint=hint)
            content, name = await in_a_thread(lambda: read_workflow_file(below, path))
            return _Found(content, WorkflowRequest(text=_text(content), file_name=name), below.load)


def _noting(load: Load, called: dict[str, str]) -> Load:
    """The same, keeping what was loaded."""

    def noting(path: str) -> str | bytes:
        content = load(path)
        called[path] = _text(content)
        return content

    return noting


def _text(content: str | bytes) -> str:
    """The content as text. What is not UTF-8 is refused by the check, of the bytes as they are."""
    return content if isinstance(content, str) else content.decode("utf-8", "replace").removeprefix("\ufeff")
