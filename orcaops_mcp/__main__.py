"""`python -m orcaops_mcp`, and the two console scripts."""

from __future__ import annotations

import sys

_NOT_ON_WINDOWS = """orcaops: The engine needs Linux or macOS: it locks its home and talks over unix sockets.
  hint: On Windows install it inside WSL 2, where Docker Desktop's engine answers too, and start it from there:
        `wsl orcaops mcp` is the command for a client's configuration.
"""


def main() -> None:
    """The `orcaops` command."""
    if sys.platform == "win32":
        sys.stderr.write(_NOT_ON_WINDOWS)
        sys.exit(1)
    if sys.argv[1:2] == ["mcp"]:
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
