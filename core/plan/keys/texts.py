"""What names and texts of a workflow may be."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from core.plan.findings import shown
from core.plan.keys.report import listed
from core.plan.keys.scalars import Text
from core.spec.fields import ArtifactGlob, ImageReference, User
from core.spec.inputs import InputSpec

if TYPE_CHECKING:
    from core.plan import context
    from core.plan.keys.report import Report
    from core.plan.source import Scalar

_T = TypeVar("_T")

ID: Final = "^[A-Za-z_][A-Za-z0-9_-]{0,99}$"
"""What a job, step, service or output may be called."""

JOB_ID: Final = "^(?:\\.[A-Za-z0-9_.-]{1,99}|(?!__)[A-Za-z_][A-Za-z0-9_-]{0,99})$"
"""What stands under ``jobs``: ids of jobs, and names of templates, which begin with a dot."""

ENV_NAME: Final = "^[A-Za-z_][A-Za-z0-9_]*$"

_ID_WORDS: Final = "at most 100 letters, digits, '_' and '-', beginning with a letter or '_'"
_OUR_PREFIXES: Final = ("ORCAOPS_", "GITHUB_")
_IMAGE: Final = TypeAdapter[str](ImageReference)
_GLOB: Final = TypeAdapter[str](ArtifactGlob)
_USER: Final = TypeAdapter[str](User)
SHELLS: Final = ("sh", "bash", "python")
"""Shells that have a name of their own."""

_PORT: Final = "^(?:[^\\s:]+:)?(?:[0-9]{1,5}(?:-[0-9]{1,5})?:)?[0-9]{1,5}(?:-[0-9]{1,5})?(?:/(?:tcp|udp|sctp))?$"
_SIGNAL: Final = "^(?:SIG)?[A-Z][A-Z0-9+-]{1,14}$"


def job_name(key: Scalar, to: Report) -> bool:
    """Whether a key may be a job's id or a template's name."""
    return _matches(key, JOB_ID, f"A job's id is {_ID_WORDS}, not '__'; a template's begins with '.'", "E010", to)


def id_name(key: Scalar, to: Report) -> bool:
    """Whether a key may be the id of a service, an input or an output."""
    return _matches(key, ID, f"A name is {_ID_WORDS}", "E010", to)


def env_name(key: Scalar, to: Report) -> bool:
    """Whether a key may be the name of an environment variable."""
    rule = "A variable's name is letters, digits and '_', not beginning with a digit"
    if not _matches(key, ENV_NAME, rule, "E134", to):
        return False
    if key.text.upper().startswith(_OUR_PREFIXES):
        message = (
            f"'{shown(key.text)}' may be overwritten: names that begin with ORCAOPS_ or GITHUB_ are set for every job."
        )
        to.say("W134", message, key, "choose another name")
    return True


def _matches(key: Scalar, pattern: str, rule: str, code: str, to: Report) -> bool:
    if re.fullmatch(pattern, key.text):
        return True
    near = re.sub(r"[^A-Za-z0-9_]+", "_", key.text).strip("_")
    near = near if near and not near[0].isdigit() else f"_{near}"
    hint = f"such as '{shown(near)}'" if near.strip("_") and re.fullmatch(pattern, near) else ""
    to.say(code, f"{rule}: '{shown(key.text)}' is none.", key, hint)
    return False


def _fault(adapter: TypeAdapter[_T], text: str) -> str:
    try:
        adapter.validate_python(text)
    except ValidationError as error:
        return _said(error)
    return ""


def _said(error: ValidationError) -> str:
    message = error.errors(include_url=False, include_input=False, include_context=False)[0]["msg"]
    return f"is refused: {message.removeprefix('Value error, ')}."


@lru_cache(maxsize=1024)
def image_fault(text: str) -> str:
    """What is wrong with an image reference."""
    return _fault(_IMAGE, text)


def regex_fault(text: str) -> str:
    """What is wrong with a regular expression; the same are taken as for inputs."""
    try:
        InputSpec(pattern=text)
    except ValidationError as error:
        return _said(error)
    return ""


def _id_fault(text: str) -> str:
    return "" if re.fullmatch(ID, text) else f"is refused: an id is {_ID_WORDS}."


def _shell_fault(text: str) -> str:
    if text in SHELLS or "{0}" in text:
        return ""
    return f"must be one of {listed(SHELLS)}, or a command with {{0}} where the script's file goes."


def _port_fault(text: str) -> str:
    numbers = [int(number) for number in re.findall(r"[0-9]{1,5}", text.rsplit(":", 2)[-1])]
    if re.fullmatch(_PORT, text) and all(0 < number < 65536 for number in numbers):
        return ""
    return "must be a port from 1 to 65535, such as 5432, '8080:80' or 53/udp."


def _signal_fault(text: str) -> str:
    return "" if re.fullmatch(_SIGNAL, text) else "must be the name of a signal, such as SIGINT."


def _secret_fault(text: str) -> str:
    return "" if re.fullmatch(ENV_NAME, text) else "must be the name of a secret: letters, digits and '_'."


def image(where: context.Place, *, blank: bool = False) -> Text:
    """An image reference."""
    expected = "an image, such as alpine:3.20"
    return Text(where, expected=expected, rule=image_fault, code="E130", strict=True, blank=blank)


def step_id() -> Text:
    """The id of a step."""
    return Text(expected="an id", rule=_id_fault, code="E010", pattern=ID)


def artifact_path(where: context.Place) -> Text:
    """A path or pattern of files to keep."""
    expected = "a path or pattern of files in the container"
    return Text(where, expected=expected, rule=lambda text: _fault(_GLOB, text), blank=False)


def user(where: context.Place) -> Text:
    """Who a process runs as."""
    return Text(where, expected="a user, such as 1000:1000", rule=lambda text: _fault(_USER, text))


def shell(where: context.Place) -> Text:
    """What runs the commands."""
    return Text(where, expected="a shell", rule=_shell_fault)


def port(where: context.Place) -> Text:
    """A port, as Docker writes it."""
    return Text(where, expected="a port", rule=_port_fault)


def signal() -> Text:
    """A signal's name."""
    return Text(expected="the name of a signal, such as SIGINT", rule=_signal_fault, pattern=_SIGNAL)


def secret() -> Text:
    """A secret's name."""
    return Text(expected="the name of a secret", rule=_secret_fault, pattern=ENV_NAME)


def regex() -> Text:
    """A regular expression, as RE2 reads it."""
    return Text(expected="a regular expression", rule=regex_fault, most=1000, strict=True, blank=False)
