"""`python -m orcaops_mcp`, and the two console scripts."""

from __future__ import annotations

import sys


def main() -> None:
    """The `orcaops` command."""
    if sys.argv[1:2] == ["mcp"] and sys.platform != "win32":
        from orcaops_mcp import bridge  # noqa: PLC0415 - the one command that shall start at once

        code = bridge.run(sys.argv[2:])
        if code is not None:
            sys.exit(code)
    from orcaops_mcp.cli.front import answered_at_once  # noqa: PLC0415 - before the rest is imported

    if answered_at_once(sys.argv[1:]):
        return
    from orcaops_mcp.cli.main import cli  # noqa: PLC0415 - what it imports costs, and errors shall be told plainly

    cli(prog_name="orcaops")


def serve_over_stdio() -> None:
    """The `orcaops-mcp` command: `orcaops mcp` and its options."""
    sys.argv[1:1] = ["mcp"]
    main()


if __name__ == "__main__":
    main()
