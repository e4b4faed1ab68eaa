"""From a node to the job that runs it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import ValidationError

from core.engine.script import UNHEARD
from core.engine.workflow.late_texts import NOTHING_LATE, has_late, late_env, layers_of, plain_secrets
from core.engine.workflow.named import named_by, values_of
from core.engine.workflow.needs_files import needed_files
from core.engine.workflow.node_faults import fault_of, first_fault, refused
from core.engine.workflow.node_steps import node_steps, texts_of
from core.engine.workflow.platforms import refuse_other_platform
from core.engine.workflow.run_variables import run_variables
from core.engine.workflow.service_specs import ServiceMaker
from core.errors import NotAdmittedError, UnknownSecretError
from core.plan.compile import define
from core.plan.interpolate import OPENING
from core.records.job import FailureKind
from core.spec.job import JobSpec
from core.spec.mounts import mounts_below

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping
    from pathlib import Path
    from typing import Protocol

    from pydantic import JsonValue

    from core.engine.parts import Parts
    from core.engine.workflow.node_setting import NodeSetting
    from core.plan.compile import Definition, EnvContext, Resolver
    from core.spec.node import NeededFile

    class Admit(Protocol):
        """The engine's admission of a spec."""

        def __call__(self, spec: JobSpec, *, folder: Path | None = None, by: str = "python") -> Awaitable[JobSpec]:
            """The effective spec."""
            ...


_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_NAME: Final = 63
_RESOURCES: Final = ("cpus", "memory_mb", "pids", "gpus")
_PRIORITIES: Final = (-100, 100)


@dataclass(frozen=True, slots=True)
class NodeJob:
    """A node's job, ready to be submitted.

    Attributes:
        spec: Admitted: no default is left open.
        definition: What it was made from.
        warnings: What a reader should know.
    """

    spec: JobSpec
    definition: Definition
    warnings: tuple[str, ...] = ()


async def make_node_job(parts: Parts, setting: NodeSetting, admit: Admit) -> NodeJob:
    """The job that runs a node now.

    Args:
        parts: The engine's parts.
        setting: The node.
        admit: Checks the spec against the engine's limits and fills its defaults in.

    Raises:
        NodeFaultError: The node cannot run as it is defined; nothing was started.
    """
    await refuse_other_platform(parts, setting)
    needed, left_out = (None, ()) if setting.producers is None else await needed_files(parts, setting)
    made = node_job(setting, needed)
    try:
        spec = await admit(made.spec, folder=setting.folder, by=setting.run.submitted_by)
    except NotAdmittedError as error:
        raise refused(setting, error.findings, error.message, error.hint) from None
    except UnknownSecretError as error:
        raise fault_of(setting, "secrets", error.message, error.hint, FailureKind.POLICY) from None
    return NodeJob(spec, made.definition, (*made.warnings, *left_out))


def node_job(setting: NodeSetting, needed: tuple[NeededFile, ...] | None = None) -> NodeJob:
    """The job that runs a node, not admitted yet.

    Args:
        setting: The node.
        needed: Files of the jobs it needs; None if it takes none.

    Raises:
        NodeFaultError: Its definition does not come to a job.
    """
    resolver, env = setting.scene.node(setting.job, setting.facts)
    definition = define(setting.job, resolver, env)
    if fault := first_fault(setting, definition, env):
        raise fault
    if missing := [name for name in setting.job.secrets if name not in setting.secrets]:
        hint = "The operator gives secrets to the engine by name; this run may use those that were there at its start."
        raise fault_of(setting, "secrets", f"there is no secret named {missing[0]}", hint, FailureKind.POLICY)
    maker = _Maker(setting, definition, resolver, env)
    try:
        request = maker.request()
        request["node"]["needed"] = needed
        return NodeJob(JobSpec.model_validate(request), definition, tuple(maker.warnings))
    except ValidationError as error:
        raise refused(setting, error) from None


class _Maker:
    """Lays one node's job out.

    Attributes:
        warnings: What a reader should know.
    """

    def __init__(self, setting: NodeSetting, definition: Definition, resolver: Resolver, env: EnvContext) -> None:
        self.warnings: list[str] = []
        self._setting = setting
        self._values = cast("dict[str, Any]", dict(definition.values))
        self._resolver = resolver
        self._env = env
        self._open = definition.open
        self._texts, self._conditions = texts_of(setting.job)
        self._has_expressions = bool(self._conditions) or any(OPENING in text for text in self._texts)

    def request(self) -> dict[str, Any]:
        """The fields of its spec."""
        setting, values = self._setting, self._values
        resources = cast("dict[str, Any]", values.get("resources", {}))
        user = values.get("user") or values.get("image_user")
        return {
            "image": values.get("image", ""),
            "pull": values.get("pull", "missing"),
            "entrypoint": self._entrypoint(),
            "commands": node_steps(setting, values),
            "env": {**run_variables(setting), **self._known_env()},
            "secrets": plain_secrets(setting, self._env),
            "workdir": values.get("working_directory"),
            "user": user,
            "files": setting.workspace,
            "mounts": self._mounts(),
            "services": self._services(),
            "timeout_s": values.get("timeout_s"),
            "cleanup": setting.workflow.cleanup,
            "priority": min(max(setting.run.priority, _PRIORITIES[0]), _PRIORITIES[1]),
            "name": name_of(setting),
            "tags": setting.run.tags,
            "network": values.get("network"),
            "profile": values.get("profile"),
            "context": self._context(),
            "node": self._node(),
            **{name: resources[name] for name in _RESOURCES if name in resources},
        }

    def _entrypoint(self) -> object:
        if self._setting.job.steps and "entrypoint" in self._values:
            self.warnings.append("The image's entrypoint is not replaced: the job's commands are run by a shell.")
            return None
        return self._values.get("entrypoint")

    def _stop_signal(self) -> object:
        asked = cast("str | None", self._values.get("stop_signal"))
        if asked is not None:
            asked = f"SIG{asked.removeprefix('SIG')}"
        if self._setting.job.steps and asked in UNHEARD:
            self.warnings.append(
                f"Steps are stopped with SIGTERM: shells pass over {asked}. The image's own command would hear it."
            )
        return asked

    def _known_env(self) -> dict[str, str]:
        waiting = self._env.waiting
        return {name: text for name, text in self._env.entries.items() if name not in waiting}

    def _mounts(self) -> list[Any]:
        """Volumes as mounts; a source that is relative is the caller's."""
        found: list[str] = []
        for index, text in enumerate(cast("list[str]", self._values.get("volumes", []))):
            source = text.partition(":")[0]
            if "/" not in source and source != ".":
                raise fault_of(
                    self._setting, f"volumes[{index}]", f"'{text}' names a volume, and none outlives a job",
                    "Write a folder of this machine, such as ./data:/data, or hand files on as artifacts.",
                    FailureKind.POLICY,
                )  # fmt: skip
            found.append(text)
        folder = self._setting.folder
        return cast("list[Any]", mounts_below(found, folder)) if folder is not None else list(found)

    def _services(self) -> tuple[Any, ...]:
        setting = self._setting
        if not setting.job.services:
            return ()
        below = layers_of(setting)
        maker = ServiceMaker(
            setting.job.services,
            setting.scene.templates,
            self._resolver.surroundings,
            setting.secrets,
            below,
            f"Job {setting.job.id}",
        )
        told = cast("Mapping[str, Mapping[str, Any]]", self._values.get("services", {}))
        specs, warnings = maker.specs(told, self._resolver)
        self.warnings += warnings
        return specs

    def _context(self) -> dict[str, JsonValue] | None:
        """What the steps name of what is known; None where nothing of them is an expression."""
        if not self._has_expressions:
            return None
        setting = self._setting
        named = named_by(setting.scene.templates, self._texts, self._conditions)
        context = values_of(named, self._resolver.surroundings)
        if "services" in named and setting.services:
            context["services"] = cast("JsonValue", {name: dict(told) for name, told in setting.services.items()})
        if "job" in named:
            context["job"] = cast("JsonValue", setting.job_facts(self._resolver.surroundings))
        github = context.get("github")
        if isinstance(github, dict) and not github.get("job"):
            github["job"] = setting.job.id
        return context

    def _node(self) -> dict[str, Any]:
        setting = self._setting
        late = NOTHING_LATE
        if self._has_expressions or has_late(setting, self._env):
            late = late_env(setting, self._env, self._resolver.surroundings, self._texts, self._conditions)
        if setting.services and late.variables:
            services = cast("JsonValue", {name: dict(told) for name, told in setting.services.items()})
            late = late.model_copy(update={"context": {**late.context, "services": services}})
        return {"late": late, "keep": self._keep(), "stop_signal": self._stop_signal()}

    def _keep(self) -> list[dict[str, Any]]:
        """What is kept; patterns that read what only the job makes are filled in at its end."""
        kept: list[dict[str, Any]] = []
        told = cast("list[dict[str, Any]]", self._values.get("artifacts", []))
        for index, (spec, known) in enumerate(zip(self._setting.job.artifacts, told, strict=True)):
            is_late = any(path.startswith(f"artifacts[{index}].") for path in self._open)
            kept.append(
                {
                    "paths": spec.paths if is_late else known["paths"],
                    "exclude": spec.exclude if is_late else known.get("exclude", ()),
                    "when": spec.when,
                    "if_missing": spec.if_missing,
                    "expires_s": spec.expires_s,
                    "is_late": is_late,
                }
            )
        return kept


def name_of(setting: NodeSetting) -> str:
    """What the job is called: workflow and node, in a job's letters."""
    text = _NOT_IN_NAMES.sub("-", f"{setting.run.name}.{setting.node_id}")
    return text[:_LONGEST_NAME].strip("-.") or "node"
