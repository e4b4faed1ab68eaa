"""The one shape of an error."""

from orcaops_mcp.api.models.base import Shape


class FindingShape(Shape):
    """One fault of a request."""

    path: str
    """Dotted path of the field; empty for the whole request."""
    message: str
    """What is wrong."""
    hint: str | None = None
    """What to write instead."""


class ProblemDetail(Shape):
    """What went wrong."""

    code: str
    """A word that never changes."""
    message: str
    """A sentence for people."""
    hint: str
    """What to do next; may be empty."""
    retryable: bool
    """Whether the same request may succeed later."""
    retry_after_s: int | None = None
    """When it may, in seconds; also the header Retry-After."""
    findings: list[FindingShape] | None = None
    """Every fault of the request, with its place."""
    findings_left_out: int | None = None
    """How many more there were."""


class Problem(Shape):
    """An error."""

    error: ProblemDetail
