"""Forms with files, read as they arrive: no part is held in memory or written twice."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from core import RequestError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from python_multipart.multipart import MultipartCallbacks
    from starlette.requests import Request

_MAX_PARTS: Final = 10_000
_MAX_HEADER: Final = 8192
_MAX_HEADERS: Final = 16


class InvalidFormError(RequestError):
    """The form cannot be read."""

    code: ClassVar[str] = "invalid_form"
    default_hint: ClassVar[str] = "Send multipart/form-data as curl -F does."


@dataclass(frozen=True, slots=True)
class FormPart:
    """One field of a form. Its bytes have to be taken before the next part is asked for; what is left is passed over.

    Attributes:
        name: Of the field.
        filename: Of the file, as the client gave it; None for a plain field.
        pieces: Its bytes.
    """

    name: str
    filename: str | None
    pieces: AsyncIterator[bytes]


class _Begin(NamedTuple):
    """A part begins."""

    name: str
    filename: str | None


class _End(NamedTuple):
    """A part has ended."""


_Item = _Begin | _End | bytes


class FormReader:
    """Reads a form part by part.

    Args:
        request: Whose body is multipart/form-data.

    Raises:
        InvalidFormError: No boundary is named.
    """

    def __init__(self, request: Request) -> None:
        _, options = parse_options_header(request.headers.get("content-type", ""))
        boundary = options.get(b"boundary", b"")
        if not 1 <= len(boundary) <= 200:
            raise InvalidFormError("The content type names no boundary.")
        self._stream = request.stream()
        self._heard = _Heard()
        self._parser = MultipartParser(boundary, self._heard.callbacks())

    async def parts(self) -> AsyncGenerator[FormPart]:
        """The parts in their order.

        Raises:
            InvalidFormError: The form is malformed, ends early, or has too many parts.
        """
        while (item := await self._next()) is not None:
            if isinstance(item, _Begin):
                pieces = self._pieces()
                yield FormPart(item.name, item.filename, pieces)
                async for _ in pieces:
                    pass

    async def _pieces(self) -> AsyncGenerator[bytes]:
        while isinstance(item := await self._next(), bytes):
            yield item

    async def _next(self) -> _Item | None:
        """What comes next; None at the end of the form."""
        while not self._heard.items:
            if self._heard.is_whole:
                return None
            piece = await anext(self._stream, None)
            if piece is None:
                raise InvalidFormError("The form ends before its last boundary.")
            try:
                self._parser.write(piece)
            except MultipartParseError:
                raise InvalidFormError("The form is malformed.") from None
        return self._heard.items.popleft()


class _Heard:
    """What the parser told and nobody has taken yet: never more than one piece of the body holds."""

    def __init__(self) -> None:
        self.items: deque[_Item] = deque()
        self.is_whole = False
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._parts = 0

    def callbacks(self) -> MultipartCallbacks:
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": lambda data, start, end: self.items.append(bytes(data[start:end])),
            "on_part_end": lambda: self.items.append(_End()),
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise InvalidFormError(f"The form has more than {_MAX_PARTS} parts.")
        self._headers = {}

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name = _grown(self._name, data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value = _grown(self._value, data[start:end])

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""
        if len(self._headers) > _MAX_HEADERS:
            raise InvalidFormError("A part of the form has too many headers.")

    def _headers_finished(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name")
        if kind != b"form-data" or name is None:
            raise InvalidFormError("A part of the form has no name.")
        filename = options.get(b"filename")
        self.items.append(_Begin(_text(name), None if filename is None else _text(filename)))

    def _finish(self) -> None:
        self.is_whole = True


def _grown(text: bytes, piece: bytes) -> bytes:
    if len(text) + len(piece) > _MAX_HEADER:
        raise InvalidFormError("A header in the form is too long.")
    return text + piece


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise InvalidFormError("A name in the form is not UTF-8.") from None
