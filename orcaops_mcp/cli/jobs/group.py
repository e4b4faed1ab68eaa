"""`orcaops jobs`: the table of its commands."""

from __future__ import annotations

import click

from orcaops_mcp.cli.command import LazyGroup
from orcaops_mcp.cli.front import Entry

_ENTRIES = (
    Entry("list", "List jobs, newest first; what `orcaops jobs` alone does.", "jobs.listing:command"),
    Entry("status", "Everything about a job.", "jobs.status:status"),
    Entry("logs", "What a job printed, or prints.", "jobs.logs:command"),
    Entry("watch", "Stay with a job until it ends.", "jobs.watch:command"),
    Entry("why", "Why a job failed: the cause and the lines that matter.", "jobs.status:why"),
    Entry("cancel", "Stop jobs.", "jobs.changes:cancel"),
    Entry("rerun", "Run a job again, as it was or changed.", "jobs.changes:rerun"),
    Entry("artifacts", "The files a job left.", "jobs.files:artifacts"),
    Entry("download", "Fetch the files a job left.", "jobs.files:download"),
    Entry("events", "What happened to a job, and who did it.", "jobs.status:events"),
)


@click.group(
    "jobs",
    cls=LazyGroup,
    entries=_ENTRIES,
    fallback="list",
    examples=(
        ("orcaops jobs --status failed --since 2h", "What failed in the last two hours."),
        ("orcaops jobs logs -f @last", "Follow the newest job."),
    ),
)
def command() -> None:
    """List, follow, cancel, rerun and look into jobs.

    JOB is a job's id, the beginning of one that fits no other, or @last for the newest.
    """
