from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib.resources import files

import pytest

from core.lifecycle.job import JobPhase, JobStatus
from core.store.migrate import APPLICATION_ID, MIGRATIONS, Migration, check_schema, migrate
from core.store.rows import AttemptRow, JobRow

_FIRST = Migration(1, "CREATE TABLE first (x);")
_BROKEN = Migration(2, "CREATE TABLE second (x);\nCREATE TABLE second (x);")
_JOB = """
INSERT INTO jobs (job_id, status, image, priority, slots, created_us, queued_us, finished_us, attempt, version, spec,
                  outputs, warnings, submitted_by)
VALUES ('job', ?, 'image', 0, '{}', 1, 1, ?, 1, 1, '{}', '{}', '[]', 'me')
"""


def _in_memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


def _everything(connection: sqlite3.Connection) -> tuple[list[object], list[object]]:
    objects = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name").fetchall()
    return objects, connection.execute("SELECT * FROM job_counts").fetchall()


def test_the_schema_file_and_the_migrations_make_the_same_database() -> None:
    with closing(_in_memory()) as by_schema, closing(_in_memory()) as by_migrations:
        by_schema.executescript(files("core.store").joinpath("sql", "schema.sql").read_text())
        migrate(by_migrations)
        assert _everything(by_schema) == _everything(by_migrations)


def test_migrating_sets_version_and_owner_and_is_done_once() -> None:
    with closing(_in_memory()) as connection:
        assert check_schema(connection) == 0
        migrate(connection)
        migrate(connection)
        assert check_schema(connection) == len(MIGRATIONS)
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_a_step_that_fails_leaves_the_version_before_it() -> None:
    with closing(_in_memory()) as connection:
        with pytest.raises(sqlite3.OperationalError, match="already exists"):
            migrate(connection, (_FIRST, _BROKEN))
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("first",)]
        assert not connection.in_transaction


def test_the_view_of_jobs_has_the_columns_that_rows_expects() -> None:
    with closing(_in_memory()) as connection:
        migrate(connection)
        columns = [column[0] for column in connection.execute("SELECT * FROM job_records").description]
    attempt = [f"attempt_{name}" if name in JobRow._fields else name for name in AttemptRow._fields]
    assert columns == [*JobRow._fields, *attempt]


@pytest.mark.parametrize("status", JobStatus)
def test_a_finishing_time_belongs_to_the_final_statuses_and_to_no_other(status: JobStatus) -> None:
    fitting, wrong = (2, None) if status.is_terminal else (None, 2)
    with closing(_in_memory()) as connection:
        migrate(connection)
        with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed"):
            connection.execute(_JOB, (status, wrong))
        connection.execute(_JOB, (status, fitting))


def test_the_schema_knows_every_phase() -> None:
    with closing(_in_memory()) as connection:
        migrate(connection)
        sql = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'attempts'").fetchone()[0]
    assert all(f"'{phase}'" in sql for phase in JobPhase)
