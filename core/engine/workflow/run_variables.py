"""What every job of a run is told of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.engine.request import NEEDS_DIR
from core.plan.expressions.values import Keyed
from core.plan.foresight import UnknownYetError

if TYPE_CHECKING:
    from core.engine.workflow.node_setting import NodeSetting

_FROM_GITHUB: Final = (
    "sha", "ref", "ref_name", "head_ref", "base_ref", "event_name", "actor", "repository", "server_url",
)  # fmt: skip
"""Entries of the context ``github`` that become variables where they are known."""


def run_variables(setting: NodeSetting) -> dict[str, str]:
    """The variables of a node's job that tell of its run, below all that the file sets."""
    run = setting.run
    return {
        "ORCAOPS_RUN_ID": run.workflow_id,
        "ORCAOPS_RUN_NUMBER": str(run.run_number),
        "ORCAOPS_RUN_ATTEMPT": str(run.attempt),
        "ORCAOPS_WORKFLOW": run.name,
        "ORCAOPS_NEEDS_DIR": NEEDS_DIR,
        "GITHUB_RUN_ID": run.workflow_id,
        "GITHUB_RUN_NUMBER": str(run.run_number),
        "GITHUB_RUN_ATTEMPT": str(run.attempt),
        "GITHUB_WORKFLOW": run.name,
        **node_variables(setting),
        **_github(setting),
    }


def node_variables(setting: NodeSetting) -> dict[str, str]:
    """Those of them that are not the same for all nodes of a run."""
    return {
        "ORCAOPS_JOB": setting.job.id,
        "ORCAOPS_VARIANT": setting.variant,
        "ORCAOPS_ATTEMPT": str(setting.number),
        "GITHUB_JOB": setting.job.id,
    }


def _github(setting: NodeSetting) -> dict[str, str]:
    known = setting.scene.surroundings.context("github")
    found: dict[str, str] = {}
    if not isinstance(known, Keyed):
        return found
    for name in _FROM_GITHUB:
        try:
            value = known[name]
        except (KeyError, UnknownYetError):
            continue
        if isinstance(value, str) and value and "\0" not in value:
            found[f"GITHUB_{name.upper()}"] = value
    return found
