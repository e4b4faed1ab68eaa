"""From the options of `orcaops run` to the request the engine takes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final, cast

import click

from orcaops_mcp.cli.values import label_text, mount_text, variables
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from orcaops_mcp.client.client import Client

Request = dict[str, Any]

_MOST_BYTES: Final = 4 * 1024 * 1024
_JOB: Final = "a job: fields such as `image: alpine`"
_WAYS: Final = ("command", "commands", "script", "entry")
_FIELDS: Final = {
    "workdir": "workdir",
    "user": "user",
    "name": "name",
    "timeout": "timeout_s",
    "cpus": "cpus",
    "memory": "memory_mb",
    "disk": "disk_mb",
    "profile": "profile",
    "gpus": "gpus",
    "retries": "retries",
    "priority": "priority",
    "runtime": "runtime",
    "entry": "entry",
}


def job_request(client: Client, words: tuple[str, ...], options: dict[str, Any]) -> Request:
    """The request: the file of ``--spec``, with the options put over it.

    Args:
        client: The engine; files and folders that it cannot read itself are sent to it.
        words: Image and command.
        options: As `orcaops run` gives them.

    Raises:
        click.UsageError: What was said does not make a job.
        ClientError: A file cannot be read or sent.
    """
    request = read_object(options["spec"], "--spec", _JOB) if options["spec"] else {}
    request |= _words(words, options, request)
    request |= {field: options[name] for name, field in _FIELDS.items() if options[name] is not None}
    if options["network"] is not None:
        request["network"] = "bridge" if options["network"] == "default" else options["network"]
    if options["read_only"]:
        request["read_only"] = True
    env = variables(options["env"], options["env_file"])
    if env:
        request["env"] = _mapping(request.get("env")) | env
    for field, values in (
        ("secrets", options["secret"]),
        ("artifacts", options["artifact"]),
        ("tags", [label_text(tag) for tag in options["tag"]]),
        ("mounts", [mount_text(volume) for volume in options["volume"]]),
        ("tmpfs", list(options["tmpfs"])),
        ("capabilities", list(options["cap_add"])),
        ("services", [_service(text) for text in options["service"]]),
    ):
        if values:
            given = request.get(field)
            request[field] = [*(_service_list(given) if field == "services" else _list(given)), *values]
    _add_files(client, request, options)
    return request


def _words(words: tuple[str, ...], options: dict[str, Any], request: Request) -> Request:
    """What IMAGE and COMMAND say; with --spec or --runtime there is no IMAGE."""
    if options["entry"] and not (options["runtime"] or options["spec"]):
        raise click.UsageError("--entry needs --runtime, such as --runtime python3.12.")
    has_image = not (options["spec"] or options["runtime"])
    if has_image and not words:
        raise click.UsageError("Name an image, such as `orcaops run alpine echo hello`, or give --spec or --runtime.")
    said: Request = {"image": words[0]} if has_image else {}
    rest = list(words[1:] if has_image else words)
    if rest[:1] == ["--"]:
        del rest[0]
    if not rest:
        return said
    if options["entry"] or ("entry" in request and not has_image):
        return said | {"args": rest}
    for way in _WAYS:
        request.pop(way, None)
    return said | {"command": rest}


def _add_files(client: Client, request: Request, options: dict[str, Any]) -> None:
    folder = options["workspace"]
    if folder is not None:
        path = os.path.abspath(os.path.expanduser(folder))  # noqa: PTH100, PTH111 - pathlib is slow to import
        if not os.path.isdir(path):  # noqa: PTH112 - same
            raise click.BadParameter(f"{folder} is not a folder", param_hint="--workspace")
        if client.is_remote:
            from orcaops_mcp.client.files import send_workspace  # noqa: PLC0415 - only for this

            request["files"] = [*_list(request.get("files")), send_workspace(client, path)]
        else:
            request["workspace"] = path
    elif options["entry"]:
        from orcaops_mcp.client.files import send_file  # noqa: PLC0415 - only for this

        request["files"] = [*_list(request.get("files")), send_file(client, str(options["entry"]))]


def read_object(path: str, option: str, holds: str) -> Request:
    """What a file of YAML or JSON says, which has to be one object.

    Args:
        path: The file; ``-`` is standard input.
        option: What named it, for errors.
        holds: What it should hold, with an example.

    Raises:
        click.BadParameter: It cannot be read, or is too large.
        ClientError: It is not YAML or JSON, or no object.
    """
    try:
        if path == "-":
            data = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with open(path, "rb") as file:  # noqa: PTH123 - pathlib is slow to import
                data = file.read(_MOST_BYTES + 1)
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise click.BadParameter(f"{path} cannot be read: {reason}", param_hint=option) from None
    if len(data) > _MOST_BYTES:
        raise click.BadParameter(f"{path} is larger than 4 MiB", param_hint=option)
    return parse_object(path, text, holds)


def parse_object(path: str, text: str, holds: str) -> Request:
    """What YAML or JSON says, which has to be one object.

    Args:
        path: The file, for errors.
        text: What stands in it.
        holds: What it should hold, with an example.

    Raises:
        ClientError: It is not YAML or JSON, or no object.
    """
    content = _parsed(path, text)
    if not isinstance(content, dict):
        raise ClientError("invalid_spec", f"{path} does not hold {holds}.", status=422)
    return cast("Request", content)


def _parsed(path: str, text: str) -> object:
    if text.lstrip().startswith("{"):
        import json  # noqa: PLC0415 - only for this

        try:
            return json.loads(text, object_pairs_hook=_without_twins, parse_constant=_no_constant)
        except RecursionError:
            raise ClientError("invalid_spec", f"{path}: nested too deeply", status=422) from None
        except ValueError as error:
            if path.endswith(".json") or isinstance(error, _RefusedJsonError):
                raise ClientError("invalid_spec", f"{path}: {error}", status=422) from None
    from orcaops_mcp.cli.plain_data import PlainDataError, read_plain  # noqa: PLC0415 - slow to import

    try:
        return read_plain(text)
    except PlainDataError as error:
        raise ClientError("invalid_spec", f"{path}:{error}", status=422) from None


class _RefusedJsonError(ValueError):
    """It is JSON to Python, and not to the engine."""


def _without_twins(pairs: list[tuple[str, Any]]) -> Request:
    content = dict(pairs)
    if len(content) != len(pairs):
        twin = next(name for place, (name, _) in enumerate(pairs) if name in dict(pairs[:place]))
        raise _RefusedJsonError(f"the key {twin[:80]!r} stands twice")
    return content


def _no_constant(name: str) -> float:
    raise _RefusedJsonError(f"{name} is not JSON")


def _service(text: str) -> Request | str:
    """``IMAGE``, or ``ID=IMAGE``."""
    id_, equals, image = text.partition("=")
    return {"id": id_, "image": image} if equals else text


def _service_list(value: object) -> list[Any]:
    """The services of a spec, which may be a mapping by id or a list."""
    if not isinstance(value, dict):
        return _list(value)
    named = cast("dict[str, Any]", value)
    return [
        {"id": id_, **(cast("Request", item) if isinstance(item, dict) else {"image": item})}
        for id_, item in named.items()
    ]


def _list(value: object) -> list[Any]:
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _mapping(value: object) -> dict[str, Any]:
    """The variables of a spec, which may be a mapping or a list of ``K=V``."""
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    pairs = [str(item).partition("=") for item in _list(value)]
    return {name: text for name, _, text in pairs}
