"""Text of others put straight into a shell: whoever chooses it chooses what runs."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Final

from core.plan.compile.matrices import holds_expression
from core.plan.expressions.nodes import Call, Compare, Constant, Index, Name, Not, Wildcard
from core.plan.expressions.nodes import children as nodes_below
from core.plan.findings import Fix, shown
from core.plan.lint.edits import added_entry, within
from core.plan.source import MappingNode, node_at
from core.spec.workflow import Expression as Computed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.plan.expressions.nodes import Node
    from core.plan.findings import Edit
    from core.plan.interpolate import Hole
    from core.plan.lint.expressions import ReadSite
    from core.plan.lint.ground import Ground
    from core.plan.lint.shapes import Knowledge
    from core.plan.source import Scalar
    from core.spec.workflow import WorkflowJobSpec

_SHELLS: Final = frozenset({"", "sh", "bash", "ash", "dash"})
_FREE_INPUTS: Final = frozenset({"string", "json"})
_SAFE: Final = frozenset(
    {"contains", "startsWith", "endsWith", "hashFiles", "success", "failure", "always", "cancelled", "length"}
)
_OF_THE_SHELL: Final = frozenset({
    "CI", "ENV", "HOME", "HOSTNAME", "IFS", "LANG", "LOGNAME", "MAIL", "OPTARG", "OPTIND", "ORCAOPS", "PATH", "PPID",
    "PS1", "PS4", "PWD", "SHELL", "SHLVL", "TERM", "TMPDIR", "UID", "USER",
})  # fmt: skip
_NOT_IN_NAMES: Final = re.compile(r"[^A-Z0-9]+")


def check_commands(ground: Ground, knowledge: Knowledge, job: WorkflowJobSpec, read: ReadSite) -> None:
    """Say which expressions of a command hold text that others choose."""
    index = read.site.path[3]
    step = job.steps[index] if isinstance(index, int) else None
    is_shell = step is not None and (step.shell or job.shell) in _SHELLS
    for expression, _, hole in read.expressions:
        found = next(_untrusted(expression.root, ground, knowledge, job), "")
        if not found or hole is None or ground.has_enough("W140"):
            continue
        fix = _through_env(ground, job, read.site.scalar, hole, found) if is_shell else None
        name = _variable(ground, job, found, read.site.scalar.text[hole.start : hole.end])
        message = f"'{shown(found)}' is put into the shell as it is: whoever chooses it chooses what runs."
        hint = (
            f'pass it as a variable: env: {{{name}: "${{{{ {shown(expression.text)} }}}}"}}, and write "${name}" here'
        )
        ground.say_at("W140", message, read.site.scalar, (hole.start, hole.end), hint, fix=fix)


def _untrusted(node: Node, ground: Ground, knowledge: Knowledge, job: WorkflowJobSpec) -> Iterator[str]:
    """The references below a node that hold text of others, in the order of the text."""
    if isinstance(node, Name | Index):
        path = _path(node)
        if path is not None:
            if _is_untrusted(path, ground, knowledge, job):
                yield ".".join(path)
            return
    if isinstance(node, Compare | Not) or (isinstance(node, Call) and node.name in _SAFE):
        return
    for below in nodes_below(node):
        yield from _untrusted(below, ground, knowledge, job)


def _path(node: Name | Index) -> tuple[str, ...] | None:
    """The names of a reference, ``*`` for a filter; none if it does not begin with a context."""
    names: list[str] = []
    step: Node = node
    while isinstance(step, Index):
        key = step.key
        names.append("*" if isinstance(key, Wildcard) else str(key.value) if isinstance(key, Constant) else "*")
        step = step.base
    if not isinstance(step, Name):
        return None
    return (step.name, *reversed(names))


def _is_untrusted(path: tuple[str, ...], ground: Ground, knowledge: Knowledge, job: WorkflowJobSpec) -> bool:
    lower = tuple(part.lower() for part in path)
    match lower:
        case ("inputs" | "needs" | "jobs",):
            return True
        case ("inputs", name, *_):
            spec = next((spec for each, spec in ground.workflow.inputs.items() if each.lower() == name), None)
            return spec is None or spec.type in _FREE_INPUTS
        case ("github", "head_ref" | "event", *_):
            return True
        case ("needs" | "jobs", _, *rest):
            return not rest or "outputs" in rest or rest == ["*"]
        case ("matrix", *_):
            return job.matrix is not None and knowledge.expansion(job) is None and _is_computed(lower, job)
        case _:
            return False


def _is_computed(path: tuple[str, ...], job: WorkflowJobSpec) -> bool:
    """Whether a value of a matrix comes from an expression, as far as the file tells."""
    definition = job.matrix.definition if job.matrix is not None else None
    if definition is None:
        return False
    if isinstance(definition, Computed) or len(path) == 1:
        return True
    own = [value for key, value in definition.items() if key.lower() == path[1]]
    lists = [definition.get("include")]
    return any(holds_expression(value) for value in (*own, *lists))


def _through_env(ground: Ground, job: WorkflowJobSpec, scalar: Scalar, hole: Hole, found: str) -> Fix | None:
    """The fix: a variable of the job, and the variable in the command; none where that is not sure."""
    text = scalar.text[hole.start : hole.end]
    name = _variable(ground, job, found, text)
    written = _in_shell(scalar, hole, name)
    change = within(ground, scalar, hole.start, hole.end, written) if written is not None else None
    if change is None:
        return None
    if job.env.get(name) == text:
        return Fix(f"use the variable {name}", (change,))
    entry = _env_entry(ground, job, name, text)
    return Fix(f"pass it as the variable {name}", (entry, change)) if entry is not None else None


def _variable(ground: Ground, job: WorkflowJobSpec, found: str, text: str) -> str:
    """A name for what a reference holds; that of a variable which holds it already, else one that is free."""
    parts = [part for part in (_NOT_IN_NAMES.sub("_", part.upper()).strip("_") for part in found.split(".")) if part]
    longer = ("_".join(parts[-length:]) for length in range(1, len(parts) + 1))
    numbered = (f"VALUE_{number}" for number in itertools.count(1))
    taken = {*ground.workflow.env, *ground.workflow.defaults.env, *(name for step in job.steps for name in step.env)}
    return next(
        name
        for name in itertools.chain(longer, numbered)
        if job.env.get(name) == text
        or (
            not (name in taken or name in job.env or name in _OF_THE_SHELL or name[0].isdigit())
            and not name.startswith(("ORCAOPS_", "GITHUB_"))
        )
    )


def _env_entry(ground: Ground, job: WorkflowJobSpec, name: str, text: str) -> Edit | None:
    """The edit that gives a job a variable, in its own ``env`` or one that is made."""
    own = ("jobs", job.id)
    quoted = json.dumps(text, ensure_ascii=False)
    block, flow = f"{name}: {quoted}", f"{name}: {quoted}"
    env = node_at(ground.tree, (*own, "env"))
    if isinstance(env, MappingNode) and env.entries:
        keys = [entry.key for entry in env.entries.values() if entry.key.path[:-1] == env.path]
        is_own = len(env.path) == 3 and env.path[:2] == own and len(keys) == len(env.entries)
        return added_entry(ground, keys, block, flow) if is_own else None
    above = node_at(ground.tree, own)
    if env is not None or not isinstance(above, MappingNode):
        return None
    keys = [entry.key for entry in above.entries.values() if len(entry.key.path) == 3 and entry.key.path[:2] == own]
    return added_entry(ground, keys, f"env:\n  {block}", f"env: {{{flow}}}")


def _in_shell(scalar: Scalar, hole: Hole, name: str) -> str | None:
    """How a variable is written at a place of a command; none where the shell's quoting is not sure."""
    before = scalar.text[: hole.start]
    if not before.strip() or any(mark in before for mark in ("<<", "$(", "`")):
        return None
    quoting = _quoting(before)
    after = scalar.text[hole.end : hole.end + 1]
    variable = f"${{{name}}}" if after.isalnum() or after == "_" else f"${name}"
    return {"": f'"{variable}"', '"': variable}.get(quoting)


def _quoting(text: str) -> str:
    """The quote that is open behind a piece of shell text; ``#`` in a comment."""
    quote = ""
    at = 0
    while at < len(text):
        mark = text[at]
        if quote == "#":
            quote = "" if mark == "\n" else "#"
        elif mark == "\\" and quote != "'":
            at += 1
        elif mark == quote:
            quote = ""
        elif not quote and (mark in "'\"" or (mark == "#" and text[at - 1 : at].strip() == "")):
            quote = mark
        at += 1
    return quote
