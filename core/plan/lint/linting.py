"""All checks of meaning, in one pass over a file and the files it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.plan.context import Place
from core.plan.findings import MOST_FINDINGS, Severity, in_file, in_order
from core.plan.lint.expressions import ExpressionChecks
from core.plan.lint.ground import Ground
from core.plan.lint.habits import (
    check_concurrency,
    check_images,
    check_networks,
    check_secrets,
    check_services,
)
from core.plan.lint.injection import check_commands
from core.plan.lint.matrices import check_keys, check_matrices
from core.plan.lint.order import check_order
from core.plan.lint.running import check_completion, check_running
from core.plan.lint.shapes import Knowledge

if TYPE_CHECKING:
    from core.plan.findings import SourceFinding
    from core.plan.reading import Reading


def lint_workflow(reading: Reading) -> tuple[SourceFinding, ...]:
    """Everything to say about the meaning of a workflow, in the order of the file; at most 100 findings.

    What a reading itself has found is not among it. Files that the workflow calls are checked under their own names.

    Args:
        reading: The file as it was read, with or without errors.
    """
    findings: list[SourceFinding] = []
    waiting = [reading]
    seen: set[str] = set()
    while waiting:
        current = waiting.pop(0)
        findings += in_order(in_file(_check(current), current.source.file))
        for called in current.calls.values():
            if called.source.file not in seen:
                seen.add(called.source.file)
                waiting.append(called)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR][:MOST_FINDINGS]
    others = [finding for finding in findings if finding.severity is not Severity.ERROR]
    kept = {*errors, *others[: MOST_FINDINGS - len(errors)]}
    return tuple(finding for finding in findings if finding in kept)


def _check(reading: Reading) -> tuple[SourceFinding, ...]:
    if reading.spec is None or reading.tree is None or reading.graph is None:
        return ()
    ground = Ground(reading, reading.spec, reading.tree, reading.graph)
    knowledge = Knowledge(ground.workflow, ground.graph, ground.names)
    check_order(ground)
    broken = _check_sites(ground, knowledge)
    check_running(ground, broken)
    check_matrices(ground, knowledge)
    check_images(ground)
    check_services(ground)
    check_networks(ground)
    check_secrets(ground)
    check_concurrency(ground)
    return ground.findings


def _check_sites(ground: Ground, knowledge: Knowledge) -> frozenset[str]:
    """Check every expression; the jobs whose conditions cannot be read are told."""
    checks = ExpressionChecks(ground, knowledge)
    broken: set[str] = set()
    for site in ground.reading.sites:
        read = checks.check(site)
        job = checks.job_of(site)
        if job is None:
            continue
        if read.is_broken and site.where is Place.JOB_IF:
            broken.add(job.id)
        check_keys(ground, knowledge, job, read)
        if len(site.path) == 6 and site.path[2] == "steps" and site.path[4] == "commands":
            check_commands(ground, knowledge, job, read)
    for job in ground.workflow.jobs.values():
        check_completion(ground, job)
    return frozenset(broken)
