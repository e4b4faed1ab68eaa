"""What is saved in the demo home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATES: Final[tuple[Mapping[str, Any], ...]] = (
    {
        "name": "pytest",
        "description": "Run a project's tests with the Python of your choice.",
        "inputs": {
            "python": {"description": "Version of Python", "default": "3.12", "pattern": "3\\.[0-9]+"},
            "path": {"description": "What to test", "default": "tests"},
        },
        "job": {
            "image": "python:${{ inputs.python }}-slim",
            "commands": ["pip install -e .", "pytest -q ${{ inputs.path }}"],
            "tags": ["tests"],
        },
    },
    {
        "name": "build-image",
        "description": "Build an image from a Dockerfile.",
        "inputs": {
            "tag": {"description": "What to call it", "required": True},
            "push": {"type": "boolean", "default": False},
        },
        "job": {
            "image": "alpine:3.20",
            "env": {"TAG": "${{ inputs.tag }}", "PUSH": "${{ inputs.push }}"},
            "commands": ["./build.sh"],
            "timeout_s": 1800,
        },
    },
    {
        "name": "release-notes",
        "description": "Collect what changed since a tag and write it down.",
        "workflow": {
            "file_name": "release-notes.yaml",
            "text": (
                "name: release-notes\n"
                "inputs:\n  since: {description: The tag to begin from, default: v1.4.1}\n"
                "jobs:\n"
                "  collect: {image: 'alpine:3.20', commands: ['git log ${{ inputs.since }}..']}\n"
                "  write: {image: 'pandoc/core:3.5', needs: collect, commands: [pandoc notes.md -o notes.html]}\n"
            ),
        },
    },
)
"""Requests, as a caller would send them."""
