"""What `orcaops` can do, as a table, and the two answers that need nothing but the table.

`--help` and `--version` are given before click is imported: click alone takes longer than the rest of the start.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from orcaops_mcp import __version__


class Entry(NamedTuple):
    """A command in the table of a group."""

    name: str
    summary: str
    target: str = ""
    """``module:attribute`` below this package; a module of the command's name, and `command` in it, if empty."""


SUMMARY: Final = "A place for AI agents to run container jobs."

SECTIONS: Final[tuple[tuple[str, tuple[Entry, ...]], ...]] = (
    (
        "Jobs",
        (
            Entry("run", "Run a container job and stay with it, like `docker run --rm`."),
            Entry("jobs", "List, follow, cancel, rerun and look into jobs.", "jobs.group:command"),
            Entry("runs", "The history: list, show, delete, clean up.", "runs:command"),
            Entry("templates", "Saved jobs and workflows with typed inputs: list, show, save, run, delete."),
            Entry("workflow", "Run workflows, look at their runs, check and plan files.", "workflow.group:command"),
        ),
    ),
    (
        "Engine",
        (
            Entry("mcp", "Serve MCP over standard input and output, for a chat client or an IDE."),
            Entry("serve", "Run the engine in the foreground, with MCP and REST over HTTP."),
            Entry("stop", "Stop the engine; containers run on."),
            Entry("system", "The engine's health, load and limits."),
            Entry("tokens", "Named tokens for callers over HTTP."),
            Entry("secrets", "Values that jobs name, kept in the home: list, set, remove."),
            Entry("backup", "Copy the home into one file, while the engine works.", "backup:backup"),
            Entry("restore", "Make a home from such a file.", "backup:restore"),
        ),
    ),
    (
        "Set up",
        (
            Entry("doctor", "Check that this machine can run jobs, and say what mends it."),
            Entry("config", "Show the configuration and where each value comes from."),
            Entry("policy", "What jobs may do here, and whether its file is well written."),
            Entry("completion", "Print the completion script of a shell."),
            Entry("open", "Open the engine's page in the browser.", "browse:command"),
            Entry("openapi", "Print the OpenAPI document of the REST interface.", "documents:openapi"),
            Entry("schema", "Print the JSON Schema of a job or a workflow.", "documents:schema"),
            Entry("version", "Print the version.", "documents:version"),
        ),
    ),
)

GLOBAL_OPTIONS: Final = (
    ("--url URL", "Engine to talk to, instead of the home's own."),
    ("--token TEXT", "Bearer token for --url."),
    ("--home DIR", "Folder of the database, logs and artifacts [~/.orcaops]."),
    ("--json[=FIELD,…]", "Print JSON; only some fields of it."),
    ("--color auto|always|never", "When to colour [auto]."),
    ("-q, --quiet", "Say nothing on standard error but errors."),
    ("-v, --verbose", "Say more on standard error."),
    ("--version", "Print the version and exit."),
    ("-h, --help", "Print this page and exit."),
)

EXAMPLES: Final = (
    ("orcaops run alpine echo hello", "One job, its output, its exit code."),
    ("orcaops run --workspace . python:3.12-slim python -m pytest", "This folder's tests in a container."),
    ("orcaops jobs logs -f @last", "What the newest job prints."),
)

_MORE: Final = (
    "`orcaops COMMAND --help` says more. Each option has a variable: ORCAOPS_URL is --url,\n"
    "ORCAOPS_RUN_TIMEOUT is --timeout of `run`."
)


def root_help() -> str:
    """The page of `orcaops --help`."""
    parts = [
        "Usage: orcaops [OPTIONS] COMMAND [ARGUMENTS]…",
        f"  {SUMMARY}",
        *(f"{title}:\n" + _columns([(entry.name, entry.summary) for entry in entries]) for title, entries in SECTIONS),
        "Options, before or after the command:\n" + _columns(GLOBAL_OPTIONS),
        "Examples:\n" + "\n".join(f"  {line}\n      {what}" for line, what in EXAMPLES),
        _MORE,
    ]
    return "\n\n".join(parts)


def version_line() -> str:
    """What `orcaops --version` prints."""
    return f"orcaops {__version__}"


def answered_at_once(arguments: list[str]) -> bool:
    """Print the help or the version if that is all that was asked for, and say whether it was."""
    if arguments in ([], ["-h"], ["--help"]):
        text = root_help()
    elif arguments in (["--version"], ["version"]):
        text = version_line()
    else:
        return False
    import os  # noqa: PLC0415 - imported by Python already
    import sys  # noqa: PLC0415 - same

    if "_ORCAOPS_COMPLETE" in os.environ:
        return False
    try:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.buffer.write(f"{text}\n".encode(encoding, "replace"))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise SystemExit(141) from None
    return True


def _columns(rows: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"  {name:<{width}}  {text}" for name, text in rows)
