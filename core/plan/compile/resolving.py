"""Texts and data of a workflow with their expressions evaluated, as far as what they name is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from core.errors import InvalidExpressionError
from core.plan.compile.environment import EnvContext
from core.plan.expressions.budget import Spent
from core.plan.expressions.evaluator import evaluate
from core.plan.expressions.surroundings import Surroundings
from core.plan.expressions.values import plain
from core.plan.expressions.values import text as text_of
from core.plan.foresight import UnknownYetError, known_readings
from core.plan.interpolate import OPENING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from core.plan.compile.templates import Templates
    from core.plan.expressions.evaluator import Reading
    from core.plan.expressions.values import Value
    from core.plan.interpolate import Slot


@dataclass(frozen=True, slots=True)
class Fault:
    """A value that cannot be evaluated, whatever is not known yet.

    Attributes:
        path: Where, such as ``env.TAG``.
        message: Why.
        hint: What to do; may be empty.
    """

    path: str
    message: str
    hint: str = ""


class Resolver:
    """Evaluates texts and notes what stays open, what is at fault and what was read.

    A part of a text that is not known yet stays as it is written, ``${{ }}`` included.

    Args:
        templates: Where texts are read.
        surroundings: What they are given, or what makes it once the first text with an expression asks.

    Attributes:
        open: The paths of values that are not known yet, with what each waits for.
        faults: What cannot be evaluated.
        readings: What was read, by its path; of secrets, too, and of texts that stay open.
        has_evaluated: Whether a text had an expression in it.
    """

    def __init__(self, templates: Templates, surroundings: Surroundings | Callable[[], Surroundings]) -> None:
        self.open: dict[str, tuple[str, ...]] = {}
        self.faults: list[Fault] = []
        self.readings: dict[str, Reading] = {}
        self.has_evaluated = False
        self._around = surroundings
        self._templates = templates

    @property
    def surroundings(self) -> Surroundings:
        """What the texts are given, the same object each time."""
        if not isinstance(self._around, Surroundings):
            self._around = self._around()
        return self._around

    def add_contexts(self, contexts: Mapping[str, object]) -> None:
        """Give the texts to come some contexts beside those there are, or in their place."""
        around = self._around
        if isinstance(around, Surroundings):
            self._around = around.with_contexts(contexts)
        else:
            self._around = lambda: around().with_contexts(contexts)

    def text(self, text: str, path: str) -> str:
        """A text with the expressions that are known evaluated, each turned into text."""
        if OPENING not in text:
            return text
        self.has_evaluated = True
        try:
            template = self._templates.read(text)
            if template.is_literal:
                return text
            spent = Spent()
            parts = [part if isinstance(part, str) else self._slot(part, text, path, spent) for part in template.parts]
        except InvalidExpressionError as error:
            self.fault(path, error.message, error.hint)
            return text
        return "".join(parts)

    def value(self, data: object, path: str) -> object:
        """Plain data with its expressions evaluated; a text that is one expression takes the type it comes to."""
        match data:
            case str():
                return self._typed(data, path)
            case list() | tuple():
                items = cast("list[object]", data)
                return [self.value(item, f"{path}[{index}]") for index, item in enumerate(items)]
            case dict():
                pairs = cast("dict[str, object]", data).items()
                return {key: self.value(item, f"{path}.{key}" if path else key) for key, item in pairs}
            case _:
                return data

    def environment(self, entries: Mapping[str, str], below: EnvContext, path: str = "env") -> EnvContext:
        """A layer of variables over another; an entry may use those above it in the same map."""
        if not entries:
            return below
        layer = EnvContext(below)
        outer = self._around
        if any(OPENING in text for text in entries.values()):
            outer = self.surroundings
            self._around = outer.with_contexts({"env": layer})
        for name, text in entries.items():
            place = f"{path}.{name}"
            layer.put(name, self.text(text, place), self.open.get(place, ()))
        self._around = outer
        return layer

    def fault(self, path: str, message: str, hint: str = "") -> None:
        """Note that a value cannot be evaluated."""
        self.faults.append(Fault(path, message, hint))

    def _typed(self, text: str, path: str) -> object:
        if OPENING not in text:
            return text
        self.has_evaluated = True
        try:
            template = self._templates.read(text)
            if not template.is_whole:
                return self.text(text, path)
            return plain(self._evaluated(template.slots[0], Spent()))
        except UnknownYetError as unknown:
            self._note_open(path, unknown)
        except InvalidExpressionError as error:
            self.fault(path, error.message, error.hint)
        return text

    def _slot(self, slot: Slot, text: str, path: str, spent: Spent) -> str:
        try:
            return text_of(self._evaluated(slot, spent))
        except UnknownYetError as unknown:
            self._note_open(path, unknown)
            return text[slot.hole.start : slot.hole.end]

    def _evaluated(self, slot: Slot, spent: Spent) -> Value:
        try:
            evaluation = evaluate(slot.expression, self.surroundings, spent=spent)
        except UnknownYetError:
            self._note(known_readings(slot.expression, self.surroundings))
            raise
        self._note(evaluation.readings)
        return evaluation.value

    def _note(self, readings: Iterable[Reading]) -> None:
        self.readings.update({reading.path: reading for reading in readings})

    def _note_open(self, path: str, unknown: UnknownYetError) -> None:
        self.open[path] = tuple(dict.fromkeys((*self.open.get(path, ()), unknown.path)))
