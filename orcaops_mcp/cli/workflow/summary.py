"""What `orcaops workflow why` tells: what failed first, the lines that matter, and what did not run because of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orcaops_mcp.cli.jobs.status import digest_lines
from orcaops_mcp.cli.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orcaops_mcp.cli.output import Output

Summary = dict[str, Any]

_GOOD: Final = frozenset({"success", "pending", "running"})


def summary_lines(out: Output, told: Summary) -> Iterator[str]:
    """The summary in lines, fit for a terminal.

    Args:
        out: Where they will be printed.
        told: As REST gives it.
    """
    yield f"{out.status(told['status'])}  {shown(told['workflow_id'])}  {shown(told['counts']['text'])}"
    error: Summary = told["error"] or {}
    if error:
        yield shown(f"{error['kind']}: {error['message']}")
        if error.get("hint"):
            yield shown(f"hint: {error['hint']}")
    for service in told["services"]:
        yield ""
        yield shown(f"service {service['id']}: {service['message'] or service['status']}")
        yield from (f"        {shown(line)}" for line in service["last_lines"])
    for failure in told["failures"]:
        yield ""
        yield from _failure_lines(out, failure)
    if told["more_failures"]:
        yield f"and {told['more_failures']} more that failed"
    if told["matrices"] or told["not_run"]:
        yield ""
    yield from (shown(f"{job}: {passed}") for job, passed in told["matrices"].items())
    yield from (_still_text(each) for each in told["not_run"])
    if told["more_not_run"]:
        yield f"and {told['more_not_run']} more that did not run"
    if not told["failures"] and not error:
        yield f"Nothing of the run has failed: it is {shown(told['status'])}."
    if told["status"] not in _GOOD:
        yield f"again: `orcaops workflow resume {told['workflow_id']}` keeps what succeeded"


def _failure_lines(out: Output, failure: Summary) -> Iterator[str]:
    node: Summary = failure["node"]
    yield f"{out.status(node['status'])}  {shown(node['name'])}"
    if failure["digest"]:
        yield from digest_lines(failure["digest"])
    elif failure["failure"]:
        yield shown(f"{failure['failure']['kind']}: {failure['failure']['message']}")
        if failure["failure"].get("hint"):
            yield shown(f"hint: {failure['failure']['hint']}")
    if failure["blocked"]:
        yield shown(f"not run because of it: {', '.join(failure['blocked'][:20])}")
    if node["job_id"]:
        yield shown(f"log: `orcaops jobs logs {node['job_id']}`")


def _still_text(each: Summary) -> str:
    return shown(f"{each['status']} {each['node']}" + (f": {each['because']}" if each["because"] else ""))
