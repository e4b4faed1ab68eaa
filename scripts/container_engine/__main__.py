"""The command line: one verb a run."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from scripts.container_engine import engine, images, registry
from scripts.container_engine.console import CannotContinueError, say
from scripts.container_engine.state import alone, state_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ("main",)

_REGISTRIES = (registry.OPEN, registry.PROTECTED)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    options = _parser().parse_args(argv)
    verb: str = options.verb
    folder = state_folder()
    try:
        if verb == "status":
            return status(folder)
        with alone(folder):
            if verb == "down":
                down(folder)
            elif verb == "up":
                engine.up(folder)
            else:
                _with_engine(folder, verb, only=getattr(options, "only", None))
    except CannotContinueError as error:
        say(f"container-engine: {error}")
        return 1
    except KeyboardInterrupt:
        say("container-engine: interrupted; what was finished stays, run it again to go on")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="container-engine",
        description="Gives this machine a Docker Engine, images and registries for tests, examples and the demo.",
        epilog="Every verb may be run again at any time. ORCAOPS_ENGINE_STATE chooses the state folder.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("up", help="use the engine that answers, or install and start one (root on Debian or Ubuntu)")
    wanted = verbs.add_parser(
        "images", help="pull the images that tests name, or build stand-ins where no registry answers"
    )
    names = ",".join(each.name for each in images.WANTED)
    wanted.add_argument("--only", metavar="NAMES", help=f"comma-separated, out of {names}")
    verbs.add_parser("registry", help="serve a registry on 127.0.0.1:5000, and one with a password on 127.0.0.1:5001")
    verbs.add_parser("status", help="say what is there; exit code 0 if an engine answers")
    verbs.add_parser("down", help="stop what this script started, and nothing else")
    return parser


def _with_engine(folder: Path, verb: str, *, only: str | None) -> None:
    wanted = images.select(only)
    if engine.version() is None:
        raise CannotContinueError("No Docker Engine answers: run `scripts/container-engine up` first.")
    if verb == "images":
        images.ensure(wanted)
    else:
        registry.up(folder)


def status(folder: Path) -> int:
    """Print what is there; returns 0 when an engine answers."""
    version = engine.version()
    lines = _about_engine(folder, version) if version else ["engine      none answers (scripts/container-engine up)"]
    for each in _REGISTRIES:
        state = f"serves {', '.join(each.holds)}" if registry.is_up(each) else "not running"
        lines.append(f"registry    {each.address:<18} {state}")
    lines.append(f"state       {folder}")
    print("\n".join(lines))
    return 0 if version else 1


def _about_engine(folder: Path, version: str) -> list[str]:
    owner = "started by this script" if engine.daemon(folder).started_by_us() else "not started by this script"
    there = images.present()
    return [
        f"engine      {version} at {engine.endpoint()}, {owner}",
        *(f"image       {each.reference:<18} {there.get(each.reference, 'missing')}" for each in images.WANTED),
    ]


def down(folder: Path) -> None:
    """Stop what this script started."""
    ours = [registry.daemon(folder, each) for each in _REGISTRIES]
    ours.append(engine.daemon(folder))
    stopped = [each.name for each in ours if each.stop()]
    say(f"stopped {', '.join(stopped)}" if stopped else "nothing of ours was running")
    if "dockerd" not in stopped and engine.version():
        say("the Docker Engine was not started by this script and goes on")


if __name__ == "__main__":
    sys.exit(main())
