"""What is wrong with a workflow that is well written, or hardly meant: order, expressions, matrices, habits.

`core.plan.reading` says what is wrong with the writing itself. Each module holds the checks of one subject; a finding
is never a guess, and a fix is offered only where it mends for sure.
"""

from core.plan.lint.linting import lint_workflow

__all__ = ("lint_workflow",)
