"""From a caller's job request to a spec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from core import InputFile, InvalidSpecError, JobSpec, parse_job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core import Engine
    from orcaops_mcp.intake.caller import Caller


DOOR_FIELDS: Final = frozenset({"files", "step_timeout_s", "workspace"})
"""Fields of a request that are turned into others here; the engine does not know them as they come."""


async def spec_of(engine: Engine, request: Mapping[str, Any], caller: Caller) -> JobSpec:
    """The spec of a request: its workspace is sent in, uploads are looked up, steps get their limit.

    Args:
        engine: Takes the files.
        request: Fields of a job in any friendly spelling; ``files`` are upload ids, ``workspace`` is a folder.
        caller: Whose folder relative paths are taken from.

    Raises:
        InvalidSpecError: With a finding for every fault.
        NotAdmittedError: The workspace is none that this caller may send.
        InvalidArgumentError: It is empty or too large.
        UploadNotFoundError: An upload is not known.
    """
    fields = await canonical(engine, request, caller)
    return parse_job(fields, runtimes=engine.runtimes, folder=caller.folder)


async def canonical(engine: Engine, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    """The request as the engine takes it.

    Raises:
        InvalidSpecError: ``step_timeout_s`` was given without steps, or ``workspace`` is no path.
        OrcaOpsError: As `spec_of`, for uploads and the workspace.
    """
    fields = dict(request)
    limit = fields.pop("step_timeout_s", None)
    if limit is not None:
        fields = _with_step_limit(fields, limit)
    uploads, workspace = fields.pop("files", None), fields.pop("workspace", None)
    if uploads is None and workspace is None:
        return fields
    return {**fields, "files": [*await input_files(engine, caller, workspace=workspace, uploads=uploads)]}


async def input_files(
    engine: Engine, caller: Caller, *, workspace: object = None, uploads: object = None
) -> tuple[InputFile, ...]:
    """The files of a folder as it is now, and of uploads; what both have is taken from the uploads.

    Args:
        engine: Takes and has them.
        caller: Whose folder relative paths are taken from.
        workspace: The path of a folder; None for none.
        uploads: The id of an upload, or several.

    Raises:
        OrcaOpsError: As `spec_of`, for uploads and the workspace.
    """
    files: dict[str, InputFile] = {}
    if workspace is not None:
        files = {file.path: file for file in await _sent_in(engine, workspace, caller)}
    given = await _uploaded(engine, uploads)
    for file in given:
        files.pop(file.path, None)  # what was sent by name stands before what the folder holds
    return (*files.values(), *given)


async def _sent_in(engine: Engine, workspace: object, caller: Caller) -> tuple[InputFile, ...]:
    if not isinstance(workspace, str) or not workspace or "\0" in workspace:
        raise InvalidSpecError("workspace: the path of a folder, such as .")
    folder = await engine.allowed_folder(workspace, caller.folder)
    return (await engine.snapshot_folder(folder)).upload.files


async def _uploaded(engine: Engine, uploads: object) -> list[InputFile]:
    if uploads is None:
        return []
    named = cast("list[object]", uploads if isinstance(uploads, list) else [uploads])
    found = [await engine.get_upload(str(upload_id)) for upload_id in named]
    return [file for upload in found for file in upload.files]


def _with_step_limit(fields: dict[str, Any], limit: object) -> dict[str, Any]:
    script, commands = fields.get("script"), fields.get("commands")
    if isinstance(script, str):
        return {
            **{key: value for key, value in fields.items() if key != "script"},
            "commands": [{"run": script, "name": "script", "timeout_s": limit}],
        }
    if isinstance(commands, list):
        steps = [
            {"run": step, "timeout_s": limit} if isinstance(step, str) else step
            for step in cast("list[object]", commands)
        ]
        return {**fields, "commands": steps}
    raise InvalidSpecError("step_timeout_s: goes with commands or script; use timeout_s for a single command")
