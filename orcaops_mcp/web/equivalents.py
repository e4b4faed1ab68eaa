"""The same request by other doors: as a command, as a call of REST."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any, Final, cast

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core import JobSpec, LimitSettings

_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # the compiled one, where it was built
_USUAL: Final = ("timeout_s", "cancel_grace_s", "cpus", "memory_mb", "pids", "disk_mb")
_OPTIONS: Final = {
    "name": "--name",
    "workdir": "--workdir",
    "user": "--user",
    "cpus": "--cpus",
    "gpus": "--gpus",
    "retries": "--retries",
    "priority": "--priority",
}
_LISTS: Final = {"secrets": "--secret", "artifacts": "--artifact", "tags": "--tag"}
_ON_ONE_LINE: Final = {*_OPTIONS, *_LISTS, "image", "command", "env", "timeout_s", "memory_mb", "network"}


def request_of(spec: JobSpec, limits: LimitSettings | None = None) -> dict[str, Any]:
    """A request that makes the same job.

    Args:
        spec: The job's. What the engine decided for it is left out, since it would decide so again.
        limits: The engine's; what is as they have it is left out too.
    """
    request = spec.model_dump(mode="json", exclude_defaults=True, exclude=set(spec.ENGINES_OWN)) | {"image": spec.image}
    filled = set(spec.sandbox.filled) if spec.sandbox else set[str]()
    if limits is not None:
        usual = limits.model_dump(mode="json")
        filled |= {name for name in _USUAL if request.get(name) == usual.get(name)}
        if request.get("log_limit") == {"bytes": limits.log_bytes, "lines": limits.log_lines}:
            filled.add("log_limit")
    return {name: value for name, value in request.items() if name not in filled}


def request_yaml(request: Mapping[str, Any]) -> str:
    """The request as a file."""
    return yaml.dump(dict(request), Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=100)


def command_line(request: Mapping[str, Any]) -> str:
    """The request as a command for a shell; one that does not fit on a line names the file it is in."""
    networks = {"none", "bridge"}
    if set(request) - _ON_ONE_LINE or request.get("network", "none") not in networks:
        return "orcaops run --spec job.yaml"
    words = ["orcaops", "run"]
    for field, option in _OPTIONS.items():
        if request.get(field) is not None:
            words += [option, str(request[field])]
    if request.get("timeout_s") is not None:
        words += ["--timeout", f"{request['timeout_s']:g}s"]
    if request.get("memory_mb") is not None:
        words += ["--memory", f"{request['memory_mb']}m"]
    if request.get("network") is not None:
        words += ["--network", request["network"]]
    variables: Mapping[str, str] = request.get("env") or {}
    for name, value in variables.items():
        words += ["--env", f"{name}={value}"]
    for field, option in _LISTS.items():
        for value in request.get(field) or ():
            words += [option, value]
    command = request.get("command") or ()
    return shlex.join([*words, request["image"], *(("--", *command) if command else ())])


def curl(request: Mapping[str, Any], base: str) -> str:
    """The request as a call of REST.

    Args:
        request: A job's.
        base: Where the engine is reached, such as ``http://127.0.0.1:8000``.
    """
    body = shlex.quote(json.dumps(request, ensure_ascii=False))
    return f"curl -sS {shlex.quote(base + '/orcaops/jobs')} -H 'Content-Type: application/json' -d {body}"


def value_text(value: object) -> str:
    """A value of a request in words where it has them, else as JSON."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(value_text, cast("list[object]", value))) or "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
