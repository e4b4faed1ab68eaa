"""What a workflow adds to the job of one of its nodes; no request holds any of it."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, JsonValue, TypeAdapter, ValidationError, model_validator

from core.spec.base import Frozen
from core.spec.fields import Argument, ArtifactGlob, EnvName, RelativePath, Sha256, plain_text

StopSignal = Literal["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2"]
"""What a container is sent first when it is stopped."""

_GLOB: Final[TypeAdapter[str]] = TypeAdapter(ArtifactGlob)


class LateVariable(Frozen):
    """A variable whose text is filled in when the container is made."""

    name: EnvName
    text: Argument
    """As it was written, with its ``${{ }}``."""


class LoginTexts(Frozen):
    """How to log in to an image's registry, as it was written, with its ``${{ }}``."""

    username: Annotated[str, Field(max_length=1000)]
    password: Annotated[str, Field(max_length=21_100)]


class LateEnv(Frozen):
    """Variables that read secrets or services: no record holds their values, so that they are made anew each time."""

    variables: Annotated[tuple[LateVariable, ...], Field(max_length=3000)] = ()
    """In the order in which they are laid over one another; each may read those before it as `env`."""
    below: Annotated[tuple[LateVariable, ...], Field(max_length=3000)] = ()
    """Variables of others that the texts may read as `env`; they are not set."""
    context: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    """What else their expressions read, by context."""
    secrets: Annotated[dict[str, EnvName], Field(max_length=1000)] = Field(default_factory=dict[str, str])
    """What expressions call a secret, and which secret of the engine that is; all of them are masked in the log."""
    login: LoginTexts | None = None
    """For the image; its texts read the same."""


class KeepSpec(Frozen):
    """Files to keep, and when."""

    paths: Annotated[tuple[str, ...], Field(min_length=1, max_length=64)]
    """Paths or patterns, as for a job's `artifacts`."""
    exclude: Annotated[tuple[str, ...], Field(max_length=64)] = ()
    """Files and folders that are left out although a pattern names them."""
    when: Literal["always", "success", "failure"] = "always"
    if_missing: Literal["warn", "error", "ignore"] = "warn"
    expires_s: Annotated[float, Field(gt=0, le=100 * 366 * 86_400)] | None = None
    """So long after the job's end the files are let go; None keeps them as long as the job."""
    is_late: bool = False
    """Whether the texts hold expressions that are filled in once the last step has ended."""

    @model_validator(mode="after")
    def _are_patterns(self) -> KeepSpec:
        if not self.is_late:
            check_patterns((*self.paths, *self.exclude))
        return self


class NeededFile(Frozen):
    """A file kept of another job, put into `ORCAOPS_NEEDS_DIR` before this one starts."""

    path: RelativePath
    """Below that folder."""
    job_id: Annotated[str, Field(max_length=64)]
    """The job it was kept of."""
    sha256: Sha256
    size: Annotated[int, Field(ge=0)]


class NodeSpec(Frozen):
    """What a workflow adds to the job of one of its nodes."""

    late: LateEnv = LateEnv()
    needed: Annotated[tuple[NeededFile, ...], Field(max_length=100_000)] | None = None
    """Files of the jobs it needs; None if it takes none, and so has no folder for them."""
    keep: Annotated[tuple[KeepSpec, ...], Field(max_length=64)] = ()
    """Files to keep, beside the job's own `artifacts`."""
    stop_signal: StopSignal | None = None
    """In place of SIGTERM."""


def check_patterns(patterns: tuple[str, ...]) -> None:
    """Refuse what is no pattern of artifacts.

    Raises:
        ValueError: With the pattern and what is wrong with it.
    """
    for pattern in patterns:
        try:
            _GLOB.validate_python(pattern)
        except ValidationError as error:
            said: dict[str, Any] = dict(error.errors(include_url=False, include_input=False)[0])
            raise ValueError(f"{_shown(pattern)}: {str(said['msg']).removeprefix('Value error, ')}") from None


def _shown(pattern: str) -> str:
    try:
        return plain_text(pattern)[:100] or "an empty text"
    except ValueError:
        return "a pattern"
