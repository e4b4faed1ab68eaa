"""`python -m orcaops_mcp`, and the two console scripts."""

from __future__ import annotations

import sys


def main() -> None:
    """The `orcaops` command."""
    from orcaops_mcp.cli.main import cli  # noqa: PLC0415 - what it imports costs, and errors shall be told plainly

    cli(prog_name="orcaops")


def serve_over_stdio() -> None:
    """The `orcaops-mcp` command: `orcaops mcp --in-process` and its options."""
    sys.argv[1:1] = ["mcp", "--in-process"]
    main()


if __name__ == "__main__":
    main()
