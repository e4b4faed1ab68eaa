"""“Run main.py on python3.12”: a runtime's name becomes an image and a program.

Uploaded code is run by the image's own interpreter from the working directory.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Runtime(NamedTuple):
    """What stands behind a runtime's name."""

    image: str
    program: tuple[str, ...]
    """Put before the entry file and its arguments."""


RUNTIMES: Final[Mapping[str, Runtime]] = MappingProxyType(
    {
        "python3.11": Runtime("python:3.11-slim", ("python", "-u")),
        "python3.12": Runtime("python:3.12-slim", ("python", "-u")),
        "python3.13": Runtime("python:3.13-slim", ("python", "-u")),
        "node20": Runtime("node:20-slim", ("node",)),
        "node22": Runtime("node:22-slim", ("node",)),
        "bash": Runtime("bash:5", ("bash",)),
        "sh": Runtime("busybox:latest", ("sh",)),
        "go": Runtime("golang:1.23", ("go", "run")),
        "ruby": Runtime("ruby:3.3-slim", ("ruby",)),
    }
)
"""The runtimes by name; images are the official ones of Docker Hub."""
