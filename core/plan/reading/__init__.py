"""From a workflow file to its canonical form, with all that is wrong with it at once.

`read_workflow` checks keys and values by the catalogue (`core.plan.keys`), merges templates, brings every friendly
spelling to one form (`canonical.py`, `jobs.py`), builds the specification, and follows called files (`calls.py`).
"""

from core.plan.keys.report import Site, Target
from core.plan.reading.calls import read_workflow
from core.plan.reading.reading import Reading

__all__ = ("Reading", "Site", "Target", "read_workflow")
