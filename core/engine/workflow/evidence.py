"""How the nodes of a run ended, and what of that is still there, as the planning of a rerun asks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from core.engine.racing import all_at_once
from core.engine.workflow.live import ending_of
from core.errors import BackendError
from core.lifecycle.workflow import Result
from core.plan.fingerprint import Fingerprint
from core.plan.rerun import Earlier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.engine.parts import Parts
    from core.records.job import Job
    from core.records.workflow_node import WorkflowNode

_AT_ONCE: Final = 8
"""Questions to the container engine, or folders that are looked into, at the same time."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Looks for what nodes left.

    Attributes:
        parts: The engine's parts.
    """

    parts: Parts

    async def of(self, nodes: Sequence[WorkflowNode]) -> Mapping[str, Earlier]:
        """The nodes of an attempt that has ended, by their ids, with what has become of what they left.

        Raises:
            StoreError: The disk is failing.
        """
        wanted = [node.job_id for node in nodes if node.job_id is not None and _could_stand(node)]
        jobs = {job.job_id: job for job in await self.parts.jobs.get_many(wanted)}
        stale = await self._other_images(tuple(jobs.values()))
        gone: dict[str, str] = {}
        asked = [node for node in nodes if node.job_id is not None and _could_stand(node)]
        for start in range(0, len(asked), _AT_ONCE):
            some = asked[start : start + _AT_ONCE]
            found = await all_at_once(partial(self._gone, node, jobs) for node in some)
            gone |= dict(zip((node.node_id for node in some), found, strict=True))
        return {
            node.node_id: Earlier(
                node.job,
                node.name or node.node_id,
                ending_of(node),
                Fingerprint(node.fingerprint, node.fingerprint_parts) if node.fingerprint else None,
                gone.get(node.node_id, ""),
                stale.get(node.job_id or "", ""),
                is_manual=node.kept_from is not None and node.kept_from.attempt == 0,
            )
            for node in nodes
        }

    async def _gone(self, node: WorkflowNode, jobs: Mapping[str, Job]) -> str:
        """What is not there any more of what a node left; empty if all is."""
        job_id = node.job_id or ""
        if job_id not in jobs:
            return f"its job {job_id} was deleted"
        if not node.artifacts:
            return ""
        kept = [each for each in await self.parts.artifacts.list(job_id) if each.state == "kept"]
        if len({each.path for each in kept}) < node.artifacts:
            return "not all of its artifacts are there any more"
        stored = await self.parts.artifact_blobs(job_id).find_many([each.sha256 for each in kept])
        for each in kept:
            if each.sha256 not in stored:
                return f"its artifact {each.path} is not there any more"
            if stored[each.sha256].encoding is None and stored[each.sha256].size != each.size:
                return f"its artifact {each.path} is not what it was"
        return ""

    async def _other_images(self, jobs: Sequence[Job]) -> dict[str, str]:
        """The jobs whose image is another one on this machine now, in words, by their ids."""
        ran = {
            job.job_id: (job.spec.image, job.attempt.image_digest)
            for job in jobs
            if job.spec.image and job.attempt is not None and job.attempt.image_digest
        }
        images = sorted({image for image, _ in ran.values()})
        now: dict[str, str] = {}
        for start in range(0, len(images), _AT_ONCE):
            some = images[start : start + _AT_ONCE]
            now |= dict(zip(some, await all_at_once(partial(self._digest, image) for image in some), strict=True))
        return {
            job_id: f"its image {image} is another one now"
            for job_id, (image, digest) in ran.items()
            if now[image] not in {"", digest}
        }

    async def _digest(self, image: str) -> str:
        """What an image reference means on this machine; empty if it is not here, or nobody can say."""
        try:
            info = await self.parts.backend.pull(image, "never", lambda _: None)
        except BackendError:
            return ""
        return info.digest


def _could_stand(node: WorkflowNode) -> bool:
    return node.result is Result.SUCCESS
