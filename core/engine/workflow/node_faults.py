"""Why a node's definition does not come to a job, in words of the workflow's file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from core.engine.workflow.node_setting import NodeFaultError
from core.plan.findings import shown
from core.records.job import Failure, FailureKind
from core.spec.load import findings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.workflow.node_setting import NodeSetting
    from core.errors import Finding
    from core.plan.compile import Definition, EnvContext

_KEYS: Final = {
    "workdir": "working_directory",
    "mounts": "volumes",
    "memory_mb": "resources.memory",
    "cpus": "resources.cpus",
    "pids": "resources.pids",
    "gpus": "resources.gpus",
    "timeout_s": "timeout",
    "commands": "steps",
    "node.keep": "artifacts",
    "node.needed": "needs",
    "node.stop_signal": "stop_signal",
    "node.late.variables": "env",
    "text": "env",
    "files": "the files of the working directory",
}
"""What the file calls a field of a job's spec."""

_TEXTS: Final = re.compile(r"steps\[\d+\]\.(?:commands|name|env|working_directory)(?:[.\[]|$)")
"""Texts that are evaluated when the job runs: what is wrong with them is told by the job."""

_LATER: Final = re.compile(r"(?:env|outputs|services|credentials|artifacts\[\d+\])(?:[.\[]|$)")
"""Where a value may wait for the job itself."""


def fault_of(
    setting: NodeSetting, key: str, message: str, hint: str = "", kind: FailureKind = FailureKind.EXPRESSION
) -> NodeFaultError:
    """A fault at one key of the node's job."""
    said = f"Job {setting.job.id}, {key}: {message}"
    return NodeFaultError(Failure(kind, said if said.endswith((".", "!", "?")) else f"{said}.", hint))


def first_fault(setting: NodeSetting, definition: Definition, env: EnvContext) -> NodeFaultError | None:
    """What keeps the definition from being run: an expression at fault, or one that nobody can evaluate yet."""
    for fault in (*setting.scene.env_faults, *definition.faults):
        if _TEXTS.match(fault.path) is None:
            return fault_of(setting, _key_of(fault.path), fault.message, fault.hint)
    waiting = {f"env.{name}": waits for name, waits in env.waiting.items()}
    for path, waits in {**definition.open, **waiting}.items():
        if _TEXTS.match(path) is not None:
            continue
        if _LATER.match(path) is None or not _comes_later(path, waits):
            return fault_of(
                setting, _key_of(path), f"reads {waits[0]}, which nobody knows before the job runs",
                "Name what is known by then: inputs, needs, matrix, vars, env.",
            )  # fmt: skip
    return None


def refused(
    setting: NodeSetting,
    found: ValidationError | Sequence[Finding],
    message: str = "",
    hint: str = "",
) -> NodeFaultError:
    """The spec was refused: by its own rules, or by this engine's.

    Args:
        setting: The node.
        found: What is wrong.
        message: What to say if nothing is found.
        hint: The same of what to do.
    """
    if isinstance(found, ValidationError):
        values = {_path(detail["loc"]): detail["input"] for detail in found.errors(include_url=False)}
        findings, kind = findings_of(found), FailureKind.EXPRESSION
    else:
        values, findings, kind = {}, list(found), FailureKind.POLICY
    if not findings:
        return fault_of(setting, "it", message, hint, kind)
    first = findings[0]
    value = values.get(first.path)
    is_telling = isinstance(value, str | int | float) and not isinstance(value, bool)
    said = f"'{shown(str(value))}' is not accepted: {first.message}" if is_telling else first.message
    return fault_of(setting, _key_of(first.path), said, first.hint, kind)


def _comes_later(path: str, waits: Sequence[str]) -> bool:
    """Whether what a value waits for is there once the job's container is made, or has ended."""
    if path.startswith(("outputs", "artifacts")):
        return True
    return all(name.startswith(("secrets", "services", "env.")) for name in waits)


def _key_of(path: str) -> str:
    for field, key in _KEYS.items():
        if path == field or path.startswith(f"{field}."):
            return key + path.removeprefix(field)
    return path or "it"


def _path(loc: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in loc if part != "[key]")
