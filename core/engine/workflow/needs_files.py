"""Files kept of the jobs that a node needs, put into its container from where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from core.engine.workflow.node_faults import fault_of
from core.records.job import FailureKind
from core.settings import MIB
from core.spec.node import NeededFile

if TYPE_CHECKING:
    from core.engine.parts import Parts
    from core.engine.workflow.node_setting import NodeSetting, Producer
    from core.records.artifact import Artifact


_MOST_FILES: Final = 100_000


async def needed_files(parts: Parts, setting: NodeSetting) -> tuple[tuple[NeededFile, ...], tuple[str, ...]]:
    """The files that are put below ``$ORCAOPS_NEEDS_DIR``; nothing is copied before the container is made.

    Args:
        parts: The engine's parts.
        setting: The node; its producers have ended.

    Returns:
        The files, and a warning for each that cannot be put there.

    Raises:
        NodeFaultError: They are more, or larger, than a job may be given.
    """
    found: dict[str, NeededFile] = {}
    warnings: list[str] = []
    for producer in setting.producers or ():
        for artifact in await parts.artifacts.list(producer.job_id):
            if artifact.state != "kept":
                continue
            file = needed_file(producer, artifact)
            if file is None:
                warnings.append(f"{artifact.path} of {producer.folder} is left out: its path cannot be put anywhere.")
            else:
                found.setdefault(file.path, file)
    _refuse_too_much(setting, tuple(found.values()), parts.settings.limits.input_bytes)
    return tuple(found.values()), tuple(warnings)


def needed_file(producer: Producer, artifact: Artifact) -> NeededFile | None:
    """A kept file where it goes below the folder; None for one that cannot go there, such as for a path with ``..``."""
    parts = [part for part in artifact.path.split("/") if part not in {"", "."}]
    path = "/".join((producer.folder, *parts))
    try:
        return NeededFile(path=path, job_id=producer.job_id, sha256=artifact.sha256, size=artifact.size)
    except ValidationError:
        return None


def _refuse_too_much(setting: NodeSetting, files: tuple[NeededFile, ...], limit: int) -> None:
    size = sum(file.size for file in (*files, *setting.workspace))
    if size > limit:
        raise fault_of(
            setting, "needs",
            f"the files kept of the jobs it needs have {size / MIB:.1f} MiB with its own, and a job is given at most "
            f"{limit // MIB} MiB",
            "Keep less (artifacts), or leave some out: needs: [{job: …, artifacts: false}].", FailureKind.POLICY,
        )  # fmt: skip
    if len(files) > _MOST_FILES:
        raise fault_of(
            setting, "needs",
            f"{len(files)} files are kept of the jobs it needs, and a job is given at most {_MOST_FILES}",
            "Pack them into archives, or leave some out: needs: [{job: …, artifacts: false}].", FailureKind.POLICY,
        )  # fmt: skip
