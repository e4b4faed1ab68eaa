"""`python -m orcaops_mcp`, and the two console scripts."""

from __future__ import annotations

import sys

_WITHOUT_AN_ENGINE_PROCESS = {"mcp", "completion", "--help", "-h", "--version", "version"}
_NOT_ON_WINDOWS = """orcaops: `orcaops {command}` needs an engine in a process of its own, which needs Linux or macOS.
  hint: On Windows a chat has the engine in its own process: `orcaops mcp`. For every command, and one engine for all
        chats, install OrcaOps inside WSL 2, where Docker Desktop's engine answers too.
"""


def main() -> None:
    """The `orcaops` command."""
    arguments = sys.argv[1:]
    if sys.platform == "win32":
        if arguments and arguments[0] not in _WITHOUT_AN_ENGINE_PROCESS and "--help" not in arguments:
            sys.stderr.write(_NOT_ON_WINDOWS.format(command=arguments[0]))
            sys.exit(1)
    elif arguments[:1] == ["mcp"]:
        from orcaops_mcp import bridge  # noqa: PLC0415 - the one command that shall start at once

        code = bridge.run(arguments[1:])
        if code is not None:
            sys.exit(code)
    from orcaops_mcp.cli.front import answered_at_once  # noqa: PLC0415 - before the rest is imported

    if answered_at_once(arguments):
        return
    from orcaops_mcp.cli.main import cli  # noqa: PLC0415 - what it imports costs, and errors shall be told plainly

    cli(prog_name="orcaops")


def serve_over_stdio() -> None:
    """The `orcaops-mcp` command: `orcaops mcp` and its options."""
    sys.argv[1:1] = ["mcp"]
    main()


if __name__ == "__main__":
    main()
