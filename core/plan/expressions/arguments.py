"""A call's arguments as its function sees them: evaluated when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.plan.expressions.values import text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.errors import InvalidExpressionError
    from core.plan.expressions.budget import Budget
    from core.plan.expressions.nodes import Node
    from core.plan.expressions.values import Value


class Arguments:
    """The arguments of one call.

    Attributes:
        budget: What is left of the evaluation's budget.
        fault: Makes the error that ends the evaluation, from a message and a hint.

    Args:
        nodes: The arguments as written.
        evaluate: Gives the value of one.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        evaluate: Callable[[Node], Value],
        *,
        budget: Budget,
        fault: Callable[[str, str], InvalidExpressionError],
    ) -> None:
        self.budget = budget
        self.fault = fault
        self._nodes = nodes
        self._evaluate = evaluate
        self._values: dict[int, Value] = {}

    def __len__(self) -> int:
        return len(self._nodes)

    def value(self, number: int) -> Value:
        """The value of an argument, from 0; evaluated the first time."""
        if number not in self._values:
            self._values[number] = self._evaluate(self._nodes[number])
        return self._values[number]

    def text(self, number: int) -> str:
        """The value of an argument as text."""
        return text(self.value(number))

    def texts(self) -> list[str]:
        """All arguments as texts."""
        return [self.text(number) for number in range(len(self))]
