from __future__ import annotations

import re
import sqlite3
from importlib import import_module
from importlib.resources import files

import pytest

from core.store.queries import QueryFile

_MODULES = (
    "analytics",
    "artifacts",
    "backup",
    "changes",
    "export",
    "home",
    "jobs",
    "listing",
    "node_changes",
    "past",
    "restore",
    "retention",
    "templates",
    "uploads",
    "workflow_changes",
    "workflow_export",
    "workflow_groups",
    "workflow_jobs",
    "workflow_listing",
    "workflow_past",
)
_TWO = "-- name: one\n-- Says one.\nSELECT 1;\n\n-- name: twice\n-- Doubles\n-- a number.\nSELECT 2 * :number;\n"


def _queries_of_every_module() -> dict[str, QueryFile]:
    found = [vars(import_module(f"core.store.{module}"))["_SQL"] for module in _MODULES]
    return {queries.stem: queries for queries in found}


def test_every_query_has_a_sentence_and_is_used() -> None:
    for queries in _queries_of_every_module().values():
        assert set(queries.queries) == queries.taken
        assert all(query.sentence.endswith(".") for query in queries.queries.values())


def test_every_sql_file_but_the_schema_is_loaded() -> None:
    on_disk = {file.name for file in files("core.store").joinpath("sql").iterdir()}
    assert on_disk == {f"{stem}.sql" for stem in _queries_of_every_module()} | {"schema.sql"}


def test_sql_is_written_nowhere_else() -> None:
    statement = re.compile(r"\b(SELECT .+ FROM|INSERT (OR \w+ )?INTO|UPDATE \w+ SET|DELETE FROM)\b")
    found = {
        file.name
        for file in files("core.store").iterdir()
        if file.name.endswith(".py") and statement.search(file.read_text())
    }
    assert found <= {"migrate.py"}  # asks SQLite for its own table of contents


def test_a_query_takes_exactly_the_values_it_names() -> None:
    connection = sqlite3.connect(":memory:")
    twice = QueryFile("made_up", _TWO).take("twice")
    assert twice.sentence == "Doubles a number."
    assert twice.run(connection, number=4).fetchone() == (8,)
    with pytest.raises(TypeError, match=r"missing \['number'\], unknown \[\]"):
        twice.run(connection)
    with pytest.raises(TypeError, match=r"missing \[\], unknown \['digit'\]"):
        twice.run(connection, number=4, digit=1)
    with pytest.raises(TypeError, match="missing"):
        twice.run_many(connection, [{"number": 1}, {}])
    connection.close()


def test_a_query_that_is_not_there_fails_when_it_is_taken() -> None:
    with pytest.raises(LookupError, match=r"sql/made_up\.sql has no query named three"):
        QueryFile("made_up", _TWO).take("three")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (_TWO + _TWO, "doubled"),
        ("-- name: two words\n-- S.\nSELECT 1;", "not a name"),
        ("-- name: bare\nSELECT 1;", "needs a sentence"),
        ("-- name: open\n-- S.\nSELECT 1", "one statement"),
        ("-- name: both\n-- S.\nSELECT 1; SELECT 2;", "one statement"),
        ("SELECT 0;\n" + _TWO, "before the first"),
    ],
)
def test_a_malformed_file_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        QueryFile("made_up", text)
