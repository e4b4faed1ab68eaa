"""What all shapes share."""

from typing import Annotated, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

JOB_ID: Final = "job_0mm2c5x1k6v8nq3rt7wz4ybda"
"""The id in examples."""

MOMENT: Final = "2026-01-31T12:00:00.000Z"


class Shape(BaseModel):
    """A closed object."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True, use_attribute_docstrings=True
    )


Item = TypeVar("Item")


def _plain(text: str) -> str:
    if "\0" in text:
        raise ValueError("a NUL character stands in it")
    return text


Text = Annotated[str, AfterValidator(_plain)]
"""A text without NUL."""

JobId = Annotated[str, Field(json_schema_extra={"examples": [JOB_ID]})]
"""An id of a job: `job_` and 25 letters and digits."""

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time", "examples": [MOMENT]})]
"""A time in RFC 3339, UTC, with milliseconds."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in lower-case hexadecimal."""

WaitSeconds = Annotated[float, Field(ge=0, le=50)]
"""How long to wait, in seconds."""
