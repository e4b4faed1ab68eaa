"""The jobs of a run in words: each with its state, why it is so, and its variants below it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from orcaops_mcp.cli.text import shown, span_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Node = dict[str, Any]
"""A node as REST gives it, short or in full."""

_TROUBLE: Final = ("failed", "timed_out", "cancelled")
_ENDED: Final = (*_TROUBLE, "success", "skipped")
_WORDS: Final = {
    "running": "running",
    "waiting": "waiting",
    "failed": "failed",
    "timed_out": "timed out",
    "cancelled": "cancelled",
    "skipped": "skipped",
}


@dataclass(frozen=True, slots=True)
class Branch:
    """A job of a run.

    Attributes:
        job: Its id.
        nodes: Its variants in the order of the expansion; the job itself where there is no matrix.
    """

    job: str
    nodes: tuple[Node, *tuple[Node, ...]]

    @property
    def has_variants(self) -> bool:
        """Whether it is a matrix job that was expanded."""
        return self.nodes[0]["matrix"] is not None

    @property
    def status(self) -> str:
        """The worst that is known of its nodes, once all have ended; else where most is still to be done."""
        statuses = {_seen(node) for node in self.nodes}
        if "running" in statuses:
            return "running"
        if "waiting" in statuses:
            return "running" if statuses & set(_ENDED) else "waiting"
        return next(status for status in _ENDED if status in statuses)

    @property
    def is_in_trouble(self) -> bool:
        """Whether a node of it failed or was stopped, and that was not tolerated."""
        return any(_seen(node) in _TROUBLE for node in self.nodes)

    def title(self) -> str:
        """What to call it."""
        return shown(self.job if self.has_variants else self.nodes[0]["name"])

    def remark(self, now: datetime) -> str:
        """How it stands, or how many of its variants stand how."""
        if not self.has_variants:
            return remark_of(self.nodes[0], now)
        counts = Counter(str(node["status"]) for node in self.nodes)
        passed = f"{counts['success']}/{len(self.nodes)} passed"
        return ", ".join((passed, *(f"{counts[key]} {word}" for key, word in _WORDS.items() if counts[key])))


def branches(nodes: Iterable[Node]) -> list[Branch]:
    """The jobs of a run in the order of their first nodes."""
    found: dict[str, list[Node]] = {}
    for node in nodes:
        found.setdefault(str(node["job"]), []).append(node)
    return [Branch(job, (first, *others)) for job, (first, *others) in found.items()]


def remark_of(node: Node, now: datetime) -> str:
    """What to say of a node beside its state."""
    status = str(node["status"])
    if status == "running":
        tries = len(node["attempts"]) if "attempts" in node else node["tries"]
        stopping = "cancelling" if node.get("cancel_requested_at") else ""
        return _join(stopping, f"try {tries}" if tries > 1 else "", _took(node, now))
    if status == "waiting":
        if node["retry_at"]:
            return f"next try in {span_text(max(0.0, (_moment(node['retry_at']) - now).total_seconds()))}"
        return _reason_text(node, "waits")
    if status in {"skipped", "cancelled"}:
        return _join(_reason_text(node, ""), _kept_text(node))
    if status == "success":
        return _kept_text(node) or _took(node, now)
    code = node["exit_code"]
    end = f"exit {code}" if code else str(node["failure_kind"] or "").replace("_", " ")
    took = _took(node, now)
    said = _join("tolerated" if node["tolerated"] else "", f"{end} after {took}" if end and took else end or took)
    return _join(said, _kept_text(node))


def seconds_of(record: Node, now: datetime) -> float | None:
    """Seconds from the start of a run or node to its end, or to now; None before the start."""
    if not record["started_at"]:
        return None
    end = _moment(record["finished_at"]) if record["finished_at"] else now
    return max(0.0, (end - _moment(record["started_at"])).total_seconds())


def present() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def counts_text(nodes: Sequence[Node]) -> str:
    """How many nodes stand how, such as ``3 ok, 1 failed``."""
    counts = Counter("tolerated" if node["tolerated"] else str(node["status"]) for node in nodes)
    words = {"success": "ok", "tolerated": "tolerated", **_WORDS}
    return ", ".join(f"{counts[key]} {word}" for key, word in words.items() if counts[key])


def _seen(node: Node) -> str:
    """The node's status as others see it: what was tolerated is a success."""
    return "success" if node["tolerated"] else str(node["status"])


def _took(node: Node, now: datetime) -> str:
    return span_text(seconds_of(node, now))


def _reason_text(node: Node, word: str) -> str:
    """Why a node waits, was skipped or stopped."""
    reason: Node = node["reason"] or {}
    text = shown(reason.get("text") or "")
    jobs = ", ".join(map(shown, reason.get("jobs") or ()))
    code = str(reason.get("code") or "")
    if word and (code == "needs" or not reason):
        waits = jobs or ", ".join(map(shown, node.get("needs") or ()))
        if not waits and node.get("finally"):
            return "waits for all other jobs"
        return f"waits for {waits}" if waits else ""
    return text or (f"{code}: {jobs}" if jobs else code)


def _kept_text(node: Node) -> str:
    kept: Node = node.get("kept_from") or {}
    if not kept:
        return "kept from an earlier attempt" if node.get("kept") else ""
    if kept.get("manual"):
        return f"given by {shown(kept['by'])}" if kept.get("by") else "given by hand"
    return f"kept from attempt {kept['attempt']}"


def _join(*texts: str) -> str:
    return "; ".join(filter(None, texts))


def _moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
