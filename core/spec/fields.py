"""Constrained field types: what a name, an image, a path or an argument may be.

Messages never repeat the value they refuse: it may hold a secret.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, cast

from pydantic import AfterValidator, Field

MAX_ARGUMENT_BYTES: Final = 128 * 1024 - 1
"""Linux takes no single argument or variable longer than this (MAX_ARG_STRLEN, execve(2))."""

MAX_COMMAND_BYTES: Final = 512 * 1024
MAX_ENVIRONMENT_BYTES: Final = 1024 * 1024
"""Together with a command they stay below the 2 MiB that Linux takes of both (ARG_MAX, execve(2))."""

MAX_SCRIPT_BYTES: Final = 256 * 1024

# The grammar of https://github.com/distribution/reference (reference.go), with its length limits.
_DOMAIN_PART: Final = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9])"
_DOMAIN: Final = rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[[0-9a-fA-F:]+\])(?::[0-9]{{1,5}})?"
_PATH_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_TAG: Final = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST: Final = r"sha256:[0-9a-f]{64}"
_IMAGE: Final = re.compile(
    rf"(?:(?P<registry>{_DOMAIN})/)?(?P<path>{_PATH_PART}(?:/{_PATH_PART})*)(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
)
_IMAGE_ID: Final = re.compile(r"[0-9a-f]{64}")
_LABEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,62}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OUTPUT_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}")
_USER: Final = re.compile(r"(?:[a-z_][a-z0-9_-]{0,31}|[0-9]{1,10})(?::(?:[a-z_][a-z0-9_-]{0,31}|[0-9]{1,10}))?")
_KERNEL_FOLDERS: Final = frozenset({"proc", "sys", "dev"})
_BRACE_RANGE: Final = re.compile(r"\{[^{},/]*\.\.[^{},/]*\}")
_ALTERNATIVES: Final = 100


def _image(text: str) -> str:
    if len(text) > 255:
        raise ValueError("an image reference has at most 255 characters")
    if _IMAGE.fullmatch(text) is None or _IMAGE_ID.fullmatch(text) is not None:
        raise ValueError("not an image reference; write it like alpine:3.20, ghcr.io/org/app:1.2 or name@sha256:…")
    return text


def image_registry(image: str) -> str:
    """The registry that a well-formed image reference names, or an empty text for Docker Hub.

    As in Docker, the first component is a registry only if it has a dot, a colon or a capital letter, or is
    ``localhost``.
    """
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        return first
    return ""


def _name(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        raise ValueError("1 to 63 letters, digits, '_', '.' or '-', beginning with a letter or digit")
    return text


def _tag(text: str) -> str:
    if _LABEL.fullmatch(text) is None:
        raise ValueError(
            "a tag is 1 to 63 letters, digits, '_', '.', ':', '/' or '-', beginning with a letter or digit"
        )
    return text


def _env_name(text: str) -> str:
    if _ENV_NAME.fullmatch(text) is None:
        raise ValueError("a variable's name is letters, digits and '_', not beginning with a digit")
    return text


def _output_name(text: str) -> str:
    if _OUTPUT_NAME.fullmatch(text) is None:
        raise ValueError("an output's name is letters, digits, '_' and '-', beginning with a letter or '_'")
    return text


def _user(text: str) -> str:
    if _USER.fullmatch(text) is None:
        raise ValueError("a user is a name or number, with ':group' if wanted, such as 1000:1000 or nobody")
    return text


def plain_text(text: str) -> str:
    """Refuse what no process can be given: NUL and lone surrogates."""
    if "\0" in text:
        raise ValueError("a NUL character cannot be passed to a process")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError("the text is not valid Unicode (it holds half a surrogate pair)") from None
    return text


def _argument(text: str) -> str:
    if len(plain_text(text).encode()) > MAX_ARGUMENT_BYTES:
        raise ValueError("longer than 128 KiB, the most that Linux takes; send it as a file instead")
    return text


def _script(text: str) -> str:
    if len(plain_text(text).encode()) > MAX_SCRIPT_BYTES:
        raise ValueError("longer than 256 KiB; upload it as a file and run that instead")
    if not text.strip():
        raise ValueError("nothing to run: the text is empty")
    return text


def _step_name(text: str) -> str:
    if len(text) > 120 or not text.isprintable():
        raise ValueError("a step's name is one line of at most 120 printable characters")
    return text


def _absolute_path(text: str) -> str:
    if not plain_text(text).startswith("/") or ".." in text.split("/") or len(text) > 1024:
        raise ValueError("an absolute path inside the container without '..', such as /work")
    return text


def _relative_path(text: str) -> str:
    parts = plain_text(text).split("/")
    if text.startswith("/") or "" in parts or "." in parts or ".." in parts or len(text) > 1024 or len(parts) > 32:
        raise ValueError("a relative path without '.', '..' or empty parts, at most 1024 characters and 32 levels")
    return text


def _artifact_glob(text: str) -> str:
    if not 1 <= len(plain_text(text)) <= 256:
        raise ValueError("a pattern has 1 to 256 characters")
    parts = [part for part in text.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise ValueError("a pattern may not climb with '..'; name an absolute path instead")
    if not parts or (text.startswith("/") and parts[0] in _KERNEL_FOLDERS):
        raise ValueError("name the files or folders to keep; not '/' or '.' whole, and nothing of /proc, /sys or /dev")
    if _BRACE_RANGE.search(text) or _alternatives(text) > _ALTERNATIVES:
        raise ValueError(f"braces list at most {_ALTERNATIVES} alternatives in all, each written out, such as {{a,b}}")
    return text


def _alternatives(pattern: str) -> int:
    """At least how many patterns ``{a,b}`` stands for, nested and side by side."""
    total, open_groups = 1, list[int]()
    for mark in pattern:
        if mark == "{":
            open_groups.append(1)
        elif mark == "," and open_groups:
            open_groups[-1] += 1
        elif mark == "}" and open_groups:
            total *= open_groups.pop()
    return total


def env_from_pairs(value: Any) -> Any:
    """Variables from `KEY=VALUE` lines, which are taken beside a mapping: free-form maps get lost in some clients.

    Raises:
        ValueError: An entry is not written so.
    """
    if not isinstance(value, (list, tuple)):
        return value
    pairs: dict[str, str] = {}
    for index, item in enumerate(cast("list[object] | tuple[object, ...]", value)):
        name, equals, text = item.partition("=") if isinstance(item, str) else ("", "", "")
        if not equals:
            raise ValueError(f"entry {index} is not KEY=VALUE")
        pairs[name] = text
    return pairs


ImageReference = Annotated[str, AfterValidator(_image)]
"""A well-formed image reference, at most 255 characters."""

Name = Annotated[str, AfterValidator(_name)]
"""A job's name: 1 to 63 letters, digits, ``_``, ``.``, ``-``."""

Tag = Annotated[str, AfterValidator(_tag)]
"""A label to find jobs by."""

StepName = Annotated[str, AfterValidator(_step_name)]
"""What a step is called: one line of at most 120 printable characters."""

EnvName = Annotated[str, AfterValidator(_env_name)]
"""The name of an environment variable (POSIX, section 8.1)."""

OutputName = Annotated[str, AfterValidator(_output_name)]
"""The name of a job's output."""

User = Annotated[str, AfterValidator(_user)]
"""``user`` or ``user:group``, by name or number."""

Argument = Annotated[str, AfterValidator(_argument)]
"""One argument of a process, or the value of a variable."""

Script = Annotated[str, AfterValidator(_script)]
"""Text that a shell runs."""

AbsolutePath = Annotated[str, AfterValidator(_absolute_path)]
"""A folder in the container."""

RelativePath = Annotated[str, AfterValidator(_relative_path)]
"""A file's place below the working directory."""

ArtifactGlob = Annotated[str, AfterValidator(_artifact_glob)]
"""A path or pattern in the container, relative to the working directory or absolute.

``*``, ``?``, ``[…]``, ``{a,b}`` and ``**`` mean what they mean in a shell with globstar.
"""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in lower-case hexadecimal."""
