"""Reading one workflow file."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, cast

from core.plan.findings import MOST_FINDINGS, Severity, in_file, in_order
from core.plan.jobs import graph_of
from core.plan.keys.report import Report
from core.plan.keys.workflow_keys import WORKFLOW
from core.plan.reading.canonical import canonical_tree
from core.plan.reading.checks import check_limits
from core.plan.source import MappingNode, read_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.plan.findings import SourceFinding
    from core.plan.graph import Graph
    from core.plan.keys.report import Site
    from core.plan.source import Source
    from core.spec.workflow import WorkflowSpec

_ENDINGS: Final = (".yaml", ".yml", ".json", ".orcaops")


@dataclass(frozen=True, slots=True)
class Reading:
    """A workflow file that was read.

    Attributes:
        source: The file.
        findings: What is wrong with it, those of called files last.
        spec: What was understood, whether there are errors or not: a value at fault is left at its default, a job at
            fault is there, if empty. None if the file is no mapping.
        tree: The canonical tree. Its nodes know where they were written; its keys and shapes are those of the
            specification in snake case.
        sites: The texts that hold expressions or are conditions.
        calls: The files that jobs call, by the jobs' ids.
        graph: The order of its jobs; None if the file is no mapping.
    """

    source: Source
    findings: tuple[SourceFinding, ...]
    spec: WorkflowSpec | None = None
    tree: MappingNode | None = None
    sites: tuple[Site, ...] = ()
    calls: Mapping[str, Reading] = field(default_factory=dict[str, "Reading"])
    graph: Graph | None = None


def read_file(content: str | bytes, file_name: str) -> tuple[Reading, Report]:
    """Read a file without the files that it calls.

    Args:
        content: The file. Bytes are UTF-8.
        file_name: Its name, for findings and for a workflow that has none.

    Returns:
        What was read, and the report that further findings go to.
    """
    source = read_source(content, file=file_name)
    to = Report(source.text)
    if source.root is None:
        return Reading(source, source.findings), to
    if not isinstance(source.root, MappingNode):
        hint = "the smallest is jobs: {hello: {image: alpine:3.20, commands: [echo hello]}}"
        to.wrong(source.root, "a mapping", hint)
        return finished(Reading(source, source.findings), to), to
    checked = WORKFLOW.check(source.root, to)
    tree = WORKFLOW.lift(canonical_tree(cast("MappingNode", checked), to))
    spec = cast("WorkflowSpec", WORKFLOW.build(tree, (), to))
    spec = spec if spec.name else replace(spec, name=_stem(file_name))
    tree = cast("MappingNode", tree)
    check_limits(spec, tree, to)
    return finished(Reading(source, source.findings, spec, tree, tuple(to.sites), graph=graph_of(spec)), to), to


def finished(reading: Reading, to: Report, others: Iterable[SourceFinding] = ()) -> Reading:
    """A reading with all findings: its own in the order of the file, then those of called files."""
    own = in_order(in_file((*reading.source.findings, *to.findings), reading.source.file))
    together = tuple(dict.fromkeys((*own, *others)))
    if len(together) > MOST_FINDINGS:
        errors = [finding for finding in together if finding.severity is Severity.ERROR]
        chosen = {*errors[:MOST_FINDINGS], *together[: MOST_FINDINGS - len(errors[:MOST_FINDINGS])]}
        together = tuple(finding for finding in together if finding in chosen)[:MOST_FINDINGS]
    return replace(reading, findings=together)


def _stem(file_name: str) -> str:
    """The name of a workflow that names itself not."""
    name = posixpath.basename(file_name.replace("\\", "/"))
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name[:100] or "workflow"
