"""From the services of a workflow's file to those of a job: expressions filled in, left out where no image is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import ValidationError

from core.engine.workflow.late_texts import late_of_service, login_of
from core.engine.workflow.node_setting import NodeFaultError
from core.plan.compile.definition import field_value
from core.records.job import Failure, FailureKind
from core.spec.load import findings_of
from core.spec.service import ServiceSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.engine.workflow.late_texts import Layers
    from core.plan.compile import Resolver, Scene, Templates
    from core.plan.expressions.surroundings import Surroundings
    from core.spec.workflow import WorkflowServiceSpec

_SAME: Final = ("command", "entrypoint", "ports", "health_check", "ready", "ready_timeout_s", "depends_on")
_NOT_HELD: Final = {
    "publish": "its ports are not published on this machine: jobs reach it by its name",
}


def run_services(scene: Scene, secrets: Mapping[str, str]) -> tuple[tuple[ServiceSpec, ...], tuple[str, ...]]:
    """The services that all jobs of a run share, with warnings.

    Args:
        scene: Of the run's file; it knows no secret.
        secrets: What the file calls a secret, and which of the engine's that is.

    Raises:
        NodeFaultError: One cannot be run.
    """
    workflow = scene.workflow
    surroundings = scene.surroundings.with_contexts({"env": scene.env})
    resolver = scene.resolver(surroundings)
    told = cast("Mapping[str, Any]", field_value("services", workflow.services, resolver, "services"))
    below = (*workflow.defaults.env.items(), *workflow.env.items())
    maker = ServiceMaker(workflow.services, scene.templates, surroundings, secrets, below, "The workflow")
    return maker.specs(told, resolver)


class ServiceMaker:
    """Makes the services of one job, or of a run.

    Args:
        services: As they stand in the file.
        templates: Read their texts.
        surroundings: Of their texts.
        secrets: What expressions call a secret, and which that is.
        below: Variables that their texts may read.
        whose: Who has them, to begin a message with.
    """

    def __init__(
        self,
        services: Mapping[str, WorkflowServiceSpec],
        templates: Templates,
        surroundings: Surroundings,
        secrets: Mapping[str, str],
        below: Layers,
        whose: str,
    ) -> None:
        self._services = services
        self._templates = templates
        self._surroundings = surroundings
        self._secrets = secrets
        self._below = below
        self._whose = whose

    def specs(
        self, told: Mapping[str, Mapping[str, Any]], resolver: Resolver
    ) -> tuple[tuple[ServiceSpec, ...], tuple[str, ...]]:
        """The services with warnings.

        Args:
            told: As `define` has them.
            resolver: What evaluated them.

        Raises:
            NodeFaultError: One cannot be run.
        """
        self._refuse_faults(resolver)
        present = {id_: fields for id_, fields in told.items() if str(fields.get("image", "")).strip()}
        specs = tuple(self._spec(id_, fields, resolver, tuple(present)) for id_, fields in present.items())
        warnings = [
            f"Service {id_}: {said}."
            for id_, fields in present.items()
            for key, said in _NOT_HELD.items()
            if key in fields
        ]
        return specs, tuple(warnings)

    def _spec(self, id_: str, fields: Mapping[str, Any], resolver: Resolver, present: Sequence[str]) -> ServiceSpec:
        resources = cast("dict[str, Any]", fields.get("resources", {}))
        if fields.get("volumes"):
            raise self._fault(
                f"services.{id_}.volumes", "a service is given no folder of this machine",
                "Put its files into an image, or have the job load them.", FailureKind.POLICY,
            )  # fmt: skip
        if unheld := [name for name in ("pids", "gpus") if name in resources]:
            raise self._fault(
                f"services.{id_}.resources.{unheld[0]}", "cannot be set for a service", "Leave it out.",
                FailureKind.POLICY,
            )  # fmt: skip
        prefix = f"services.{id_}.env."
        waiting = {path.removeprefix(prefix) for path in resolver.open if path.startswith(prefix)}
        written = self._services[id_].env
        late = {name: text for name, text in written.items() if name in waiting}
        request: dict[str, Any] = {name: fields[name] for name in _SAME if name in fields}
        request |= {
            "id": id_,
            "image": fields["image"],
            "env": {name: text for name, text in fields.get("env", {}).items() if name not in waiting},
            "aliases": fields.get("alias", ()),
            "depends_on": [other for other in fields.get("depends_on", ()) if other in present],
            **{name: resources[name] for name in ("cpus", "memory_mb") if name in resources},
        }
        login = login_of(self._services[id_].credentials)
        try:
            if late or login is not None:
                request["late"] = late_of_service(
                    self._templates, late, self._below, self._secrets, self._surroundings, login
                )
            return ServiceSpec.model_validate(request)
        except ValidationError as error:
            found = findings_of(error)[0]
            raise self._fault(f"services.{id_}.{found.path}", found.message, found.hint) from None

    def _refuse_faults(self, resolver: Resolver) -> None:
        for fault in resolver.faults:
            if fault.path.startswith("services."):
                raise self._fault(fault.path, fault.message, fault.hint)
        for path, waits in resolver.open.items():
            if path.startswith("services.") and ".env." not in path and ".credentials." not in path:
                raise self._fault(path, f"reads {waits[0]}, which nobody knows before the job runs")

    def _fault(
        self, path: str, message: str, hint: str = "", kind: FailureKind = FailureKind.EXPRESSION
    ) -> NodeFaultError:
        return NodeFaultError(Failure(kind, f"{self._whose}: {path}: {message}.".replace("..", "."), hint))
