"""The images that a run needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from core.plan.compile.plan import PlannedImage
from core.plan.conditions import Act
from core.plan.interpolate import OPENING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.plan.compile.plan import PlannedNode


@dataclass(slots=True)
class _Users:
    nodes: list[str] = field(default_factory=list[str])
    services: list[str] = field(default_factory=list[str])


def images_of(nodes: Iterable[tuple[str, PlannedNode]], shared: Mapping[str, object]) -> tuple[PlannedImage, ...]:
    """Every image of nodes that run or may run, and of services, in the order of the nodes.

    Args:
        nodes: The nodes with their paths.
        shared: The services of the whole run, as plain data.
    """
    found: dict[str, _Users] = {}
    _take_services(found, "", shared)
    for path, node in nodes:
        if node.decision.act in {Act.SKIP, Act.CANCEL}:
            continue
        values = node.definition.values
        image = values.get("image")
        if isinstance(image, str) and image:
            found.setdefault(image, _Users()).nodes.append(path)
        _take_services(found, path, cast("Mapping[str, object]", values.get("services", {})))
    return tuple(
        PlannedImage(reference, tuple(users.nodes), tuple(users.services), OPENING in reference)
        for reference, users in found.items()
    )


def _take_services(found: dict[str, _Users], path: str, services: Mapping[str, object]) -> None:
    for name, service in services.items():
        image = cast("Mapping[str, object]", service).get("image")
        if isinstance(image, str) and image:
            found.setdefault(image, _Users()).services.append(f"{path}/{name}")
