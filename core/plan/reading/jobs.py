"""A job in its one form: strategy, scripts, defaults of the workflow and the like brought to the keys that stay."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.errors import InvalidMatrixError
from core.plan.findings import Related, shown
from core.plan.keys.foreign import called_action
from core.plan.keys.form import complete
from core.plan.keys.job_keys import JOB
from core.plan.keys.records import exclude
from core.plan.keys.report import is_null, made_text
from core.plan.keys.structures import entries_of, with_value
from core.plan.matrix import from_parallel
from core.plan.reading.nodes import entry, from_plain, items_of, list_of, mapping, merged, text_of
from core.plan.source import MappingNode, Scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.keys.report import Report
    from core.plan.source import Entry, Node

    Entries = dict[str, Entry]

DEFAULTED: Final = ("image", "shell", "working_directory", "retry", "network", "profile")
"""What a job takes of the defaults as it stands there, if it says nothing of it itself."""
_DISSOLVED: Final = ("strategy", "parallel", "defaults")
_SPREAD: Final = frozenset({*_DISSOLVED, "include", "exclude"})
_BESIDE_USES: Final = frozenset({
    "uses", "with", "secrets", "needs", "after", "parallel_with", "if", "unless", "on_complete", "finally", "stage",
    "matrix", "fail_fast", "max_parallel", "concurrency", "name", "description",
})  # fmt: skip


def canonical_job(name: Scalar, job: Node, defaults: Mapping[str, Entry], to: Report) -> MappingNode:
    """A job under the keys of the canonical form.

    Args:
        name: Its key.
        job: What was written, with its templates.
        defaults: The workflow's.
        to: Where findings go.
    """
    if to.is_spoiled(job):
        return mapping({}, job)
    entries = dict(entries_of(job))
    for key, found in entries.items():
        form = JOB.by_name[key].form
        if is_null(found.value) and not form.takes_null and not to.is_spoiled(found.value):
            to.wrong(found.value, form.expected)
            entries[key] = with_value(found, to.spoiled(found.value))
        elif key in _DISSOLVED and not to.is_spoiled(found.value):
            complete(form, found.value, to)
    if not _SPREAD.isdisjoint(entries):
        _spread_strategy(entries, to)
        _gather_matrix(entries, to)
        for key, found in _run_defaults(entries.pop("defaults", None)).items():
            entries.setdefault(key, found)
    if "uses" in entries:
        _check_call(name, entries, to)
    else:
        _apply_defaults(entries, defaults)
        _gather_steps(name, entries, to)
        if "image" not in entries:
            hint = "add image: alpine:3.20, or defaults: {image: …} at the top"
            to.say("E003", f"Job '{shown(name.text)}' has no image.", name, hint)
    return mapping(entries, job)


def _spread_strategy(entries: Entries, to: Report) -> None:
    """Bring what stands under ``strategy`` to the job."""
    strategy = entries.pop("strategy", None)
    for name, found in entries_of(strategy.value if strategy else None).items():
        if name in entries:
            related = Related(entries[name].key.place, "and here")
            message = f"'{name}' stands both in the job and in its strategy."
            to.say("E005", message, found.key, "keep one of the two", related=related)
        else:
            entries[name] = found


def _gather_matrix(entries: Entries, to: Report) -> None:
    """Bring ``parallel``, ``include`` and ``exclude`` into the matrix."""
    exclude(("matrix", "parallel"), entries, to)
    parallel = entries.pop("parallel", None)
    if parallel is not None and not to.is_spoiled(parallel.value):
        made = _from_parallel(parallel.value, to)
        entries["matrix"] = entry("matrix", made or to.spoiled(parallel.value), parallel.key)
    for name in ("include", "exclude"):
        found = entries.pop(name, None)
        if found is None or to.is_spoiled(found.value):
            continue
        matrix = entries.get("matrix")
        if matrix is None:
            entries["matrix"] = entry("matrix", mapping({name: found}, found.value), found.key)
        elif not isinstance(matrix.value, MappingNode):
            if not to.is_spoiled(matrix.value):
                hint = "put it into the value of the expression"
                to.say("E005", f"'{name}' cannot stand beside a matrix that is an expression.", found.key, hint)
        elif name in matrix.value.entries:
            related = Related(matrix.value.entries[name].key.place, "and here")
            message = f"'{name}' stands both in the job and in its matrix."
            to.say("E005", message, found.key, "keep one of the two", related=related)
        else:
            joined = mapping({**matrix.value.entries, name: found}, matrix.value)
            entries["matrix"] = with_value(matrix, joined)


def _from_parallel(parallel: Node, to: Report) -> Node | None:
    inner = parallel.get("matrix") if isinstance(parallel, MappingNode) else parallel
    if inner is None or to.is_spoiled(inner):
        return None
    try:
        return from_plain(from_parallel(inner.to_plain()), parallel)
    except InvalidMatrixError as error:
        for finding in error.findings:
            to.say("E124", f"{finding.message}.", parallel, finding.hint)
        return None


def _run_defaults(defaults: Entry | None) -> Mapping[str, Entry]:
    """What GitHub's ``defaults.run`` says."""
    run = entries_of(defaults.value if defaults else None).get("run")
    return entries_of(run.value if run else None)


def _apply_defaults(entries: Entries, defaults: Mapping[str, Entry]) -> None:
    run = entries_of(defaults["run"].value if "run" in defaults else None)
    for name in DEFAULTED:
        found = defaults.get(name) or run.get(name)
        if found is not None:
            entries.setdefault(name, found)
    if "timeout" not in entries and "timeout_minutes" not in entries:
        for name in ("timeout", "timeout_minutes"):
            if name in defaults:
                entries[name] = defaults[name]
    if "resources" in defaults:
        own = entries.get("resources")
        whole = merged(defaults["resources"].value, own.value) if own else defaults["resources"].value
        entries["resources"] = replace(own or defaults["resources"], value=whole)


def _gather_steps(name: Scalar, entries: Entries, to: Report) -> None:
    """Bring commands and the scripts before and after them into steps."""
    before, after = entries.pop("before_script", None), entries.pop("after_script", None)
    commands, steps = entries.pop("commands", None), entries.pop("steps", None)
    if commands is None and steps is None:
        hint = "add commands: […]; commands: [] runs the image's own command"
        to.say("E003", f"Job '{shown(name.text)}' has nothing to run.", name, hint)
    found: list[Node] = []
    first = items_of(before.value) if before else ()
    if steps is not None:
        found += [_step(first, before.value)] if before and first else []
        found += items_of(steps.value)
        _check_step_ids(found, to)
    elif commands is not None and not to.is_spoiled(commands.value):
        whole = (*first, *items_of(commands.value))
        found += [_step(whole, commands.value)] if whole else []
    last = items_of(after.value) if after else ()
    if after and last:
        step = _step(last, after.value)
        always = {**step.entries, "if": entry("if", made_text("always()", after.key))}
        found.append(mapping(always, after.value))
    like = steps or commands or after
    if found and like:
        entries["steps"] = entry("steps", list_of(found, like.value), like.key)
    elif commands is not None:
        entries["commands"] = with_value(commands, list_of((), commands.value))


def _step(commands: tuple[Node, ...], like: Node) -> MappingNode:
    return mapping({"commands": entry("commands", list_of(commands, like))}, like)


def _check_step_ids(steps: list[Node], to: Report) -> None:
    first: dict[str, Scalar] = {}
    for step in steps:
        written = entries_of(step).get("id")
        if written and isinstance(written.value, Scalar) and written.value.value is not None:
            other = first.setdefault(written.value.text.lower(), written.value)
            if other is not written.value:
                message = f"Two steps have the id '{shown(written.value.text)}'."
                related = Related(other.place, "first here")
                to.say("E010", message, written.value, "ids are compared without regard to case", related=related)


def _check_call(name: Scalar, entries: Entries, to: Report) -> None:
    for key in sorted(entries.keys() - _BESIDE_USES):
        found = entries.pop(key)
        message = f"'{key}' cannot stand beside 'uses': job '{shown(name.text)}' runs what the called file says."
        to.say("E005", message, found.key, "write it in the called file, or pass it on by with")
    uses = entries["uses"].value
    if called_action(text_of(uses)):
        hint = "copy the file beside this one, and write uses: ./file.yaml"
        to.say("E150", f"'{shown(text_of(uses))}' is no file beside this one; nothing is fetched.", uses, hint)
        entries["uses"] = replace(entries["uses"], value=to.spoiled(uses))
