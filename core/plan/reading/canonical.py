"""A workflow's tree in its one form: triggers, stages, templates and jobs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.plan.findings import Related, shown
from core.plan.keys.form import complete
from core.plan.keys.job_keys import JOB
from core.plan.keys.report import is_null, label, listed, made_text, renamed
from core.plan.keys.structures import entries_of, with_entries, with_value
from core.plan.keys.trigger_keys import TRIGGERS
from core.plan.keys.workflow_keys import DEFAULTS, WORKFLOW
from core.plan.reading.jobs import DEFAULTED, canonical_job
from core.plan.reading.nodes import entry, items_of, list_of, mapping, text_of
from core.plan.reading.templates import with_templates
from core.plan.source import MappingNode, Scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.keys.report import Report
    from core.plan.source import Entry, Node

    Entries = dict[str, Entry]

_GITLAB_STAGES: Final[tuple[str, ...]] = (".pre", "build", "test", "deploy", ".post")
_MOST_NEEDS: Final = 100_000
_USUAL_STAGE: Final = "test"


def canonical_tree(checked: MappingNode, to: Report) -> MappingNode:
    """The canonical tree of a workflow whose keys were checked."""
    entries = dict(checked.entries)
    for key in ("on", "stages"):
        if key in entries and is_null(entries[key].value) and not to.is_spoiled(entries[key].value):
            to.wrong(entries.pop(key).value, WORKFLOW.by_name[key].form.expected)
    _spread_triggers(entries, to)
    jobs = entries.get("jobs")
    if jobs is not None and isinstance(jobs.value, MappingNode):
        defaults = _defaults(entries, to)
        found = {
            name: with_value(job, canonical_job(job.key, job.value, defaults, to))
            for name, job in with_templates(jobs.value.entries, to).items()
        }
        _order_by_stages(found, entries.get("stages"), to)
        if not found and jobs.value.entries:
            to.say("E003", "There are templates only, no job.", jobs.value, "a job's id does not begin with '.'")
        entries["jobs"] = replace(jobs, value=mapping(found, jobs.value))
    entries.pop("stages", None)
    return mapping(entries, checked)


def _defaults(entries: Entries, to: Report) -> Mapping[str, Entry]:
    """The defaults; what jobs take of them is taken from the tree, and lifted once for all of them."""
    written = entries.get("defaults")
    if written is None or not isinstance(written.value, MappingNode):
        return {}
    complete(DEFAULTS, written.value, to)
    found = written.value.entries
    kept = {name: each for name, each in found.items() if name == "env"}
    if kept:
        entries["defaults"] = with_value(written, with_entries(written.value, kept))
    else:
        del entries["defaults"]
    return {
        name: with_value(each, JOB.by_name[name].form.lift(each.value)) if name in DEFAULTED else each
        for name, each in found.items()
        if not is_null(each.value)
    }


def _spread_triggers(entries: Entries, to: Report) -> None:
    """Bring inputs, outputs and secrets from GitHub's place for them to ours."""
    on = entries.pop("on", None)
    if on is not None and not to.is_spoiled(on.value):
        complete(TRIGGERS, on.value, to)
    triggers = entries_of(on.value if on else None)
    for trigger in ("workflow_dispatch", "workflow_call"):
        fields = entries_of(triggers[trigger].value if trigger in triggers else None)
        for key in ("inputs", "outputs"):
            found = fields.get(key)
            if found is not None and isinstance(found.value, MappingNode):
                own = {name: _value(each) if key == "outputs" else each for name, each in found.value.entries.items()}
                _add(entries, key, own, found, to)
        secrets = fields.get("secrets")
        if secrets is not None:
            needed = [each.key for each in entries_of(secrets.value).values() if _is_required(each.value)]
            before = items_of(entries["secrets"].value) if "secrets" in entries else ()
            known = {text_of(item) for item in before}
            both = (*before, *(key for key in needed if key.text not in known))
            if both:
                entries["secrets"] = entry("secrets", list_of(both, secrets.value), secrets.key)


def _add(entries: Entries, key: str, found: Mapping[str, Entry], at: Entry, to: Report) -> None:
    own = entries.get(key)
    before = entries_of(own.value if own else None)
    for name, each in found.items():
        other = before.get(name)
        if other is not None and "on" not in other.key.path:
            related = Related(other.key.place, "and here")
            to.say("E005", f"'{label(each.key)}' is declared twice.", each.key, "keep one of the two", related=related)
    both = mapping({**found, **before}, own.value if own else at.value)
    entries[key] = with_value(own, both) if own else entry(key, both, at.key)


def _value(output: Entry) -> Entry:
    """An output of ``workflow_call`` as its value alone."""
    value = entries_of(output.value).get("value")
    return with_value(output, value.value if value else made_text("", output.value))


def _is_required(node: Node) -> bool:
    required = entries_of(node).get("required")
    return bool(required and isinstance(required.value, Scalar) and required.value.value is True)


def _order_by_stages(jobs: Entries, stages: Entry | None, to: Report) -> None:
    """Give jobs without needs those of the stage before theirs, as GitLab does."""
    if stages is None and not any("stage" in entries_of(job.value) for job in jobs.values()):
        return
    names = [text_of(item) for item in items_of(stages.value)] if stages else [*_GITLAB_STAGES]
    if stages is not None:
        to.say("I160", "'stages' is read as the needs of jobs that have none.", stages.key)
    members: dict[str, list[str]] = {name: [] for name in names}
    of_job: dict[str, str] = {}
    for job_id, job in jobs.items():
        written = entries_of(job.value).get("stage")
        stage = text_of(written.value) if written else _USUAL_STAGE
        if stage in members:
            members[stage].append(job_id)
            of_job[job_id] = stage
        elif written is not None and isinstance(written.value, Scalar) and not to.is_spoiled(written.value):
            _unknown_stage(written.value, names, to)
    filled = [name for name in members if members[name]]
    before = dict(zip(filled[1:], filled, strict=False))
    left = _MOST_NEEDS
    for job_id, job in jobs.items():
        fields = dict(entries_of(job.value))
        written = fields.pop("stage", None)
        earlier = before.get(of_job.get(job_id, ""))
        if earlier is not None and "needs" not in fields:
            like: Node = written.value if written else job.key
            left -= len(members[earlier])
            needed = members[earlier] if left >= 0 else []
            fields["needs"] = entry("needs", list_of((made_text(name, like) for name in needed), like))
            if left < 0:
                message = f"The stages make more than {_MOST_NEEDS:,} needs."
                to.say("E001", message, like, "write needs, or put a job between the two stages")
            elif written is not None:
                message = f"Job '{shown(job_id)}' needs all jobs of stage '{shown(earlier)}': {listed(needed, most=5)}."
                to.say("I160", message, written.value, "write needs to say which of them it waits for")
        jobs[job_id] = with_value(job, mapping(fields, job.value))


def _unknown_stage(stage: Scalar, names: list[str], to: Report) -> None:
    near, question = to.guess(stage.text, names)
    hint = question or f"the stages are {listed(names)}"
    fix = renamed(stage, near[0]) if len(near) == 1 else None
    to.say("E004", f"There is no stage '{shown(stage.text)}'.", stage, hint, fix=fix)
