"""The operator's secrets in the home: `secrets.json`, readable by its owner alone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from core.errors import InvalidArgumentError, NotFoundError, UnusableSecretsError
from core.store.private_file import PrivateFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

MOST_SECRETS: Final = 1000
"""Secrets a home may have."""
MOST_BYTES: Final = 64 * 1024
"""A value may have; Linux takes no variable of more than twice that."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_FILE_BYTES: Final = 8 * 1024 * 1024
_MEND: Final = "Restore it, or move it away and set the secrets again with `orcaops secrets set NAME`."


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """A secret of the home's.

    Attributes:
        value: What jobs are given.
        set_at: Since when it is this value.
    """

    value: str = field(repr=False)
    set_at: datetime


class SecretFile:
    """The secrets of a home. All of it blocks.

    Args:
        home: The folder.
    """

    NAME: ClassVar[str] = "secrets.json"

    def __init__(self, home: Path) -> None:
        self.path = home / self.NAME
        self._file = PrivateFile(self.path, most_bytes=_FILE_BYTES, error=UnusableSecretsError, mend=_MEND)

    @staticmethod
    def is_name(name: str) -> bool:
        """Whether a secret can be called so: like a variable, at most 128 characters."""
        return _NAME.fullmatch(name) is not None

    def check(self, name: str) -> None:
        """Refuse a name that cannot be one, and a file that cannot be used, before a value is asked for.

        Raises:
            InvalidArgumentError: The name cannot be one.
            UnusableSecretsError: The file cannot be read.
        """
        check_name(name)
        self.read()

    def read(self) -> dict[str, StoredSecret]:
        """The secrets by name, in the order of their names.

        Raises:
            UnusableSecretsError: Others may read the file, or it is damaged.
        """
        content = self._file.read()
        if content is None:
            return {}
        try:
            return _parsed(content)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise self._file.damage() from None

    def put(self, name: str, value: str, now: datetime) -> bool:
        """Set a secret; returns whether it was there before.

        Args:
            name: Of a variable.
            value: Any text without NUL.
            now: When.

        Raises:
            InvalidArgumentError: The name or the value cannot be one, or there are too many.
            UnusableSecretsError: The file cannot be read or written.
        """
        check_name(name)
        check_value(value)
        is_known = False

        def changed(known: Mapping[str, StoredSecret]) -> Mapping[str, StoredSecret]:
            nonlocal is_known
            is_known = name in known
            if not is_known and len(known) >= MOST_SECRETS:
                raise InvalidArgumentError(f"There are {MOST_SECRETS} secrets; remove some first.")
            return {**known, name: StoredSecret(value, now)}

        self._rewrite(changed)
        return is_known

    def remove(self, names: Sequence[str]) -> None:
        """Forget secrets; all of them, or none if one is not known.

        Raises:
            NotFoundError: There is none of such a name.
            UnusableSecretsError: The file cannot be read or written.
        """

        def without(known: Mapping[str, StoredSecret]) -> Mapping[str, StoredSecret]:
            missing = [name for name in names if name not in known]
            if missing:
                hint = "List them with `orcaops secrets list`; only those of the store can be removed."
                raise NotFoundError(f"The home's store has no secret {missing[0][:128]!r}.", hint=hint)
            return {name: secret for name, secret in known.items() if name not in names}

        self._rewrite(without)

    def _rewrite(self, change: Callable[[Mapping[str, StoredSecret]], Mapping[str, StoredSecret]]) -> None:
        with self._file.rewriting():
            known = change(self.read())
            entries = {
                name: {"value": secret.value, "set_at": secret.set_at.isoformat()}
                for name, secret in sorted(known.items())
            }
            content = (json.dumps({"secrets": entries}, indent=2) + "\n").encode()
            if len(content) > _FILE_BYTES:
                raise InvalidArgumentError(f"All secrets together have more than {_FILE_BYTES // 2**20} MiB.")
            self._file.replace(content)


def check_name(name: str) -> None:
    """Refuse what cannot be a secret's name.

    Raises:
        InvalidArgumentError: It cannot.
    """
    if not SecretFile.is_name(name):
        raise InvalidArgumentError(
            "name: a secret is named like a variable: letters, digits and '_', not beginning with a digit, at most 128"
        )


def check_value(value: str) -> None:
    """Refuse what cannot be a secret's value, without repeating it.

    Raises:
        InvalidArgumentError: It cannot.
    """
    if not value:
        raise InvalidArgumentError("value: nothing was given; a secret has a value")
    if "\0" in value:
        raise InvalidArgumentError("value: a NUL character cannot be passed to a process; encode it, as base64 does")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidArgumentError("value: not valid Unicode; encode it, as base64 does") from None
    if size > MOST_BYTES:
        raise InvalidArgumentError(f"value: {size} bytes; a secret has at most {MOST_BYTES}")


def _parsed(content: bytes) -> dict[str, StoredSecret]:
    entries = cast("dict[str, dict[str, Any]]", json.loads(content)["secrets"])
    if len(entries) > MOST_SECRETS:
        raise ValueError
    return {name: _secret(name, entry) for name, entry in sorted(entries.items())}


def _secret(name: str, entry: dict[str, Any]) -> StoredSecret:
    value, set_at = entry["value"], datetime.fromisoformat(entry["set_at"])
    try:
        check_name(name)
        check_value(value)
    except InvalidArgumentError:
        raise ValueError from None
    if set_at.tzinfo is None:
        raise ValueError
    return StoredSecret(value, set_at)
