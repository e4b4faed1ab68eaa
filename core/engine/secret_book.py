"""The secrets that jobs may name, from wherever the operator keeps them, as they are now.

Of the places that know a name the first counts: what the engine was started with (its environment), a file that it
was told of, the home's store. Files and store are looked at again before a job is accepted and before it starts. Values
that were replaced or removed meanwhile are remembered for masking only, as long as the engine lives: jobs that were
given them may still run.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import anyio
import anyio.to_thread
from pydantic import SecretStr

from core.errors import InvalidArgumentError, UnknownSecretError, UnusableSecretsError
from core.redaction import LEAST_BYTES, Masking
from core.store.secret_file import MOST_BYTES, SecretFile, check_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from core.settings import EngineSettings

SecretSource = Literal["environment", "file", "store"]

_log = logging.getLogger(__name__)

_MOST_FORMER: Final = 20
"""Values of one name that are remembered."""
_MOST_RUNS: Final = 1000
"""Runs whose names are remembered."""


@dataclass(frozen=True, slots=True)
class SecretFact:
    """What may be told of a secret.

    Attributes:
        name: What jobs name it by.
        source: Where its value comes from.
        set_at: When it was set; None where nothing tells.
        is_masked: Whether its value is long enough to be masked.
    """

    name: str
    source: SecretSource
    set_at: datetime | None
    is_masked: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """A secret as it was read."""

    value: SecretStr
    source: SecretSource
    set_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """What files and store said at one moment."""

    known: Mapping[str, _Known]
    problems: Mapping[str, UnusableSecretsError]
    """By name; under the empty one what keeps the store from being read."""
    marks: tuple[tuple[int, ...], ...]


class SecretBook(Mapping[str, SecretStr]):
    """All secrets by name, as they were when they were last looked at.

    Args:
        given: Values that do not change.
        files: Files with a value each.
        store: The home's own.
    """

    def __init__(self, given: Mapping[str, SecretStr], files: Mapping[str, Path], store: SecretFile) -> None:
        self._given = {name: _Known(value, "environment") for name, value in given.items()}
        self._files = {name: path.expanduser() for name, path in files.items() if name not in given}
        self._store = store
        self._found = _Found({}, {}, ())
        self._known: Mapping[str, _Known] = self._given
        self._ever: dict[str, tuple[str, ...]] = {}
        self._masking: Masking | None = None
        self._of_runs: dict[str, tuple[str, ...]] = {}
        self._looking = anyio.Lock()
        self._threads = anyio.CapacityLimiter(1)
        self._remember()

    def __getitem__(self, name: str) -> SecretStr:
        return self._known[name].value

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    async def open(self) -> None:
        """Read everything for the first time.

        Raises:
            UnusableSecretsError: A file or the store cannot be read.
        """
        self._take(await anyio.to_thread.run_sync(self._look, limiter=self._threads))
        self._insist_on_all()

    def read(self) -> None:
        """The same as `open` for who has no event loop. Blocks.

        Raises:
            UnusableSecretsError: A file or the store cannot be read.
        """
        self._take(self._look())
        self._insist_on_all()

    def _insist_on_all(self) -> None:
        """Refuse files and a store that cannot be read.

        Raises:
            UnusableSecretsError: One of them.
        """
        for problem in self._found.problems.values():
            raise problem

    async def look_again(self) -> None:
        """Read what changed. What cannot be read any more is unknown from now on, and still masked."""
        async with self._looking:
            found = await anyio.to_thread.run_sync(self._look, limiter=self._threads)
        if found is not self._found:
            for name, problem in found.problems.items():
                if name not in self._found.problems:
                    _log.warning("secrets: %s %s", problem.message, problem.hint)
            self._take(found)

    def problem_of(self, name: str) -> UnusableSecretsError | None:
        """What keeps a secret that is not there from being read, if anything does."""
        return self._found.problems.get(name) or self._found.problems.get("")

    def facts(self) -> tuple[SecretFact, ...]:
        """What may be told, by name."""
        return tuple(
            SecretFact(name, known.source, known.set_at, is_long_enough(known.value.get_secret_value()))
            for name, known in sorted(self._known.items())
        )

    @property
    def problems(self) -> tuple[str, ...]:
        """What keeps secrets from being read, in words."""
        return tuple(f"Secrets: {problem.message} {problem.hint}" for problem in self._found.problems.values())

    @property
    def never_had_any(self) -> bool:
        """Whether there was no secret since the engine started."""
        return not self._ever

    def ever(self, names: Iterable[str]) -> list[str]:
        """All values that secrets had since the engine started."""
        return [value for name in dict.fromkeys(names) for value in self._ever.get(name, ())]

    def knows_run(self, workflow_id: str) -> bool:
        """Whether the names of a workflow's run were noted."""
        return workflow_id in self._of_runs

    def note_run(self, workflow_id: str, names: tuple[str, ...]) -> None:
        """Remember the secrets that a run names: no log of its jobs shows them, since jobs hand each other files."""
        self._of_runs[workflow_id] = names
        while len(self._of_runs) > _MOST_RUNS:
            self._of_runs.pop(next(iter(self._of_runs)))

    def ever_of_run(self, workflow_id: str) -> list[str]:
        """All values that the secrets of a run had since the engine started."""
        return self.ever(self._of_runs.get(workflow_id, ()))

    @property
    def masking(self) -> Masking:
        """What takes all of them out of texts."""
        if self._masking is None:
            self._masking = Masking(self.ever(self._ever))
        return self._masking

    def masked(self, text: str) -> str:
        """The text without any of them, as they are now."""
        return self.masking.masked(text)

    def _take(self, found: _Found) -> None:
        self._found = found
        self._known = {**found.known, **self._given}
        self._remember()

    def _remember(self) -> None:
        for name, known in self._known.items():
            value, before = known.value.get_secret_value(), self._ever.get(name, ())
            if not before or before[-1] != value:
                self._ever[name] = (*(each for each in before if each != value), value)[-_MOST_FORMER:]
                self._masking = None

    def _look(self) -> _Found:
        """In a thread: what is there now; the same as before if nothing changed."""
        marks = tuple(_mark(path) for path in (self._store.path, *self._files.values()))
        if marks == self._found.marks:
            return self._found
        known: dict[str, _Known] = {}
        problems: dict[str, UnusableSecretsError] = {}
        try:
            for name, secret in self._store.read().items():
                known[name] = _Known(SecretStr(secret.value), "store", secret.set_at)
        except UnusableSecretsError as error:
            problems[""] = error
        for name, path in self._files.items():
            known.pop(name, None)
            try:
                known[name] = _Known(SecretStr(read_value(path)), "file")
            except UnusableSecretsError as error:
                problems[name] = error
        return _Found(known, problems, marks)


def list_secrets(settings: EngineSettings) -> tuple[SecretFact, ...]:
    """The secrets that an engine with these settings would have, by name. Blocks.

    Raises:
        UnusableSecretsError: A file or the home's store cannot be read.
    """
    book = SecretBook(settings.secrets, settings.secret_files, SecretFile(settings.home))
    book.read()
    return book.facts()


def read_value(path: Path) -> str:
    """A secret's value from a file of its own, without the line end at its end. Blocks.

    Raises:
        UnusableSecretsError: There is no such file, or what it holds cannot be a value.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 3)
    except OSError as error:
        raise UnusableSecretsError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        value = without_line_end(content.decode())
        check_value(value)
    except UnicodeDecodeError:
        raise UnusableSecretsError(f"{path} holds no text; encode it, as base64 does.") from None
    except InvalidArgumentError as error:
        raise UnusableSecretsError(f"{path} holds no secret: {error.message.removeprefix('value: ')}.") from None
    return value


def without_line_end(text: str) -> str:
    """A value as programs print or editors write it, without the one line end that they put behind it."""
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def is_long_enough(value: str) -> bool:
    """Whether a value is masked; one of several lines is masked line by line, and short lines are not."""
    lines = value.encode().replace(b"\r\n", b"\n").split(b"\n")
    return any(len(line.strip()) >= LEAST_BYTES for line in lines)


def check_known(names: Iterable[str], settings: EngineSettings) -> None:
    """See to it that secrets are there, as they were when they were last looked at.

    Raises:
        UnusableSecretsError: One may be there, and cannot be read.
        UnknownSecretError: There are none of such names.
    """
    unknown = [name for name in dict.fromkeys(names) if name not in settings.secrets]
    if unknown:
        raise refusal_of(unknown, unknown, settings)


def refusal_of(unknown: Iterable[str], told: Iterable[str], settings: EngineSettings) -> UnknownSecretError:
    """The error for secrets that are not there.

    Args:
        unknown: Their names.
        told: The same in words, such as with the file that asks for them.
        settings: Hold the secrets.
    """
    if isinstance(settings.secrets, SecretBook):
        for name in unknown:
            problem = settings.secrets.problem_of(name)
            if problem is not None:
                return UnusableSecretsError(f"secrets: {problem.message}", hint=problem.hint)
    return UnknownSecretError(f"secrets: this engine has no secret named {', '.join(told)}")


def mask_of(settings: EngineSettings) -> Callable[[str], str]:
    """What takes the values of the engine's secrets out of texts, those that come later included."""
    if isinstance(settings.secrets, SecretBook):
        return settings.secrets.masked
    return Masking(value.get_secret_value() for value in settings.secrets.values()).masked


def values_of(names: Iterable[str], settings: EngineSettings) -> list[str]:
    """What must not be shown of secrets: their values, and those they had since the engine started."""
    if isinstance(settings.secrets, SecretBook):
        return settings.secrets.ever(names)
    return [settings.secrets[name].get_secret_value() for name in dict.fromkeys(names) if name in settings.secrets]


def _mark(path: Path) -> tuple[int, ...]:
    """A value that changes when a file does."""
    try:
        status = path.stat()
    except OSError as error:
        return (error.errno or 0,)
    return (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size, status.st_mode)
