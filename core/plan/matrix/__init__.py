"""A matrix: from vectors, `include` and `exclude` to the variants of a job, as GitHub Actions expands them."""

from core.plan.matrix.checks import check_matrix
from core.plan.matrix.expansion import MOST_VARIANTS, Expansion, expand_matrix
from core.plan.matrix.faults import InvalidMatrixError, MatrixFault
from core.plan.matrix.parallel import from_parallel
from core.plan.matrix.selection import Selector, counterpart, matching, parse_selector
from core.plan.matrix.variants import Variant

__all__ = (
    "MOST_VARIANTS",
    "Expansion",
    "InvalidMatrixError",
    "MatrixFault",
    "Selector",
    "Variant",
    "check_matrix",
    "counterpart",
    "expand_matrix",
    "from_parallel",
    "matching",
    "parse_selector",
)
