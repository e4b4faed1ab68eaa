"""The tools, a module a subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orcaops_mcp.mcp_server.tools import (
    artifacts,
    jobs,
    logs,
    rerun,
    runs,
    system,
    templates,
    wait,
    workflow_cancel,
    workflow_runs,
    workflows,
)

if TYPE_CHECKING:
    from orcaops_mcp.mcp_server.toolset import AnyTool

ALL_TOOLS: Final[tuple[AnyTool, ...]] = (
    *jobs.TOOLS,
    *wait.TOOLS,
    *rerun.TOOLS,
    *logs.TOOLS,
    *runs.TOOLS,
    *artifacts.TOOLS,
    *templates.TOOLS,
    *workflows.TOOLS,
    *workflow_runs.TOOLS,
    *workflow_cancel.TOOLS,
    *system.TOOLS,
)
"""Every tool, in the order clients show them."""
