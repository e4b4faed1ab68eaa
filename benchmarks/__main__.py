"""Runs every benchmark with a promise and prints one table: `make bench`, or `python -m benchmarks NAME…`."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Final

import anyio

from benchmarks.report import machine, table

if TYPE_CHECKING:
    from benchmarks.report import Row

NAMES: Final = (
    "echo",
    "submits",
    "log_rate",
    "tool_call",
    "listing",
    "dashboard_list",
    "figures",
    "bridge",
    "clients",
    "cli_start",
    "workflow_check",
    "workflow_state",
    "workflow_runs",
)


def main(names: list[str]) -> int:
    """Measure, print, and return 1 if a promise was not kept."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names or NAMES:
        print(f"measuring {name} …", file=sys.stderr)
        rows += anyio.run(importlib.import_module(f"benchmarks.{name}").measure)
    print(table(rows))
    print(f"\n{machine()}")
    return 0 if all(row.is_met for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
