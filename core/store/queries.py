"""Named queries from `sql/*.sql`: each has a name and a sentence, and Python asks for it by name at import.

A file holds blocks of ``-- name: …``, a sentence in comments, and one statement with ``:named`` placeholders.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from operator import itemgetter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

SqlValue = str | int | float | None
"""What our columns hold."""

_NAME: Final = re.compile(r"^-- name: (.*)$", re.MULTILINE)
_PLACEHOLDER: Final = re.compile(r":([a-z][a-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Query:
    """One statement.

    Attributes:
        name: As in the file.
        sentence: What it does.
        sql: The statement, its placeholders nameless: SQLite looks for names at each run.
        placeholders: Names of the values it takes.
        width: How many they are.
        in_order: From the values by their names to those of the placeholders, one after the other.
    """

    name: str
    sentence: str
    sql: str
    placeholders: AbstractSet[str]
    width: int
    in_order: Callable[[Mapping[str, SqlValue]], tuple[SqlValue, ...]]

    def run(self, connection: sqlite3.Connection, **values: SqlValue) -> sqlite3.Cursor:
        """Execute it with exactly the values it names.

        Raises:
            TypeError: A value is missing, or one is given that the statement does not name.
            sqlite3.Error: SQLite refused.
        """
        return connection.execute(self.sql, self._checked(values))

    def run_many(self, connection: sqlite3.Connection, rows: Iterable[Mapping[str, SqlValue]]) -> None:
        """Execute it once for each row of values.

        Raises:
            TypeError: As in `run`, before anything was executed.
            sqlite3.Error: SQLite refused.
        """
        connection.executemany(self.sql, [self._checked(values) for values in rows])

    def _checked(self, values: Mapping[str, SqlValue]) -> tuple[SqlValue, ...]:
        try:
            if len(values) == self.width:  # as many, and all that are named: these and no others
                return self.in_order(values)
        except KeyError:
            pass
        missing, extra = sorted(self.placeholders - values.keys()), sorted(values.keys() - self.placeholders)
        raise TypeError(f"query {self.name}: missing {missing}, unknown {extra}")


class QueryFile:
    """The queries of one file, taken by name.

    Args:
        stem: The file's name in `sql/` without its ending.
        text: Its text; None reads the file.

    Raises:
        ValueError: A name is doubled or malformed, or a query lacks its sentence or its statement.
    """

    def __init__(self, stem: str, text: str | None = None) -> None:
        self.stem = stem
        self.queries = _parse(
            stem, files("core.store").joinpath("sql", f"{stem}.sql").read_text("utf-8") if text is None else text
        )
        self.taken: set[str] = set()

    def take(self, name: str) -> Query:
        """The query of that name.

        Raises:
            LookupError: The file has no such query.
        """
        if name not in self.queries:
            raise LookupError(f"sql/{self.stem}.sql has no query named {name}")
        self.taken.add(name)
        return self.queries[name]


def _parse(stem: str, text: str) -> dict[str, Query]:
    queries: dict[str, Query] = {}
    parts = _NAME.split(text)
    if parts[0].strip():
        raise ValueError(f"sql/{stem}.sql: text before the first query's name")
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name in queries or not name.isidentifier():
            raise ValueError(f"sql/{stem}.sql: {name!r} is doubled or not a name")
        lines = body.strip().splitlines()
        comments = [line for line in lines if line.startswith("--")]
        sql = "\n".join(line for line in lines if not line.startswith("--")).strip()
        if not comments or not sql.endswith(";") or sql.count(";") != 1:
            raise ValueError(f"sql/{stem}.sql: {name} needs a sentence and one statement that ends in ';'")
        sentence = " ".join(line.removeprefix("--").strip() for line in comments)
        in_order = _PLACEHOLDER.findall(sql)
        placeholders = frozenset(in_order)
        nameless = _PLACEHOLDER.sub("?", sql)
        queries[name] = Query(name, sentence, nameless, placeholders, len(placeholders), _picker(in_order))
    return queries


def _picker(names: Sequence[str]) -> Callable[[Mapping[str, SqlValue]], tuple[SqlValue, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple(values[name] for name in names)
