"""The pages on the workflow language that models read: short, and every example in them is tried by the tests."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from mcp.types import Resource

from core import NotFoundError

_FOLDER: Final = files("orcaops_mcp.mcp_server").joinpath("reference")
_TITLES: Final = {
    "authoring": "Writing a workflow",
    "running": "From a workflow file to its result",
    "expressions": "Expressions of workflows",
    "matrix": "Matrix jobs",
    "services": "Services beside a job",
    "outputs": "Outputs and artifacts",
    "errors": "Findings of a workflow file",
}

PAGES: Final = {topic: _FOLDER.joinpath(f"{topic}.md").read_text(encoding="utf-8") for topic in _TITLES}
"""Markdown by topic."""

REFERENCE_URI: Final = "orcaops://reference/{topic}"


def reference_page(topic: str) -> str:
    """The page on a topic, in Markdown.

    Raises:
        NotFoundError: There is none.
    """
    if topic not in PAGES:
        raise NotFoundError("There is no page on this topic.", hint=f"Topics: {', '.join(PAGES)}.")
    return PAGES[topic]


def reference_resources() -> list[Resource]:
    """The pages, as they are listed."""
    return [
        Resource(
            uri=REFERENCE_URI.format(topic=topic),
            name=f"reference-{topic}",
            title=title,
            mime_type="text/markdown",
            size=len(PAGES[topic].encode()),
        )
        for topic, title in _TITLES.items()
    ]
