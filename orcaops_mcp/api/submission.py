"""A job request as it comes in: JSON, or a form with files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import ValidationError

from core import Finding, InputFile, InvalidArgumentError, findings_of
from orcaops_mcp.api.bodies import MediaTypeError, media_type, parse_object, read_object, refused_arguments
from orcaops_mcp.api.forms import FormPart, FormReader, InvalidFormError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence

    from starlette.requests import Request

    from core import Engine

FORM: Final = "multipart/form-data"
_MAX_SPEC_BYTES: Final = 4 * 1024 * 1024
_FILE_FIELDS: Final = ("code_files", "input_files")


async def read_submission(request: Request, engine: Engine) -> dict[str, Any]:
    """The fields of the job request; files of a form are kept as an upload that the request names.

    Raises:
        RequestError: The body cannot be read, or a file is not valid.
    """
    kind = media_type(request)
    if kind == FORM:
        return await _from_form(request, engine)
    if kind != "application/json":
        hint = "Send application/json, or multipart/form-data with the fields spec, code_files and input_files."
        raise MediaTypeError(f"The body is {kind[:60] or 'of no type'}; a job is JSON or a form.", hint=hint)
    return await read_object(request)


async def files_of_form(request: Request, engine: Engine, fields: tuple[str, ...] = ()) -> list[InputFile]:
    """Every file of a form, its bytes stored.

    Args:
        request: Whose body is a form.
        engine: Where the bytes go.
        fields: Names of fields that hold files; any if empty.

    Raises:
        RequestError: The form cannot be read, or a file is not valid.
    """
    _, files = await _read_form(request, engine, fields, ())
    return files


def input_files(facts: Sequence[Mapping[str, Any]]) -> list[InputFile]:
    """Files of an upload, as the engine knows them.

    Raises:
        InvalidArgumentError: A path is not valid; with a finding for each.
    """
    files: list[InputFile] = []
    findings: list[Finding] = []
    for index, fact in enumerate(facts):
        try:
            files.append(InputFile.model_validate(fact))
        except ValidationError as error:
            findings += [replace(finding, path=f"files.{index}.{finding.path}") for finding in findings_of(error)]
    if findings:
        raise refused_arguments(findings)
    return files


async def _from_form(request: Request, engine: Engine) -> dict[str, Any]:
    texts, files = await _read_form(request, engine, _FILE_FIELDS, ("spec",))
    if "spec" not in texts:
        raise InvalidFormError("The form has no field spec.", hint="Send the job request as JSON in the field spec.")
    fields = parse_object(texts["spec"])
    if files:
        upload = await engine.register_upload(files)
        named = fields.get("files")
        others = cast("list[object]", named) if isinstance(named, list) else [named] if named else []
        fields["files"] = [*others, upload.upload_id]
    return fields


async def _read_form(
    request: Request, engine: Engine, file_fields: tuple[str, ...], text_fields: tuple[str, ...]
) -> tuple[dict[str, bytes], list[InputFile]]:
    texts: dict[str, bytes] = {}
    files: list[InputFile] = []
    limits = engine.settings.limits
    room = limits.upload_bytes
    async for part in FormReader(request).parts():
        if part.name in text_fields:
            texts[part.name] = await _text_of(part)
        elif part.filename is None or (file_fields and part.name not in file_fields):
            known = ", ".join((*text_fields, *file_fields)) or "files"
            raise InvalidFormError(f"{part.name[:60]!r} is not a field of this form.", hint=f"Fields: {known}.")
        elif len(files) >= limits.upload_files:
            raise InvalidArgumentError(f"files: at most {limits.upload_files} in one upload")
        elif part.filename:
            files.append(await _kept(engine, part, room))
            room -= files[-1].size
    return texts, files


async def _text_of(part: FormPart) -> bytes:
    text = bytearray()
    async for piece in part.pieces:
        text += piece
        if len(text) > _MAX_SPEC_BYTES:
            raise InvalidFormError(f"The field {part.name} holds more than {_MAX_SPEC_BYTES} bytes.")
    return bytes(text)


async def _kept(engine: Engine, part: FormPart, room: int) -> InputFile:
    """The file, stored; one that begins with ``#!`` may be executed."""
    first = await anext(part.pieces, b"")
    stored = await engine.store_file(_joined(first, part.pieces), max_bytes=room)
    facts = {"path": part.filename, "sha256": stored.sha256, "size": stored.size, "executable": first[:2] == b"#!"}
    return input_files([facts])[0]


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    if first:
        yield first
    async for piece in rest:
        yield piece
