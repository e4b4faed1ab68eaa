"""Files kept of the jobs that a node needs, put into its container from where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.workflow.node_faults import fault_of
from core.records.job import FailureKind
from core.settings import MIB
from core.spec.node import NeededFile

if TYPE_CHECKING:
    from core.engine.parts import Parts
    from core.engine.workflow.node_setting import NodeSetting, Producer
    from core.records.artifact import Artifact


async def needed_files(parts: Parts, setting: NodeSetting) -> tuple[NeededFile, ...]:
    """The files that are put below ``$ORCAOPS_NEEDS_DIR``; nothing is copied before the container is made.

    Args:
        parts: The engine's parts.
        setting: The node; its producers have ended.

    Raises:
        NodeFaultError: They are more, or larger, than a job may be given.
    """
    found: dict[str, NeededFile] = {}
    for producer in setting.producers or ():
        for artifact in await parts.artifacts.list(producer.job_id):
            path = place_of(producer, artifact)
            if artifact.state == "kept" and path is not None:
                found.setdefault(path, NeededFile(
                    path=path, job_id=producer.job_id, sha256=artifact.sha256, size=artifact.size
                ))  # fmt: skip
    limit = parts.settings.limits.input_bytes
    size = sum(file.size for file in (*found.values(), *setting.workspace))
    if size > limit:
        raise fault_of(
            setting, "needs",
            f"the files kept of the jobs it needs have {size / MIB:.1f} MiB with its own, and a job is given at most "
            f"{limit // MIB} MiB",
            "Keep less (artifacts), or leave some out: needs: [{job: …, artifacts: false}].", FailureKind.POLICY,
        )  # fmt: skip
    return tuple(found.values())


def place_of(producer: Producer, artifact: Artifact) -> str | None:
    """Where a file goes, below the folder; None for one that cannot be placed there, such as a path with ``..``."""
    parts = [part for part in artifact.path.split("/") if part not in {"", "."}]
    if not parts or ".." in parts:
        return None
    return "/".join((producer.folder, *parts))
