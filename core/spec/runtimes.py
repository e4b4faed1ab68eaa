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


_PYTHON: Final = ("python", "-u")
_RUST: Final = ("sh", "-c", 'rustc -o /tmp/entry -- "$0" && exec /tmp/entry "$@"')

RUNTIMES: Final[Mapping[str, Runtime]] = MappingProxyType(
    {
        "python": Runtime("python:3.12-slim", _PYTHON),
        "python3.11": Runtime("python:3.11-slim", _PYTHON),
        "python3.12": Runtime("python:3.12-slim", _PYTHON),
        "python3.13": Runtime("python:3.13-slim", _PYTHON),
        "node": Runtime("node:22-slim", ("node",)),
        "node20": Runtime("node:20-slim", ("node",)),
        "node22": Runtime("node:22-slim", ("node",)),
        "deno": Runtime("denoland/deno:2.1.4", ("deno", "run", "--allow-all")),
        "bun": Runtime("oven/bun:1", ("bun", "run")),
        "bash": Runtime("bash:5", ("bash",)),
        "sh": Runtime("busybox:latest", ("sh",)),
        "go": Runtime("golang:1.23", ("go", "run")),
        "java": Runtime("eclipse-temurin:21-jdk", ("java",)),
        "perl": Runtime("perl:5.40-slim", ("perl",)),
        "php": Runtime("php:8.3-cli", ("php",)),
        "ruby": Runtime("ruby:3.3-slim", ("ruby",)),
        "rust": Runtime("rust:1-slim", _RUST),
    }
)
"""The runtimes by name; images are Docker Hub's official ones, or those of the language's makers.

An operator adds to them, or replaces them, under ``runtimes`` in the configuration.
"""
