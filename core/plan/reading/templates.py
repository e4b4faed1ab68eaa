"""``extends``: a job with what its templates bring."""

from __future__ import annotations

from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from core.plan.findings import shown
from core.plan.keys.report import is_null, listed, renamed
from core.plan.keys.structures import with_entries, with_value
from core.plan.reading.nodes import items_of, merged
from core.plan.source import MappingNode, Scalar, walk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.keys.report import Report
    from core.plan.source import Entry

_DEEPEST: Final = 20
_MOST_NODES: Final = 400_000
_ONE_OF: Final = (
    ("commands", "steps", "uses"),
    ("matrix", "strategy", "parallel"),
    ("timeout", "timeout_minutes"),
)


def with_templates(jobs: Mapping[str, Entry], to: Report) -> dict[str, Entry]:
    """The jobs without the templates, each with all that it extends."""
    templates = _Templates(jobs, to)
    return {
        name: entry if to.is_spoiled(entry.value) else with_value(entry, templates.complete(name, ()))
        for name, entry in jobs.items()
        if not name.startswith(".")
    }


class _Templates:
    def __init__(self, jobs: Mapping[str, Entry], to: Report) -> None:
        self._jobs = jobs
        self._to = to
        self._names = {name.lower(): name for name in jobs}
        self._complete: dict[str, MappingNode] = {}
        self._sizes: dict[str, int] = {}
        self._left = _MOST_NODES

    @cached_property
    def _known(self) -> tuple[list[str], list[str]]:
        """The templates, and then all that may be extended, the templates first."""
        templates = [name for name in self._jobs if name.startswith(".")]
        return templates, [*templates, *(name for name in self._jobs if not name.startswith("."))]

    def complete(self, name: str, trail: tuple[str, ...]) -> MappingNode:
        """A job or template with all that it extends."""
        if name in self._complete:
            return self._complete[name]
        written = self._jobs[name].value
        own = written if isinstance(written, MappingNode) else _nothing(self._jobs[name])
        extends = own.entries.get("extends")
        whole = own
        if extends is not None and isinstance(written, MappingNode):
            base: MappingNode | None = None
            if is_null(extends.value) and not self._to.is_spoiled(extends.value):
                self._to.wrong(extends.value, "the name of a template, or a list of them")
            for wanted in items_of(extends.value):
                found = self._template(wanted, (*trail, name)) if isinstance(wanted, Scalar) else None
                if found is not None and base is not None:
                    base = _over(base, found)
                    self._left -= sum(1 for _ in walk(base))
                elif found is not None:
                    base = found
            whole = _over(base, own) if base is not None else own
        kept = {key: entry for key, entry in whole.entries.items() if key != "extends"}
        whole = with_entries(whole, kept)
        self._complete[name] = whole
        return whole

    def _template(self, wanted: Scalar, trail: tuple[str, ...]) -> MappingNode | None:
        """What a name in ``extends`` stands for; none if that is at fault, or too much."""
        name = self._names.get(wanted.text.lower())
        if name is None:
            self._unknown(wanted)
            return None
        if name in trail:
            circle = " -> ".join((*trail[trail.index(name) :], name))
            self._to.say("E012", f"Templates extend each other in a circle: {shown(circle, most=300)}.", wanted)
            return None
        if len(trail) > _DEEPEST:
            self._to.say("E012", f"Templates extend each other more than {_DEEPEST} deep.", wanted, "flatten them")
            return None
        found = self.complete(name, trail)
        if name not in self._sizes:
            self._sizes[name] = sum(1 for _ in walk(found))
        self._left -= self._sizes[name]
        if self._left < 0:
            message = f"The templates make more than {_MOST_NODES:,} values of this file."
            self._to.say("E001", message, wanted, "use smaller templates, or fewer jobs")
            return None
        return found

    def _unknown(self, wanted: Scalar) -> None:
        templates, known = self._known
        near, question = self._to.guess(wanted.text, known)
        hint = question or (
            f"the templates are {listed(templates)}" if templates else "a template stands under jobs, as .NAME"
        )
        fix = renamed(wanted, near[0]) if len(near) == 1 else None
        self._to.say("E011", f"There is no template or job '{shown(wanted.text)}'.", wanted, hint, fix=fix)


def _nothing(entry: Entry) -> MappingNode:
    place = entry.value
    return MappingNode(MappingProxyType({}), place.place, place.path, place.alias)


def _over(base: MappingNode, over: MappingNode) -> MappingNode:
    """A job over a template. Of what excludes each other, the job's own stays."""
    gone = {
        name
        for group in _ONE_OF
        if any(name in over.entries for name in group)
        for name in group
        if name not in over.entries
    }
    kept = {name: entry for name, entry in base.entries.items() if name not in gone}
    found = merged(with_entries(base, kept), over)
    return found if isinstance(found, MappingNode) else over
