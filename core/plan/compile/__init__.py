"""From a workflow and its inputs to a plan: what would run, in which order, with what, and why or why not.

Read `compiling` (the whole), `forecast` (a job after the other), `scene` (what expressions are given) and `definition`
(what a node would run). The engine evaluates with the same `Scene`, `define` and `expand_job` once all is known.
"""

from core.plan.compile.compiling import MOST_CALLED_NODES, compile_workflow, refuse_unplannable
from core.plan.compile.definition import Definition, define
from core.plan.compile.edges import Producers, job_edges
from core.plan.compile.environment import EnvContext
from core.plan.compile.fingerprints import Fingerprints
from core.plan.compile.given import GivenInputs, take_inputs
from core.plan.compile.matrices import expand_job, strategy_facts
from core.plan.compile.plan import (
    Assumption,
    PlanCounts,
    PlannedImage,
    PlannedJob,
    PlannedNode,
    WorkflowPlan,
)
from core.plan.compile.resolving import Fault, Resolver
from core.plan.compile.scene import NodeFacts, RunFacts, Scene
from core.plan.compile.templates import EVERYTHING, Templates

__all__ = (
    "EVERYTHING",
    "MOST_CALLED_NODES",
    "Assumption",
    "Definition",
    "EnvContext",
    "Fault",
    "Fingerprints",
    "GivenInputs",
    "NodeFacts",
    "PlanCounts",
    "PlannedImage",
    "PlannedJob",
    "PlannedNode",
    "Producers",
    "Resolver",
    "RunFacts",
    "Scene",
    "Templates",
    "WorkflowPlan",
    "compile_workflow",
    "define",
    "expand_job",
    "job_edges",
    "refuse_unplannable",
    "strategy_facts",
    "take_inputs",
)
