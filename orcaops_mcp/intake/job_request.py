"""From a caller's job request to a spec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from core import InvalidSpecError, JobSpec, parse_job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core import Engine


async def spec_of(engine: Engine, request: Mapping[str, Any]) -> JobSpec:
    """The spec of a request: uploads are looked up, a limit for each step is put on the steps.

    Raises:
        InvalidSpecError: With a finding for every fault.
        UploadNotFoundError: An upload is not known.
    """
    return parse_job(await canonical(engine, request))


async def canonical(engine: Engine, request: Mapping[str, Any]) -> dict[str, Any]:
    """The request as the engine takes it.

    Raises:
        InvalidSpecError: ``step_timeout_s`` was given without steps.
        UploadNotFoundError: An upload is not known.
    """
    fields = dict(request)
    uploads = fields.pop("files", None)
    if uploads is not None:
        named = cast("list[object]", uploads if isinstance(uploads, list) else [uploads])
        found = [await engine.get_upload(str(upload_id)) for upload_id in named]
        fields["files"] = [file.model_dump() for upload in found for file in upload.files]
    limit = fields.pop("step_timeout_s", None)
    return fields if limit is None else _with_step_limit(fields, limit)


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
