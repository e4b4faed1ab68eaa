"""The order of a workflow's jobs: what waits for what, what is ready, what goes round in circles.

Everything here is iterative and linear in jobs and dependencies, but for the list of cycles, which is bounded.
"""

from core.plan.graph.critical import CriticalPath, critical_path
from core.plan.graph.cycles import Cycle, find_cycles
from core.plan.graph.dag import Graph, Vertex
from core.plan.graph.frontier import Frontier
from core.plan.graph.reach import ancestors, descendants, never_running, waits_for

__all__ = (
    "CriticalPath",
    "Cycle",
    "Frontier",
    "Graph",
    "Vertex",
    "ancestors",
    "critical_path",
    "descendants",
    "find_cycles",
    "never_running",
    "waits_for",
)
