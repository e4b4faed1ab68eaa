"""Bodies of requests: bounded, and JSON taken strictly, so that two readers can never understand it differently."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar, cast

from pydantic import BaseModel, ValidationError

from core import Finding, InvalidArgumentError, RequestError, findings_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request

MAX_JSON_BYTES: Final = 4 * 1024 * 1024
_HALF_PAIR: Final = b"\\ud"

Model = TypeVar("Model", bound=BaseModel)


class InvalidJsonError(RequestError):
    """The body is not JSON."""

    code: ClassVar[str] = "invalid_json"
    default_hint: ClassVar[str] = "Send one JSON object in UTF-8, without NaN and without a name given twice."


class BodyTooLargeError(RequestError):
    """The body is too large."""

    code: ClassVar[str] = "body_too_large"
    default_hint: ClassVar[str] = "Send files as an upload: POST /orcaops/uploads."


class MediaTypeError(RequestError):
    """The body's media type is not one that is taken here."""

    code: ClassVar[str] = "unsupported_media_type"


class _RefusedJson(ValueError):  # noqa: N818 - never leaves this module
    """Something json.loads would let pass."""


def media_type(request: Request) -> str:
    """The body's media type in lower case, without its parameters; empty when none is given."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_object(request: Request, *, required: bool = True) -> dict[str, Any]:
    """The JSON object in the body.

    Args:
        request: Whose body.
        required: False takes no body for an empty object.

    Raises:
        MediaTypeError: The content type is not JSON.
        BodyTooLargeError: More than 4 MiB.
        InvalidJsonError: It is not one JSON object; the message names the place.
    """
    body = b"".join([piece async for piece in bounded(request, MAX_JSON_BYTES)])
    kind = media_type(request)
    if not body and not required and kind in {"", "application/json"}:
        return {}
    if kind != "application/json":
        shown = "Send the header `Content-Type: application/json`."
        raise MediaTypeError(f"The body is {kind[:60] or 'of no type'}; JSON is taken here.", hint=shown)
    return parse_object(body)


async def read_model(request: Request, model: type[Model], *, required: bool = True) -> Model:
    """The JSON object in the body, as a closed model.

    Args:
        request: Whose body.
        model: What it has to fit.
        required: False takes no body for an empty object.

    Raises:
        InvalidArgumentError: It does not fit; with a finding for every fault.
        RequestError: As `read_object`.
    """
    return fitted(await read_object(request, required=required), model)


def fitted(content: object, model: type[Model]) -> Model:
    """What was sent, as a closed model.

    Raises:
        InvalidArgumentError: It does not fit; with a finding for every fault.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise refused_arguments(findings_of(error, tuple(model.model_fields))) from None


def refused_arguments(findings: list[Finding]) -> InvalidArgumentError:
    """One error for all findings."""
    sentence = "; ".join(str(finding) for finding in findings[:5])
    more = f"; and {len(findings) - 5} more" if len(findings) > 5 else ""
    return InvalidArgumentError(sentence + more, findings=tuple(findings[:100]))


async def bounded(request: Request, limit: int) -> AsyncGenerator[bytes]:
    """The body as it arrives.

    Raises:
        BodyTooLargeError: There is more than ``limit`` bytes of it.
    """
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise BodyTooLargeError(f"The body is larger than {limit} bytes, the most that is taken here.")
        if piece:
            yield piece


def parse_object(body: bytes) -> dict[str, Any]:
    """One JSON object.

    Raises:
        InvalidJsonError: It is not; the message names the place.
    """
    try:
        content: object = json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_without_twins,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        if _HALF_PAIR in body.lower():
            json.dumps(content, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidJsonError(f"The body is not JSON: {error.msg} ({place}).") from None
    except UnicodeDecodeError as error:
        raise InvalidJsonError(f"The body is not UTF-8: byte {error.start}.") from None
    except UnicodeEncodeError:
        raise InvalidJsonError("A text in the body holds half a surrogate pair.") from None
    except RecursionError:
        raise InvalidJsonError("The body is nested too deeply.") from None
    except _RefusedJson as error:
        raise InvalidJsonError(str(error)) from None
    except ValueError:  # an integer of thousands of digits
        raise InvalidJsonError("A number in the body has too many digits.") from None
    if not isinstance(content, dict):
        raise InvalidJsonError("The body must be one JSON object.")
    return cast("dict[str, Any]", content)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise _RefusedJson("A name stands twice in one object.")
    return content


def _no_constant(name: str) -> float:
    raise _RefusedJson(f"{name} is not JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _RefusedJson("A number in the body is too large.")
    return number
