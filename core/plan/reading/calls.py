"""Workflow files that jobs call: read, followed, and compared with what the job gives them."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.plan.expressions.letters import fold
from core.plan.findings import shown
from core.plan.inputs import check_value
from core.plan.keys.report import has_expression, listed, renamed
from core.plan.keys.structures import entries_of
from core.plan.reading.reading import Reading, finished, read_file
from core.plan.source import Scalar, node_at, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.plan.findings import SourceFinding
    from core.plan.keys.report import Report
    from core.plan.source import Entry, Node
    from core.spec.inputs import InputSpec
    from core.spec.workflow import WorkflowJobSpec, WorkflowSpec

    Load = Callable[[str], str | bytes]

_DEEPEST: Final = 10
_MOST_FILES: Final = 50
_MOST_JOBS: Final = 10_000


def read_workflow(content: str | bytes, file_name: str = "", load: Load | None = None) -> Reading:
    """Read a workflow file. Whatever it holds, the answer is a reading.

    Args:
        content: The file. Bytes are UTF-8.
        file_name: Its name, for findings, for called files, and for a workflow that names itself not.
        load: Gives the content of a called file by its path, which is relative to where ``file_name`` is: OSError or
            ValueError if there is none. Without it called files are not followed.
    """
    return _Session(load).read(content, _normal(file_name), ())


class _Session:
    """One reading with all the files it leads to, each read once."""

    def __init__(self, load: Load | None) -> None:
        self._load = load
        self._read: dict[str, Reading] = {}
        self._heights: dict[str, int] = {}
        self._weights: dict[str, int] = {}

    def read(self, content: str | bytes, file: str, trail: tuple[str, ...]) -> Reading:
        """Read a file and those that it calls.

        Args:
            content: The file.
            file: Its path.
            trail: The paths of the files that led to it.
        """
        reading, to = read_file(content, file)
        calls: dict[str, Reading] = {}
        jobs: dict[str, WorkflowJobSpec] = {}
        height, weight = 1, len(reading.spec.jobs) if reading.spec else 0
        for job in reading.spec.jobs.values() if reading.spec else ():
            called = self._called(job, reading, (*trail, file), to) if job.call and self._load else None
            if called is not None and job.call is not None:
                calls[job.id] = called
                job = replace(job, call=replace(job.call, workflow=called.spec))  # noqa: PLW2901 - the same job, told what it calls
                height = max(height, self._heights[called.source.file] + 1)
                weight += self._weights[called.source.file]
                if weight > _MOST_JOBS:
                    message = f"With its calls the workflow has more than {_MOST_JOBS:,} jobs."
                    to.say("E150", message, _at(reading, job.id, "uses"), "call fewer files")
                    break
            jobs[job.id] = job
        self._heights[file], self._weights[file] = height, weight
        if not calls and not to.findings:
            return reading
        spec = replace(reading.spec, jobs={**reading.spec.jobs, **jobs}) if reading.spec else None
        others: list[SourceFinding] = [finding for called in calls.values() for finding in called.findings]
        return finished(replace(reading, spec=spec, calls=calls), to, others)

    def _called(self, job: WorkflowJobSpec, reading: Reading, trail: tuple[str, ...], to: Report) -> Reading | None:
        """The file that a job calls, checked against what the job gives it; none if that is at fault."""
        uses = _at(reading, job.id, "uses")
        path = _normal(posixpath.join(posixpath.dirname(trail[-1]), uses.text))
        fault = self._fault(path, trail)
        found = None if fault else self._fetch(path, uses, trail, to)
        if fault:
            to.say("E150", fault, uses)
        if found is not None and len(trail) + self._heights.get(path, 1) > _DEEPEST:
            to.say("E150", f"Workflow files call each other more than {_DEEPEST} deep.", uses, "flatten the calls")
            return None
        if found is not None and found.spec is not None:
            if not _is_spoiled(reading, job, "with", to):
                _check_given(reading, job, found.spec, to)
            if not _is_spoiled(reading, job, "secrets", to):
                _check_secrets(reading, job, found, to)
        return found

    def _fault(self, path: str, trail: tuple[str, ...]) -> str:
        if path in trail:
            circle = " -> ".join((*trail[trail.index(path) :], path))
            return f"The workflow files call each other in a circle: {shown(circle, most=500)}."
        if path.startswith("../") or path == "..":
            return f"'{shown(path)}' leads out of the folder of the first file."
        if len(trail) >= _DEEPEST:
            return f"Workflow files call each other more than {_DEEPEST} deep."
        if path not in self._read and len(self._read) >= _MOST_FILES:
            return f"A workflow calls at most {_MOST_FILES} files."
        return ""

    def _fetch(self, path: str, uses: Scalar, trail: tuple[str, ...], to: Report) -> Reading | None:
        if path in self._read:
            return self._read[path]
        try:
            content = self._load(path) if self._load else ""
        except FileNotFoundError:
            to.say("E150", f"There is no file '{shown(path)}'.", uses, "the path is relative to the file that calls")
            return None
        except (OSError, ValueError) as error:
            to.say("E150", f"The file '{shown(path)}' cannot be read: {shown(str(error), most=200)}.", uses)
            return None
        self._read[path] = self.read(content, path, trail)
        return self._read[path]


def _at(reading: Reading, job: str, key: str) -> Scalar:
    """The scalar under a key of a job that has one."""
    found = node_at(reading.tree, ("jobs", job, key)) if reading.tree else None
    if not isinstance(found, Scalar):
        raise TypeError(f"job {job} has no text under {key}")
    return found


def _normal(path: str) -> str:
    return posixpath.normpath(path.replace("\\", "/")) if path else ""


def _check_given(reading: Reading, job: WorkflowJobSpec, called: WorkflowSpec, to: Report) -> None:
    """Compare ``with`` with the inputs of the called file."""
    uses = _at(reading, job.id, "uses")
    given = _given(reading, job, "with")
    declared = {fold(name): spec for name, spec in called.inputs.items()}
    names = {fold(name) for name in given}
    for name, entry in given.items():
        spec = declared.get(fold(name))
        if spec is None:
            near, question = to.guess(name, called.inputs)
            there = f"its inputs are {listed(called.inputs)}" if called.inputs else "it has no inputs"
            hint = question or there
            fix = renamed(entry.key, near[0]) if len(near) == 1 and fold(near[0]) not in names else None
            to.say("E150", f"'{shown(uses.text)}' has no input '{shown(name)}'.", entry.key, hint, fix=fix)
        else:
            _check_value(name, entry, spec, to)
    for name, spec in called.inputs.items():
        if spec.required and spec.default is None and fold(name) not in names:
            hint = f"add with: {{{name}: …}}"
            to.say("E150", f"'{shown(uses.text)}' needs the input '{shown(name)}'.", uses, hint)


def _given(reading: Reading, job: WorkflowJobSpec, key: str) -> Mapping[str, Entry]:
    """What stands in the mapping under a key of a job."""
    return entries_of(node_at(reading.tree, ("jobs", job.id, key)) if reading.tree else None)


def _is_spoiled(reading: Reading, job: WorkflowJobSpec, key: str, to: Report) -> bool:
    node = node_at(reading.tree, ("jobs", job.id, key)) if reading.tree else None
    return node is not None and to.is_spoiled(node)


def _check_value(name: str, entry: Entry, spec: InputSpec, to: Report) -> None:
    if any(isinstance(node, Scalar) and has_expression(node) for node in walk(entry.value)):
        return
    written = entry.value
    is_text = spec.type in ("string", "choice") and isinstance(written, Scalar) and written.value is not None
    value = written.text if is_text and isinstance(written, Scalar) else written.to_plain()
    _, fault = check_value(spec, value)
    if fault:
        to.say("E150", f"The input '{shown(name)}' {fault}.", written, spec.description)


def _check_secrets(reading: Reading, job: WorkflowJobSpec, called: Reading, to: Report) -> None:
    """Compare the secrets handed on with those that the called file declares."""
    if job.call is None or called.spec is None or job.call.secrets == "inherit":
        return
    secrets = job.call.secrets
    uses = _at(reading, job.id, "uses")
    for name in called.spec.secrets:
        if name not in secrets:
            hint = f"add secrets: {{{name}: ${{{{ secrets.{name} }}}}}}, or secrets: inherit"
            to.say("E150", f"'{shown(uses.text)}' needs the secret '{shown(name)}'.", uses, hint)
    known = [*called.spec.secrets, *_optional(called.source.root)]
    for name, entry in _given(reading, job, "secrets").items():
        if known and name not in known:
            hint = to.guess(name, known)[1] or f"its secrets are {listed(known)}"
            to.say("E150", f"'{shown(uses.text)}' has no secret '{shown(name)}'.", entry.key, hint)


def _optional(root: Node | None) -> tuple[str, ...]:
    """The secrets that a called file declares the way GitHub does, needed or not."""
    return tuple(entries_of(node_at(root, ("on", "workflow_call", "secrets")))) if root is not None else ()
