"""A job as a form: what was typed becomes a request, a spec what might have been typed, faults find their field."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from core import Finding, InvalidArgumentError, JobSpec
from orcaops_mcp.intake.fields import span
from orcaops_mcp.web.equivalents import command_line, request_of, request_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.datastructures import FormData

WAYS: Final = {
    "commands": "Shell commands, one a line; the first that fails ends the job",
    "script": "A shell script, as one step",
    "command": "A program and its arguments, one a line, without a shell",
    "image": "What the image runs by itself",
}
"""How a job says what it runs."""
NETWORKS: Final = ("", "none", "services", "bridge")
PROFILES: Final = ("", "strict", "standard", "trusted")

_LINES: Final = {
    "env": "env",
    "mounts": "mounts",
    "artifacts": "artifacts",
    "tags": "tags",
    "secrets": "secrets",
}
_TEXTS: Final = {"image": "image", "name": "name", "workdir": "workdir", "network": "network", "profile": "profile"}
_INTEGERS: Final = {"memory": "memory_mb", "retries": "retries", "priority": "priority"}
_FIELD_OF: Final = {
    **{name: name for name in (*_LINES, *_TEXTS)},
    **{request: name for name, request in _INTEGERS.items()},
    "timeout_s": "timeout",
    "cpus": "cpus",
    **dict.fromkeys(("command", "commands", "script"), "program"),
}
"""From a request's field to the form's; what is in none of them is in ``more``."""
FIELDS: Final = ("way", "program", "timeout", "cpus", "more", *_TEXTS, *_INTEGERS, *_LINES)
_LONGEST: Final = 1024 * 1024
_PROGRAM: Final = frozenset({"command", "commands"})
_KEPT_BY_A_RERUN: Final = frozenset({"files"})


@dataclass(frozen=True, slots=True)
class JobForm:
    """What stands in the fields.

    Attributes:
        texts: By field.
        source: The job that it was filled from; empty for none.
    """

    texts: Mapping[str, str]
    source: str = ""

    @classmethod
    def empty(cls, image: str = "") -> JobForm:
        """Nothing yet but perhaps an image."""
        return cls(dict.fromkeys(FIELDS, "") | {"way": "commands", "image": image})

    @classmethod
    def of(cls, sent: FormData) -> JobForm:
        """What was sent.

        Raises:
            InvalidArgumentError: A field is larger than any job.
        """
        texts: dict[str, str] = {}
        for name in FIELDS:
            value = sent.get(name, "")
            text = value.replace("\r\n", "\n") if isinstance(value, str) else ""
            if len(text) > _LONGEST:
                raise InvalidArgumentError(f"{name}: more than {_LONGEST} characters")
            texts[name] = text
        source = sent.get("from", "")
        return cls(texts, source if isinstance(source, str) else "")

    @classmethod
    def from_spec(cls, spec: JobSpec, source: str = "") -> JobForm:
        """What might have been typed for a spec; what has no field of its own stands in ``more`` as JSON."""
        request = request_of(spec)
        way, program = _program_of(request)
        texts = dict.fromkeys(FIELDS, "") | {"way": way, "program": program}
        if program or way == "image":
            request = {name: value for name, value in request.items() if name not in _PROGRAM}
        for name, text in (("timeout", request.pop("timeout_s", None)), ("cpus", request.pop("cpus", None))):
            texts[name] = "" if text is None else f"{text:g}" + ("s" if name == "timeout" else "")
        for name, into in {**_TEXTS, **_INTEGERS}.items():
            texts[name] = str(request.pop(into, ""))
        texts["env"] = "\n".join(f"{name}={value}" for name, value in request.pop("env", {}).items())
        texts["mounts"] = "\n".join(map(_mount_text, request.pop("mounts", ())))
        for name in ("artifacts", "tags", "secrets"):
            texts[name] = "\n".join(request.pop(name, ()))
        more = {name: value for name, value in request.items() if name not in _KEPT_BY_A_RERUN}
        texts["more"] = json.dumps(more, indent=2, ensure_ascii=False) if more else ""
        return cls(texts, source)

    def request(self) -> tuple[dict[str, Any], list[Finding]]:
        """The job request, and what of the fields cannot be part of one."""
        request: dict[str, Any] = {}
        findings: list[Finding] = []
        for name, into in _TEXTS.items():
            if text := self._text(name):
                request[into] = text
        for name, into in _LINES.items():
            if lines := self._lines(name):
                request[into] = lines
        request |= self._program()
        readers: dict[str, tuple[str, Callable[[str], float]]] = {
            "timeout": ("timeout_s", lambda text: span(text, name="timeout").total_seconds()),
            "cpus": ("cpus", float),
            **{name: (into, int) for name, into in _INTEGERS.items()},
        }
        for name, (into, read) in readers.items():
            if text := self._text(name):
                try:
                    request[into] = read(text)
                except InvalidArgumentError:
                    findings.append(Finding(into, "not a span of time, such as 90s, 10m, 2h or 7d"))
                except ValueError:
                    findings.append(Finding(into, "must be a whole number" if read is int else "must be a number"))
        more, fault = self._more(request)
        return request | more, [*findings, *fault]

    def changes_to(self, spec: JobSpec) -> tuple[dict[str, Any], list[Finding]]:
        """What has to be replaced in a spec for it to be as the form says; what was emptied becomes its default."""
        before, _ = JobForm.from_spec(spec).request()
        now, findings = self.request()
        changes = {name: value for name, value in now.items() if name not in before or before[name] != value}
        gone = before.keys() - now.keys() - {"script"}
        if (gone | changes.keys()) & {"command", "commands", "script"}:
            gone -= {"command", "commands"}
            if not now.keys() & {"command", "commands", "script"}:
                changes["command"] = None
        for name in gone:
            changes[name] = JobSpec.model_fields[name].get_default(call_default_factory=True)
        return changes, findings

    def _text(self, name: str) -> str:
        return self.texts.get(name, "").strip()

    def _lines(self, name: str) -> list[str]:
        return [line.strip() for line in self._text(name).split("\n") if line.strip()]

    def _program(self) -> dict[str, Any]:
        way, program = self._text("way"), self.texts.get("program", "")
        if not program.strip():
            return {}
        if way == "script":
            return {"script": program}
        if way == "command":
            return {"command": program.strip("\n").split("\n")}
        return {"commands": self._lines("program")} if way != "image" else {}

    def _more(self, request: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
        if not self._text("more"):
            return {}, []
        try:
            more: object = json.loads(self._text("more"))
        except (ValueError, RecursionError) as error:
            return {}, [Finding("more", f"not JSON: {error}")]
        if not isinstance(more, dict):
            return {}, [Finding("more", 'must be an object, such as {"disk_mb": 1024}')]
        fields = cast("dict[str, Any]", more)
        doubled = sorted(fields.keys() & request.keys())
        faults = [Finding("more", f"{name[:60]} is given by another field of this form") for name in doubled]
        return {name: value for name, value in fields.items() if name not in request}, faults


def by_field(findings: tuple[Finding, ...] | list[Finding]) -> dict[str, list[str]]:
    """What is wrong, in words, by the form's field."""
    found: dict[str, list[str]] = {}
    for finding in findings:
        first, _, rest = finding.path.partition(".")
        name = _FIELD_OF.get(first, "more" if first else "")
        place = finding.path.removeprefix("more") if name == "more" else rest
        words = f"{place}: {finding.message}" if place else finding.message
        found.setdefault(name, []).append(words + (f" ({finding.hint})" if finding.hint else ""))
    return found


def equivalent(spec: JobSpec) -> str:
    """The same job from a terminal."""
    request = request_of(spec)
    command = command_line(request)
    if not command.endswith("--spec job.yaml"):
        return command
    return f"cat >job.yaml <<'EOF'\n{request_yaml(request)}EOF\n{command}"


def _program_of(request: Mapping[str, Any]) -> tuple[str, str]:
    """How a request says what it runs, and that; nothing if no field of the form could hold it."""
    if "command" in request:
        command: list[str] = request["command"]
        return "command", "" if any("\n" in part or not part for part in command) else "\n".join(command)
    steps: list[dict[str, Any]] = request.get("commands") or []
    if not steps:
        return "image", ""
    runs = [str(step["run"]) for step in steps]
    if len(steps) == 1 and steps[0].keys() <= {"run", "name"} and steps[0].get("name", "script") == "script":
        return ("script", runs[0]) if "\n" in runs[0].strip() or "name" in steps[0] else ("commands", runs[0])
    are_plain = all(step.keys() == {"run"} for step in steps) and not any("\n" in run for run in runs)
    return "commands", "\n".join(runs) if are_plain else ""


def _mount_text(mount: Mapping[str, Any]) -> str:
    return f"{mount['source']}:{mount['target']}" + ("" if mount.get("read_only", True) else ":rw")
