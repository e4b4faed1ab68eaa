"""For which processor an image is asked for, and for which one the container engine has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.engine.workflow.node_faults import fault_of
from core.records.job import FailureKind

if TYPE_CHECKING:
    from core.engine.parts import Parts
    from core.engine.workflow.node_setting import NodeSetting

_NAMES: Final = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv6l": "arm", "i386": "386", "i686": "386"}
"""What a processor is called on images, by what a machine calls it."""


async def refuse_other_platform(parts: Parts, setting: NodeSetting) -> None:
    """See that images are for the platform that the node's image is asked for; nobody runs one for another.

    Args:
        parts: The engine's parts.
        setting: The node.

    Raises:
        NodeFaultError: They are not.
    """
    asked = setting.job.image.platform if setting.job.image is not None else ""
    if not asked:
        return
    resolver, _ = setting.scene.node(setting.job, setting.facts)
    asked = resolver.text(asked, "platform")
    here = (await parts.backend.probe()).facts.get("platform", "")
    if here and _told(asked) != _told(here):
        raise fault_of(
            setting, "platform", f"'{asked}' is asked for, and the container engine runs images for {_told(here)}",
            "Leave platform out, or have a container engine of that platform run the workflow.", FailureKind.POLICY,
        )  # fmt: skip


def _told(platform: str) -> str:
    """A platform as images name it, without the processor's variant."""
    system, _, rest = platform.strip().lower().partition("/")
    processor = rest.partition("/")[0]
    return f"{system}/{_NAMES.get(processor, processor)}" if processor else f"linux/{_NAMES.get(system, system)}"
