"""A rerun of a workflow run, as it is asked for and as it is answered."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from core.errors import InvalidArgumentError
from core.plan.rerun import Selection, Wish

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.records.workflow import WorkflowRun

SelectionName = Literal["all", "failed", "jobs", "from"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunSource:
    """The workflow file that takes the place of the run's.

    Attributes:
        text: The file.
        file_name: What it is called; empty keeps the earlier name.
        files: Texts of the files it calls, by their paths.
    """

    text: str
    file_name: str = ""
    files: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunRequest:
    """What of a run is to run again, and with what.

    Attributes:
        selection: ``all``; ``failed``: what did not succeed or has changed; ``jobs``: those that are named, the rest
            stays as it ended; ``from``: those that are named, and what did not succeed or has changed. What depends on
            a node that runs again runs again as well.
        jobs: Ids of jobs or nodes, or selectors such as ``test[python=3.12]`` and ``test#3``.
        only: With ``jobs``: what depends on them stays as it is, too.
        skip: Outputs by the names of jobs, nodes or selectors that count as a success by hand.
        inputs: Laid over the inputs of the last attempt.
        source: A changed file; none for the last attempt's.
        include_tolerated: Whether what failed and was tolerated runs again.
        new_run: Whether it is a run of its own instead of a further attempt.
        actor: Who asks, as far as is known.
    """

    selection: SelectionName = "failed"
    jobs: tuple[str, ...] = ()
    only: bool = False
    skip: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, "Mapping[str, str]"])
    inputs: Mapping[str, object] = field(default_factory=dict[str, object])
    source: RerunSource | None = None
    include_tolerated: bool = False
    new_run: bool = False
    actor: str = ""

    @property
    def words(self) -> str:
        """What is asked for, in words for the record, such as ``jobs build, test only``."""
        told = [self.selection, ", ".join(self.jobs), "only" if self.only else ""]
        if self.skip:
            told.append(f"skip {', '.join(self.skip)}")
        changed = [word for word, is_so in (("inputs", self.inputs), ("file", self.source)) if is_so]
        told.append(f"with changed {' and '.join(changed)}" if changed else "")
        told.append("including tolerated" if self.include_tolerated else "")
        return " ".join(part for part in told if part)

    def wish(self) -> Wish:
        """What is to run again, for the planning.

        Raises:
            InvalidArgumentError: What is asked for does not go together.
        """
        takes_names = self.selection in {"jobs", "from"}
        if takes_names and not self.jobs:
            raise InvalidArgumentError(
                f"The selection '{self.selection}' needs the names of jobs.",
                hint="Give jobs, or take the selection failed or all.",
            )
        if self.jobs and not takes_names:
            raise InvalidArgumentError(
                f"The selection '{self.selection}' takes no names of jobs.",
                hint="Take the selection jobs (nothing but these and what depends on them) or from.",
            )
        if self.only and self.selection != "jobs":
            raise InvalidArgumentError("'only' goes with the selection jobs.", hint="Leave it out, or name jobs.")
        return Wish(
            selection=Selection(self.selection),
            names=self.jobs,
            only=self.only,
            done=self.skip,
            include_tolerated=self.include_tolerated,
        )

    def digest(self, workflow_id: str) -> str:
        """SHA-256 of everything that makes it this request for this run and not another."""
        told = {
            "workflow_id": workflow_id,
            "selection": self.selection,
            "jobs": self.jobs,
            "only": self.only,
            "skip": {name: dict(outputs) for name, outputs in self.skip.items()},
            "inputs": dict(self.inputs),
            "source": None if self.source is None else (self.source.text, self.source.file_name, {**self.source.files}),
            "include_tolerated": self.include_tolerated,
            "new_run": self.new_run,
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """What a rerun does with a node.

    Attributes:
        node_id: The node.
        job: Its job.
        name: For people.
        keeps: Whether a result stands without its running.
        why: In words.
        job_id: The job whose result is kept, if there is one.
        from_attempt: The attempt in which that ran; 0 for a result given by hand; None for a node that runs.
    """

    node_id: str
    job: str
    name: str
    keeps: bool
    why: str
    job_id: str | None = None
    from_attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunPlan:
    """What a rerun does.

    Attributes:
        workflow_id: The run that is repeated.
        attempt: The attempt that begins with it; 1 of a run of its own.
        selection: What was asked for, in words.
        nodes: In the order in which they would start. Nodes of a called file are among them as far as they are known.
    """

    workflow_id: str
    attempt: int
    selection: str
    nodes: tuple[NodePlan, ...]

    @property
    def kept(self) -> tuple[NodePlan, ...]:
        """The nodes whose results stand."""
        return tuple(node for node in self.nodes if node.keeps)

    @property
    def rerun(self) -> tuple[NodePlan, ...]:
        """The nodes that run again, or of which is decided again whether they do."""
        return tuple(node for node in self.nodes if not node.keeps)


@dataclass(frozen=True, slots=True)
class Rerun:
    """A rerun that was accepted.

    Attributes:
        run: The run with its new attempt, or the new run.
        plan: What it does; of a repetition of an earlier request, without nodes.
        replayed: Whether the same request was made before.
    """

    run: WorkflowRun
    plan: RerunPlan
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a node stands where it stands.

    Attributes:
        node_id: The node.
        status: Where it stands.
        facts: From what that was concluded, in order; each a sentence.
    """

    node_id: str
    status: str
    facts: tuple[str, ...]
