"""Which results of a run's last attempt a further one keeps, and why.

A node is kept if it ended well, what it left is all there, its definition is what it was, its condition still holds,
and everything it depends on is kept as well. What depends on a node that runs again is not known yet, and runs again.

Read `wish` (what is asked for), `replay` (a job after the other) and `judging` (whether an earlier result stands).
"""

from core.plan.rerun.parts import Earlier, Fate, File
from core.plan.rerun.replay import Replay
from core.plan.rerun.wish import NodeName, Selection, Wish

__all__ = ("Earlier", "Fate", "File", "NodeName", "Replay", "Selection", "Wish")
