"""`python -m orcaops_mcp.daemon`: the engine as a call starts it, detached, until it has been idle for long enough.

Whoever started it reads standard output until it says ``ready``; standard error is the home's log.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

import anyio

from core import OrcaOpsError
from orcaops_mcp import places
from orcaops_mcp.daemon.door import loopback_door
from orcaops_mcp.daemon.garbage import collect_seldom
from orcaops_mcp.daemon.process import Doors, run_engine
from orcaops_mcp.daemon.telling import sole_error, two_lines
from orcaops_mcp.log_config import configure_logging
from orcaops_mcp.settings import Settings, load_configuration

_log = logging.getLogger("orcaops_mcp.daemon")


def main() -> int:
    """Run the engine and return the exit code."""
    try:
        _run(_overrides())
    except (OrcaOpsError, ExceptionGroup) as error:
        fault = sole_error(error)
        if fault is None:
            raise
        sys.stderr.write(two_lines(fault))
        return 1
    return 0


def _overrides() -> dict[str, str | None]:
    parser = argparse.ArgumentParser("orcaops_mcp.daemon", description="Run the engine of a home until it is idle.")
    for option in ("--home", "--backend", "--log-level"):
        parser.add_argument(option)
    return vars(parser.parse_args())


def _run(overrides: dict[str, str | None]) -> None:
    configuration = load_configuration(overrides=overrides)
    settings = configuration.settings
    configure_logging(settings.log_level, settings.log_format)
    with loopback_door(settings) as tcp:
        doors = Doors(tcp, settings.idle_exit, lambda: _say_ready(settings))
        collect_seldom()
        anyio.run(run_engine, configuration, doors)


def _say_ready(settings: Settings) -> None:
    """Tell whoever waits, and let go of what they gave us."""
    os.write(1, b"ready\n")
    path = settings.log_file or Path(settings.home) / places.LOG
    configure_logging(
        settings.log_level,
        settings.log_format,
        path,
        settings.log_file_bytes,
        settings.log_files,
        takes_output=True,
    )
    _log.info("the engine works on %s", settings.home)


if __name__ == "__main__":
    sys.exit(main())
