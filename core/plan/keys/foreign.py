"""Keys of other systems that have no equal here: what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.plan.findings import shown
from core.plan.source import ListNode, MappingNode, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.plan.keys.report import Report
    from core.plan.source import Entry, Node

_COMPARISON: Final = re.compile(r"\s{0,9}\$\{?(\w{1,60})\}?\s{0,9}(==|!=)\s{0,9}[\"']([^\"']{0,200})[\"']\s{0,9}")
_VARIABLES: Final[Mapping[str, str]] = {
    "CI_COMMIT_BRANCH": "github.ref_name",
    "CI_COMMIT_REF_NAME": "github.ref_name",
    "CI_COMMIT_TAG": "github.ref_name",
    "CI_COMMIT_SHA": "github.sha",
    "CI_PIPELINE_SOURCE": "github.event_name",
}
_REF: Final = re.compile(r"[\w./-]{1,200}")
_ACTION: Final = re.compile(r"[\w.-]+/[\w./-]+(?:@.+)?")

_CACHE: Final = "nothing is cached between runs: put what is slow into the image, or pass it on as an artifact"
_CONDITION: Final = "write a condition, such as if: ${{ github.ref_name == 'main' }}"

_JOB: Final[Mapping[str, str]] = {
    "cache": _CACHE,
    "resource_group": "write concurrency: {group: NAME, queue: max}",
    "trigger": "a workflow file runs in a job's place by uses: ./file.yaml",
    "pages": "keep the files as artifacts",
    "release": "run the release's commands in a job",
    "inherit": "name templates by extends",
    "start_in": "nothing waits by the clock; an approval is given outside of the file",
    "deploy": "run the deployment's commands in a job",
    "build": "an image is built by a job of its own",
}
_STEP: Final[Mapping[str, str]] = {
    "image": "the steps of a job share its container: make this a job of its own, with image",
    "with": "it belongs to an action; actions are not run",
    "settings": "plugins are not run: write commands",
    "cache": _CACHE,
}
_WORKFLOW: Final[Mapping[str, str]] = {
    "cache": _CACHE,
    "include": "another workflow runs in a job's place by uses: ./file.yaml; templates stand under jobs, as .NAME",
    "workflow": "a file holds one workflow; a condition stands in a job's if",
    "image": "write defaults: {image: …}",
    "before_script": "write it in a template, and name that by extends",
    "after_script": "write it in a template, and name that by extends",
    "schedule": "nothing is started by the clock: start runs from outside",
    "cron": "nothing is started by the clock: start runs from outside",
    "steps": "steps belong to a job: jobs: {NAME: {image: …, steps: […]}}",
    "pipeline": "write jobs: {NAME: {image: …, commands: […]}}",
    "commands": "commands belong to a job: jobs: {NAME: {image: …, commands: […]}}",
    "script": "commands belong to a job: jobs: {NAME: {image: …, commands: […]}}",
    "clone": "the files are put into the job's folder by whoever starts the run",
    "workspace": "the files are put into the job's folder by whoever starts the run",
}
_OF_JOBS: Final = frozenset({"script", "commands", "run", "steps", "image", "needs", "runs-on", "uses", "extends"})


def answer_job(written: str, entry: Entry, to: Report) -> bool:
    """Answer a key of a job; whether it was one of another system."""
    name = written.replace("-", "_")
    if name == "rules":
        return _refuse(entry, _rules_hint(entry.value), to)
    if name in ("only", "except"):
        return _refuse(entry, _refs_hint(entry.value, is_except=name == "except"), to)
    if name == "when" and not isinstance(entry.value, Scalar):
        return _refuse(entry, _CONDITION, to)
    if name == "environment" and not _holds_variables(entry.value):
        hint = "variables stand under env; there are no deployment environments, concurrency keeps deployments apart"
        return _refuse(entry, hint, to)
    return _answer(_JOB, name, entry, to)


def answer_step(written: str, entry: Entry, to: Report) -> bool:
    """Answer a key of a step; whether it was one of another system."""
    if written == "uses":
        text = entry.value.text if isinstance(entry.value, Scalar) else ""
        if text.startswith("actions/checkout"):
            hint = "remove the step: the workspace is already in $ORCAOPS_WORKSPACE"
        elif text.startswith("./"):
            hint = "a workflow file runs in the place of a job, not of a step: jobs: {NAME: {uses: ./file.yaml}}"
        else:
            hint = "actions are not run: write commands, or call a workflow file by a job's uses: ./file.yaml"
        return _refuse(entry, hint, to)
    if written == "when":
        return _refuse(entry, _CONDITION, to)
    return _answer(_STEP, written.replace("-", "_"), entry, to)


def answer_workflow(written: str, entry: Entry, to: Report) -> bool:
    """Answer a key of a workflow; whether it was one of another system."""
    if _answer(_WORKFLOW, written.replace("-", "_"), entry, to):
        return True
    if isinstance(entry.value, MappingNode) and not _OF_JOBS.isdisjoint(entry.value.entries):
        message = f"Unknown key '{shown(written)}' in a workflow."
        to.say("E002", message, entry.key, f"a job stands under jobs: write jobs: {{{shown(written)}: …}}")
        return True
    return False


def called_action(text: str) -> bool:
    """Whether a job's ``uses`` names something that is fetched from elsewhere."""
    return not text.startswith((".", "/")) and _ACTION.fullmatch(text) is not None


def _answer(table: Mapping[str, str], name: str, entry: Entry, to: Report) -> bool:
    return name in table and _refuse(entry, table[name], to)


def _refuse(entry: Entry, hint: str, to: Report) -> bool:
    to.say("E160", f"'{shown(entry.key.text)}' has no equal here.", entry.key, hint)
    return True


def _holds_variables(node: Node) -> bool:
    """Whether ``environment`` holds variables, as in Woodpecker, and not the name of a place to deploy to."""
    return isinstance(node, MappingNode) and not set(node.entries) <= {"name", "url", "action", "on_stop"}


def _rules_hint(node: Node) -> str:
    found = [condition for rule in _items(node) if (condition := _condition(rule))]
    return (
        f"write if: ${{{{ {' || '.join(found)} }}}}" if found and len(found) == len(list(_items(node))) else _CONDITION
    )


def _condition(rule: Node) -> str:
    """The condition of a simple rule, in our words; empty if it is not simple."""
    if not isinstance(rule, MappingNode) or set(rule.entries) != {"if"}:
        return ""
    written = rule.get("if")
    found = _COMPARISON.fullmatch(written.text) if isinstance(written, Scalar) else None
    if not found:
        return ""
    name, operator, value = found.groups()
    return f"{_VARIABLES.get(name, f'env.{name}')} {operator} '{value}'"


def _refs_hint(node: Node, *, is_except: bool) -> str:
    refs = [item.text if isinstance(item, Scalar) else "" for item in _items(node)]
    if not refs or not all(_REF.fullmatch(ref) for ref in refs):
        return _CONDITION
    operator, joint = ("!=", " && ") if is_except else ("==", " || ")
    condition = joint.join(f"github.ref_name {operator} '{ref}'" for ref in refs[:5])
    return f"write if: ${{{{ {condition} }}}}"


def _items(node: Node) -> Iterator[Node]:
    yield from node.items if isinstance(node, ListNode) else (node,)
