"""Migrations: numbered SQL files, each applied in one transaction that also sets the version.

``user_version`` holds the number of the last file applied, ``application_id`` says that the file is ours.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

from core.errors import SchemaTooNewError, StoreDamagedError

if TYPE_CHECKING:
    import sqlite3

APPLICATION_ID: Final = 0x4F726361
"""``Orca``, so that `file` and others can tell our databases from other ones."""

_FILE: Final = re.compile(r"([0-9]{4})_[a-z0-9_]+\.sql")


class Migration(NamedTuple):
    """One step of the schema."""

    number: int
    sql: str


def _load() -> tuple[Migration, ...]:
    named = sorted((file.name, file) for file in files("core.store").joinpath("migrations").iterdir())
    steps = [
        Migration(int(match[1]), file.read_text("utf-8")) for name, file in named if (match := _FILE.fullmatch(name))
    ]
    if [step.number for step in steps] != list(range(1, len(steps) + 1)):
        raise ValueError("migrations are numbered 0001, 0002, … without a gap")
    return tuple(steps)


MIGRATIONS: Final = _load()
"""All steps, in order, numbered from 1 without a gap."""


def check_schema(connection: sqlite3.Connection) -> int:
    """Read the schema's version without changing anything.

    Returns:
        The version; 0 for a database that is empty.

    Raises:
        StoreDamagedError: The database holds something that is not ours.
        SchemaTooNewError: A newer OrcaOps wrote it.
        sqlite3.DatabaseError: The file is not a database, or damaged.
    """
    application = _number(connection, "PRAGMA application_id")
    version = _number(connection, "PRAGMA user_version")
    tables = _number(connection, "SELECT count(*) FROM sqlite_schema")
    if application != APPLICATION_ID and (tables or application or version):
        raise StoreDamagedError("The database belongs to another application.")
    known = len(MIGRATIONS)
    if version > known:
        raise SchemaTooNewError(
            f"The database was written by a newer OrcaOps: its schema is version {version}, this one knows {known}."
        )
    return version


def migrate(connection: sqlite3.Connection, steps: tuple[Migration, ...] = MIGRATIONS) -> None:
    """Bring a checked database to the newest schema.

    Args:
        connection: In autocommit mode, outside a transaction.
        steps: All migrations; those applied already are passed over.

    Raises:
        sqlite3.Error: A step failed; it left nothing behind.
    """
    version = _number(connection, "PRAGMA user_version")
    for step in steps[version:]:
        head = f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {step.number};"
        try:
            connection.executescript(f"{head}\n{step.sql}\nCOMMIT;")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _number(connection: sqlite3.Connection, sql: str) -> int:
    value: int = connection.execute(sql).fetchone()[0]
    return value
