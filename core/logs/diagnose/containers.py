"""Images and container engines used from inside a job."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.logs.diagnose.finding import Finding, Recogniser, Weight

if TYPE_CHECKING:
    from collections.abc import Sequence

_PHRASES: Final = (
    ("manifest unknown", "Check the image's name and tag."),
    ("manifest for ", "Check the image's name and tag."),
    ("pull access denied", "The image is private or does not exist: check its name, or log in to the registry."),
    ("repository does not exist", "Check the image's name."),
    ("toomanyrequests", "The registry limits anonymous pulls: log in, wait, or use a mirror."),
    ("Cannot connect to the Docker daemon", "A job has no container engine of its own; build images outside of it."),
    ("no matching manifest for ", "The image is not built for this processor; choose another tag or --platform."),
)
_BUILD: Final = re.compile(r"(?:ERROR|error): failed to (?:solve|build)(?:: | )(.*)")
_STEP: Final = re.compile(r"The command '.*' returned a non-zero code: \d+$")


def read_image(texts: Sequence[str], at: int) -> Finding | None:
    """A pull that was refused, or an engine that is not there."""
    text = texts[at].strip()
    for phrase, hint in _PHRASES:
        if phrase in text and (phrase != "manifest for " or "not found" in text):
            return Finding("docker_image", text, Weight.FAILURE, at, at, at, hint=hint)
    return None


def read_build(texts: Sequence[str], at: int) -> Finding | None:
    """A failed image build; what its step printed is the cause when it is known."""
    match = _BUILD.match(texts[at])
    if match is None:
        return None
    step_failed = "did not complete successfully" in match[1]
    weight = Weight.FOLLOW_UP if step_failed else Weight.FAILURE
    return Finding("docker_image", match[1], weight, at, max(at - 6, 0), at)


def read_step(texts: Sequence[str], at: int) -> Finding | None:
    """The classic builder's word on a failed step."""
    if _STEP.match(texts[at]) is None:
        return None
    return Finding("docker_image", texts[at], Weight.FOLLOW_UP, at, max(at - 3, 0), at)


RECOGNISERS: Final = (
    Recogniser(tuple(phrase for phrase, _ in _PHRASES), read_image, reach=1),
    Recogniser(("failed to solve", "failed to build"), read_build, reach=1),
    Recogniser(("returned a non-zero code: ",), read_step, reach=1),
)
