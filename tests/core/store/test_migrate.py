from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from core.lifecycle.job import JobPhase, JobStatus
from core.lifecycle.workflow import NodeStatus, Outcome, Result, WorkflowStatus
from core.store.migrate import APPLICATION_ID, MIGRATIONS, Migration, check_schema, migrate
from core.store.queries import QueryFile
from core.store.rows import AttemptRow, JobRow

if TYPE_CHECKING:
    from collections.abc import Iterable

_FIRST = Migration(1, "CREATE TABLE first (x);")
_BROKEN = Migration(2, "CREATE TABLE second (x);\nCREATE TABLE second (x);")
_JOB = """
INSERT INTO jobs (job_id, status, image, priority, slots, created_us, queued_us, finished_us, attempt, version, spec,
                  outputs, warnings, submitted_by)
VALUES ('job', ?, 'image', 0, '{}', 1, 1, ?, 1, 1, '{}', '{}', '[]', 'me')
"""

_ROWS = """
INSERT INTO jobs (job_id, status, image, priority, slots, created_us, queued_us, attempt, version, spec, outputs,
                  warnings, submitted_by)
VALUES ('job', 'running', 'image', 0, '{}', 1, 1, 1, 1, '{}', '{}', '[]', 'me');
INSERT INTO attempts (job_id, number, phase, container_name, token, steps, log)
VALUES ('job', 1, 'pulling', 'c', 't', '[]', '{}');
INSERT INTO workflows (workflow_id, status, name, run_name, run_number, attempt, version, created_us, concurrency_group,
                       priority, submitted_by)
VALUES ('run', 'running', 'name', '', 1, 1, 1, 1, '', 0, 'me');
INSERT INTO workflow_attempts (workflow_id, number, status, created_us, file_name, source_digest, source_attempt,
                               submitted_by, actor, selection, cancel_forced)
VALUES ('run', 1, 'running', 1, '', '', 1, 'me', '', '', 0);
INSERT INTO workflow_nodes (workflow_id, attempt, node_id, job, status, version, name, position, is_finally, artifacts,
                            fingerprint)
VALUES ('run', 1, 'node', 'node', 'running', 1, '', 0, 0, 0, '');
"""
_END_NODE = "UPDATE workflow_nodes SET status = STATUS, outcome = OUTCOME, result = RESULT, finished_us = 1"
_OPEN = [status for status in NodeStatus if not status.is_terminal]
_JOB_WRITES = ("insert_job", "move_job", "update_job", "touch_job", "insert_attempt", "update_attempt", "update_phase")
_NODE_WRITES = ("insert_node", "update_node", "update_node_course")


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


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE jobs SET status = ?, finished_us = iif(?1 IN ('queued', 'running'), NULL, 1)", JobStatus),
        ("UPDATE attempts SET phase = ?", JobPhase),
        (
            "UPDATE workflow_attempts SET status = ?, finished_us = iif(?1 IN ('pending', 'running'), NULL, 1)",
            WorkflowStatus,
        ),
        ("UPDATE workflows SET status = ?, finished_us = iif(?1 IN ('pending', 'running'), NULL, 1)", WorkflowStatus),
        ("UPDATE workflow_nodes SET status = ?, finished_us = NULL, outcome = NULL, result = NULL", _OPEN),
        (_END_NODE.replace("STATUS", "?"), [each for each in NodeStatus if each.is_terminal]),
        (_END_NODE.replace("OUTCOME", "?"), Outcome),
        (_END_NODE.replace("RESULT", "?"), Result),
    ],
)
def test_what_a_row_is_may_be_every_word_there_is_and_no_other(change: str, words: Iterable[str]) -> None:
    change = change.replace("STATUS", "'failed'").replace("OUTCOME", "'failure'").replace("RESULT", "'failure'")
    with closing(_in_memory()) as connection:
        migrate(connection)
        connection.executescript(_ROWS)
        for word in words:
            connection.execute(change, (word,))
        for wrong in ("", "SUCCESS", "ended"):
            with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed"):
                connection.execute(change, (wrong,))


def test_no_write_to_a_job_or_a_node_fills_a_table_to_compare_words_with() -> None:
    with closing(_in_memory()) as connection:
        migrate(connection)
        for name, queries in (("jobs", _JOB_WRITES), ("nodes", _NODE_WRITES)):
            for query in map(QueryFile(name).take, queries):
                plan = connection.execute(f"EXPLAIN {query.sql}", [None] * query.sql.count("?"))
                assert "OpenEphemeral" not in {step[1] for step in plan}, query.name
