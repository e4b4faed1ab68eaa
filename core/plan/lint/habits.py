"""Images without a version, services that are not ready or not reached, secrets that stand in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.plan.findings import shown
from core.plan.interpolate import OPENING
from core.plan.source import ListNode, MappingNode, Scalar, node_at
from core.plan.source import walk as walk_tree
from core.spec.literal_secrets import find_token, looks_like_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.plan.lint.ground import Ground
    from core.plan.source import Node, TreePath
    from core.spec.literal_secrets import TokenFound
    from core.spec.workflow import ConcurrencySpec, WorkflowServiceSpec

_TELLING: Final = frozenset({
    "cassandra", "elasticsearch", "kafka", "localstack", "mariadb", "memcached", "minio", "mongo", "mysql", "nats",
    "nginx", "opensearch", "postgis", "postgres", "rabbitmq", "redis", "valkey",
})  # fmt: skip
"""Images that are known to name their ports."""


def check_images(ground: Ground) -> None:
    """Images that may be another one tomorrow."""
    workflow = ground.workflow
    paths: list[tuple[str, TreePath]] = [
        (job.image.name, ("jobs", job.id, "image", "name")) for job in workflow.jobs.values() if job.image is not None
    ]
    paths += ((service.image, (*path, "image")) for path, service in _services(ground))
    for image, path in paths:
        if not image or OPENING in image or "@" in image:
            continue
        name, _, tag = image.rpartition("/")[2].partition(":")
        if tag in {"", "latest"} and name != "scratch":
            said = "names no version" if not tag else "names whatever is latest"
            message = f"Image '{shown(image)}' {said}: it may be another one tomorrow."
            ground.say("W130", message, ground.node(path), "name a version, such as alpine:3.20, or a digest")


def check_services(ground: Ground) -> None:
    """Services of which nothing in the file tells when they are ready."""
    for path, service in _services(ground):
        if service.ready is not None or service.health_check is not None or service.ports:
            continue
        name = service.image.rpartition("/")[2].partition(":")[0].partition("@")[0].lower()
        if OPENING in service.image or name in _TELLING:
            continue
        message = (
            f"Nothing in the file tells when service '{shown(service.id)}' is ready: it counts as ready once the "
            "ports of its image answer, or after a second if it has none."
        )
        ground.say("W132", message, ground.node(path), "add ready: {tcp: 5432}, a health_check, or its ports")


def check_networks(ground: Ground) -> None:
    """Jobs that shut themselves off from the services of their workflow, and hardly mean to."""
    if not ground.workflow.services:
        return
    for job in ground.workflow.jobs.values():
        if job.network == "services":
            message = (
                f"Job '{shown(job.id)}' does not reach the workflow's services: with network: services it reaches "
                "services of its own, unless the policy keeps the whole run off the bridge."
            )
            hint = "leave network out, so that the policy decides for the job and the services alike, or write bridge"
            ground.say("W135", message, ground.node(("jobs", job.id, "network")), hint)


def check_secrets(ground: Ground) -> None:
    """Secrets that are written down. Messages do not repeat them."""
    for node in walk_tree(ground.tree):
        if isinstance(node, Scalar) and (found := find_token(node.text)) is not None:
            _say_leak(ground, node, found)
    for node in _environments(ground.tree):
        if isinstance(node, MappingNode):
            for name, entry in node.entries.items():
                _check_variable(ground, name, entry.value)


def check_concurrency(ground: Ground) -> None:
    """Groups that can never be entered."""
    workflow = ground.workflow
    own = _group(workflow.concurrency)
    for job in workflow.jobs.values():
        group = _group(job.concurrency)
        if own and group == own:
            node = ground.node(("jobs", job.id, "concurrency", "group"))
            message = f"Job '{job.id}' waits for the group that its own run holds: it could never start."
            ground.say("E005", message, node, "give the job a group of its own, or leave one of the two out")


def _environments(tree: MappingNode) -> Iterator[Node | None]:
    """Where variables stand, if they do: the workflow's, then those of each job and of its steps."""
    yield tree.get("env")
    yield node_at(tree, ("defaults", "env"))
    jobs = tree.get("jobs")
    for entry in jobs.entries.values() if isinstance(jobs, MappingNode) else ():
        job = entry.value
        if not isinstance(job, MappingNode):
            continue
        yield job.get("env")
        steps = job.get("steps")
        for step in steps.items if isinstance(steps, ListNode) else ():
            if isinstance(step, MappingNode):
                yield step.get("env")


def _services(ground: Ground) -> Iterator[tuple[TreePath, WorkflowServiceSpec]]:
    for name, service in ground.workflow.services.items():
        yield ("services", name), service
    for job in ground.workflow.jobs.values():
        for name, service in job.services.items():
            yield ("jobs", job.id, "services", name), service


def _group(concurrency: ConcurrencySpec | None) -> str:
    if concurrency is None or OPENING in concurrency.group:
        return ""
    return concurrency.group.strip().lower()


def _say_leak(ground: Ground, scalar: Scalar, found: TokenFound) -> None:
    hint = "store it as a secret, write ${{ secrets.NAME }}, and have this one revoked: it was written down"
    said = f"{found.kind[0].upper()}{found.kind[1:]} stands here."
    ground.say_at("E133", said, scalar, (found.start, found.stop), hint)


def _check_variable(ground: Ground, name: str, node: object) -> None:
    if not isinstance(node, Scalar) or OPENING in node.text or isinstance(node.value, bool):
        return
    if looks_like_secret(name, node.text):
        message = f"Variable '{shown(name)}' looks like a secret, and its value stands here."
        ground.say("W133", message, node, f"store it as a secret, and write ${{{{ secrets.{name} }}}}")
