"""Figures of ended jobs."""

from typing import Annotated, Literal

from pydantic import Field

from orcaops_mcp.api.models.base import Moment, Shape, Text

EndedStatus = Literal["success", "failed", "timed_out", "cancelled"]


class AnalyticsQuery(Shape):
    """Which figures."""

    range: Annotated[Text, Field(max_length=20)] = "30d"
    """How long the period is that ends now, such as `24h`, `7d` or `30d`: from an hour to 400 days."""
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    """Rows of each table."""


class SpreadShape(Shape):
    """How long something took."""

    count: int
    """Of how many that is said."""
    p50_s: float | None
    """The half took at most so many seconds."""
    p95_s: float | None
    """95 of a hundred did."""
    longest_s: float | None


class TotalsShape(Shape):
    """A period in a few numbers."""

    runs: int
    """Jobs that ended."""
    success_rate: float | None
    """Of those that were not cancelled, the part that succeeded, from 0 to 1."""
    jobs: dict[EndedStatus, int]
    duration: SpreadShape
    """Of those that succeeded or failed, from the container's start to the end."""
    wait: SpreadShape
    """From being accepted to getting a slot; of the newest three thousand at most."""


class IntervalShape(Shape):
    """An hour or a day, in UTC."""

    begins_at: Moment
    jobs: dict[EndedStatus, int]
    duration: SpreadShape


class NameFiguresShape(Shape):
    """The jobs of one name; of one image where they have none."""

    name: str
    runs: int
    failed: int
    """Failed or timed out."""
    flips: int
    """How often one failed and then succeeded without a change."""
    duration: SpreadShape


class SourceFiguresShape(Shape):
    """The jobs of one caller."""

    source: str
    runs: int
    success_rate: float | None
    jobs: dict[EndedStatus, int]


class ImageFiguresShape(Shape):
    """The jobs in one image."""

    image: str
    start_up: SpreadShape
    """From getting a slot to the container's start: pulling the image, making the container, starting it."""


class AnalyticsShape(Shape):
    """Figures of a period, with those of the one before it."""

    since: Moment
    until: Moment
    now: TotalsShape
    before: TotalsShape
    """Of the period of the same length before it."""
    intervals: list[IntervalShape]
    """Hours up to two days, else days; without a gap."""
    slowest: list[NameFiguresShape]
    failing: list[NameFiguresShape]
    flaky: list[NameFiguresShape]
    sources: list[SourceFiguresShape]
    images: list[ImageFiguresShape]
