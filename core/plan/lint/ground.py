"""What every check works on: a reading, places in it, and the findings so far."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from core.plan.findings import MOST_FINDINGS, Place, Related, SourceFinding
from core.plan.jobs import JobNames
from core.plan.source import MappingNode, Scalar, child_of, node_at, path_text, place_within
from core.plan.source.offsets import raw_offsets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.plan.findings import Fix
    from core.plan.graph import Graph
    from core.plan.reading import Reading
    from core.plan.source import Node, SourceText, TreePath
    from core.spec.workflow import WorkflowSpec


class Ground:
    """A file that is checked.

    Args:
        reading: The file as it was read.
        workflow: What it says.
        tree: Its canonical tree.
        graph: The jobs' order.

    Attributes:
        names: The jobs by any spelling.
    """

    def __init__(self, reading: Reading, workflow: WorkflowSpec, tree: MappingNode, graph: Graph) -> None:
        self.reading = reading
        self.workflow = workflow
        self.tree = tree
        self.names = JobNames(workflow.jobs)
        self.graph = graph
        self._findings: dict[tuple[str, Place, str], SourceFinding] = {}
        self._counts: Counter[str] = Counter()
        self._offsets: tuple[Scalar, list[int]] | None = None

    @property
    def text(self) -> SourceText:
        """The file's text."""
        return self.reading.source.text

    @property
    def findings(self) -> tuple[SourceFinding, ...]:
        """What was found, in the order of finding it."""
        return tuple(self._findings.values())

    def has_enough(self, code: str) -> bool:
        """Whether there are so many findings of a kind that nobody would see another one."""
        return self._counts[code] >= MOST_FINDINGS

    def node(self, path: TreePath) -> Node:
        """The node at a path of the canonical tree, or the nearest above it."""
        node: Node = self.tree
        for part in path:
            below = child_of(node, part)
            if below is None:
                return node
            node = below
        return node

    def key(self, path: TreePath) -> Scalar | None:
        """The key at a path of the canonical tree; none if there is none."""
        above = node_at(self.tree, path[:-1])
        entry = above.entries.get(str(path[-1])) if isinstance(above, MappingNode) else None
        return entry.key if entry is not None else None

    def say(
        self,
        code: str,
        message: str,
        node: Node,
        hint: str = "",
        *,
        fix: Fix | None = None,
        related: Iterable[Related] = (),
    ) -> None:
        """Add a finding about a node; what an alias or a template brings to several jobs is told once."""
        if (code, node.place, message) not in self._findings:
            path = path_text(node.path)
            self._add(SourceFinding(code, message, node.place, path, hint, fix=fix, related=tuple(related)))

    def say_at(
        self, code: str, message: str, scalar: Scalar, span: tuple[int, int], hint: str = "", *, fix: Fix | None = None
    ) -> None:
        """Add a finding about a part of a text.

        Args:
            code: The code.
            message: What is wrong.
            scalar: The text.
            span: From which character of the text to which.
            hint: What to write instead.
            fix: What mends it for sure.
        """
        place = self.place(scalar, *span)
        self._add(SourceFinding(code, message, place, path_text(scalar.path), hint, fix=fix))

    def place(self, scalar: Scalar, start: int, end: int) -> Place:
        """Where characters of a text were written; the whole text's place if it was not written as it is."""
        if not self.is_written(scalar):
            return scalar.place
        if self._offsets is None or self._offsets[0] is not scalar:
            self._offsets = (scalar, raw_offsets(scalar))
        return place_within(self.text, scalar, start, end, self._offsets[1])

    def is_written(self, scalar: Scalar) -> bool:
        """Whether a text stands in the file as it is, and was not made of something else."""
        start = self.text.offset(scalar.place.line, scalar.place.column)
        return self.text.content.startswith(scalar.raw, start) and bool(scalar.raw)

    def is_key_written(self, key: Scalar) -> bool:
        """Whether a key stands in the file where its canonical form says, under the name of its path."""
        line = self.text.line(key.place.line)
        return line[key.place.column - 1 : key.place.end_column - 1].strip("'\"") == key.path[-1]

    def _add(self, finding: SourceFinding) -> None:
        key = (finding.code, finding.place, finding.message)
        if key not in self._findings:
            self._findings[key] = finding
            self._counts[finding.code] += 1


def note(node: Node, message: str) -> Related:
    """Another place that explains a finding."""
    return Related(node.place, message)
