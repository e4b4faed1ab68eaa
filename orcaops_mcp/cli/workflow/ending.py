"""How a run ended, in a few lines: what failed first, what that kept from running, outputs, and what to do next."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from orcaops_mcp.cli.text import shown, span_text
from orcaops_mcp.cli.workflow.tree import present, seconds_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orcaops_mcp.cli.output import Output

Run = dict[str, Any]
Node = dict[str, Any]

_MOST_FAILURES: Final = 5
_MOST_LINES: Final = 10
_MOST_BLOCKED: Final = 8
_MOST_LETTERS: Final = 500
_SICK: Final = frozenset({"failed", "exited", "lost"})
_BAD: Final = frozenset({"failed", "partial", "cancelled"})


def show_end(out: Output, run: Run) -> None:
    """Print how a run ended.

    Args:
        out: Where to.
        run: Its document.
    """
    took = seconds_of(run, present())
    facts = [str(run["workflow_id"]), "" if took is None else span_text(took), str(run["summary"]["text"])]
    out.text(f"{out.status(run['status'])}  {' · '.join(filter(None, facts))}")
    for line in end_lines(run):
        out.text(line)


def end_lines(run: Run) -> Iterator[str]:
    """Everything behind the first line, fit for a terminal."""
    yield from _cause_lines(run)
    yield from (shown(f"warning: {text}") for text in warning_texts(run))
    yield from (f"output {text}" for text in output_texts(run))
    yield from _next_lines(run)


def trouble_lines(run: Run) -> Iterator[str]:
    """What failed, and what to do next; fit for a terminal."""
    yield from _cause_lines(run)
    yield from _next_lines(run)


def warning_texts(run: Run) -> list[str]:
    """What a reader should know although the run went on, each once."""
    counts = Counter(str(warning.get("message", warning)) for warning in run["warnings"])
    return [f"{text} ({count} times)" if count > 1 else text for text, count in counts.items()]


def output_texts(run: Run) -> list[str]:
    """The outputs on a line each, of long ones the beginning."""
    return [f"{shown(name)}={cut(value)}" for name, value in run["outputs"].items()]


def cut(value: object) -> str:
    """A fact on one line that is not endless."""
    text = shown(value)
    if len(text) <= _MOST_LETTERS:
        return text
    return f"{text[:_MOST_LETTERS]}… ({len(text)} characters; --json has all)"


def _cause_lines(run: Run) -> Iterator[str]:
    for cause in (run["reason"], run["error"]):
        if cause:
            yield shown(cause.get("message") or cause.get("text") or cause["code"])
            if cause.get("hint"):
                yield shown(f"  hint: {cause['hint']}")
    for service in run["services"]:
        if service["status"] in _SICK:
            yield shown(f"service {service['id']}: {service['message'] or service['status']}")
    failed = _failed(run)
    for node in failed[:_MOST_FAILURES]:
        yield from _failure_lines(node)
    if len(failed) > _MOST_FAILURES:
        yield f"and {len(failed) - _MOST_FAILURES} more that failed"
    for job, told in run["matrix"].items():
        if any(result != "success" for result in told["results"].values()):
            yield shown(f"{job}: {told['summary']}")


def _failed(run: Run) -> list[Node]:
    return [node for node in run["jobs"] if node["status"] in {"failed", "timed_out"} and not node["tolerated"]]


def _failure_lines(node: Node) -> Iterator[str]:
    failure: Node = node["failure"] or {}
    code = "" if node["exit_code"] is None else f" (exit {node['exit_code']})"
    message = failure.get("message") or node["status"].replace("_", " ")
    yield shown(f"{node['name']}: {message}{code if 'code' not in message else ''}")
    yield from (f"    {shown(line)[:_MOST_LETTERS]}" for line in node["tail"][-_MOST_LINES:])
    if failure.get("hint"):
        yield shown(f"  hint: {failure['hint']}")
    blocked: list[str] = node["blocked"]
    if blocked:
        more = f" and {len(blocked) - _MOST_BLOCKED} more" if len(blocked) > _MOST_BLOCKED else ""
        yield shown(f"  not run because of it: {', '.join(blocked[:_MOST_BLOCKED])}{more}")


def _next_lines(run: Run) -> Iterator[str]:
    workflow_id, failed = run["workflow_id"], _failed(run)
    about = f" --job {shlex.quote(str(failed[0]['id']))}" if failed else ""
    yield shown(f"logs: `orcaops workflow logs{about} {workflow_id}`")
    if run["status"] in _BAD:
        yield f"again: `orcaops workflow resume {workflow_id}` keeps what succeeded"
