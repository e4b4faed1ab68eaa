"""What a request for a job may say, as JSON Schema: for editors that check job files, for agents and for OpenAPI."""

from __future__ import annotations

from typing import Any, Final

from core import JobSpec, ServiceSpec, StepSpec

_TEXTS: Final[dict[str, Any]] = {"type": "array", "items": {"type": "string"}}
_TEXT: Final = {"type": "string"}
_SPELLINGS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "StepSpec": {"env": _TEXTS},
    "ServiceSpec": {
        "env": _TEXTS,
        "command": _TEXT,
        "ports": {"type": "integer"},
        "aliases": _TEXT,
        "depends_on": _TEXT,
        "secrets": _TEXT,
    },
    "HealthCheckSpec": {"test": _TEXT},
    "ReadySpec": {"exec": _TEXT},
}
"""What else the fields of parts may be."""


def job_schema(ref: str = "#/$defs/{model}") -> dict[str, Any]:
    """The fields of a spec that a request may have, in every spelling that is taken, and those that stand for others.

    Args:
        ref: Where a definition is found, with ``{model}`` for its name.

    Returns:
        The schema, with all that it refers to under ``$defs``.
    """
    schema: dict[str, Any] = JobSpec.model_json_schema(ref_template=ref)
    parts: dict[str, dict[str, Any]] = schema["$defs"]
    for owner, told in ((JobSpec, schema), (StepSpec, parts["StepSpec"]), (ServiceSpec, parts["ServiceSpec"])):
        for name in owner.ENGINES_OWN:
            del told["properties"][name]
    for model, spellings in _SPELLINGS.items():
        for name, other in spellings.items():
            parts[model]["properties"][name] = _or(parts[model]["properties"][name], other)
    parts["ServiceSpec"]["required"] = ["image"]  # an id is made of it where none is given
    fields = schema["properties"]
    fields |= _told_by_text(fields, ref) | _standing_for_others()
    schema.pop("required", None)
    schema["$defs"] = _within_reach(fields, parts, ref)
    schema["title"] = "JobRequest"
    schema["description"] = (
        "A container job. Give `image` or `runtime`, and at most one of `command` (a process without a shell), "
        "`commands` (shell steps), `script` (one shell text) and `entry`. What is left out takes the engine's default."
    )
    return schema


def _told_by_text(fields: dict[str, Any], ref: str) -> dict[str, Any]:
    """Lists whose items may be texts, services as an object by their ids, and variables as texts."""
    lists: dict[str, Any] = {
        name: {**fields[name], "items": {"anyOf": [_TEXT, fields[name]["items"]]}}
        for name in ("commands", "mounts", "tmpfs", "services")
    }
    service = {"anyOf": [_TEXT, {"$ref": ref.format(model="ServiceSpec")}]}
    lists["services"] = _or(lists["services"], {"type": "object", "additionalProperties": service})
    return {**lists, "env": _or(fields["env"], _TEXTS)}


def _standing_for_others() -> dict[str, Any]:
    return {
        "files": {
            "anyOf": [_TEXTS, _TEXT],
            "description": "Upload ids; their files are put into the working directory.",
        },
        "workspace": {"type": "string", "description": "Folder whose files are put into the working directory."},
        "script": {"type": "string", "description": "One shell script (POSIX sh), as the only step."},
        "entry": {"type": "string", "description": "File to run with `runtime`, one of the uploaded files."},
        "args": {**_TEXTS, "description": "Arguments of `entry`."},
        "runtime": {"type": "string", "description": "What runs `entry`, from GET /orcaops/runtimes; names the image."},
        "step_timeout_s": {"type": "number", "description": "Time limit of each step, in seconds."},
    }


def _or(schema: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Either of them, with what the first says of itself."""
    told = {key: schema[key] for key in ("title", "description", "default") if key in schema}
    first = [*schema["anyOf"]] if "anyOf" in schema else [{k: v for k, v in schema.items() if k not in told}]
    return {**told, "anyOf": [*first, other]}


def _within_reach(fields: dict[str, Any], parts: dict[str, Any], ref: str) -> dict[str, Any]:
    """The parts that are referred to, and those that these refer to."""
    found: dict[str, Any] = {}
    waiting: list[Any] = [fields]
    while waiting:
        text = repr(waiting.pop())
        for name, part in parts.items():
            if name not in found and repr(ref.format(model=name)) in text:
                found[name] = part
                waiting.append(part)
    return {name: found[name] for name in parts if name in found}
