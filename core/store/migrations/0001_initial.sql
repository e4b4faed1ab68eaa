-- Jobs, what was tried, what was kept, and who asked.

-- Facts about this database itself, such as the id of its home.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) WITHOUT ROWID, STRICT;

-- One row a job. Times are microseconds since the epoch, in UTC.
CREATE TABLE jobs (
    job_id        TEXT PRIMARY KEY NOT NULL,
    status        TEXT NOT NULL CHECK (
        status = 'queued' OR status = 'running' OR status = 'success' OR status = 'failed' OR status = 'timed_out'
        OR status = 'cancelled'
    ),
    name          TEXT,
    image         TEXT NOT NULL,
    priority      INTEGER NOT NULL,
    slots         TEXT NOT NULL,               -- JSON object: named capacity it takes
    created_us    INTEGER NOT NULL,
    queued_us     INTEGER NOT NULL,
    started_us    INTEGER,
    finished_us   INTEGER,
    not_before_us INTEGER,
    attempt       INTEGER NOT NULL CHECK (attempt >= 0),
    version       INTEGER NOT NULL CHECK (version >= 1),
    exit_code     INTEGER,
    spec          TEXT NOT NULL,               -- JSON: the admitted JobSpec
    failure       TEXT,                        -- JSON object
    outputs       TEXT NOT NULL,               -- JSON object of texts
    warnings      TEXT NOT NULL,               -- JSON array of texts
    cancel_us     INTEGER,
    cancel_by     TEXT,
    cancel_reason TEXT,
    cancel_grace_s REAL,
    submitted_by  TEXT NOT NULL,
    rerun_of      TEXT,
    CHECK ((status IN ('queued', 'running')) = (finished_us IS NULL)),
    CHECK (status IN ('queued', 'cancelled') OR attempt >= 1),
    CHECK ((cancel_us IS NULL) = (cancel_by IS NULL) AND (cancel_us IS NULL) = (cancel_reason IS NULL))
) STRICT;

-- Lists merge one walk of these for each status they want, so no index without the status is needed.
CREATE INDEX jobs_by_status ON jobs (status, created_us, job_id);
CREATE INDEX jobs_by_name ON jobs (name, status, created_us, job_id) WHERE name IS NOT NULL;

-- How many jobs there are of each status: kept by triggers, since counting a million rows takes too long.
CREATE TABLE job_counts (
    status TEXT PRIMARY KEY NOT NULL,
    jobs   INTEGER NOT NULL CHECK (jobs >= 0)
) WITHOUT ROWID, STRICT;

INSERT INTO job_counts (status, jobs)
VALUES ('queued', 0), ('running', 0), ('success', 0), ('failed', 0), ('timed_out', 0), ('cancelled', 0);

CREATE TRIGGER job_counted AFTER INSERT ON jobs BEGIN
    UPDATE job_counts SET jobs = jobs + 1 WHERE status = NEW.status;
END;

CREATE TRIGGER job_recounted AFTER UPDATE OF status ON jobs BEGIN
    UPDATE job_counts SET jobs = jobs - 1 WHERE status = OLD.status;
    UPDATE job_counts SET jobs = jobs + 1 WHERE status = NEW.status;
END;

CREATE TRIGGER job_uncounted AFTER DELETE ON jobs BEGIN
    UPDATE job_counts SET jobs = jobs - 1 WHERE status = OLD.status;
END;

-- One row a try at a job, in one container.
CREATE TABLE attempts (
    job_id           TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
    number           INTEGER NOT NULL CHECK (number >= 1),
    phase            TEXT NOT NULL CHECK (
        phase = 'pulling' OR phase = 'creating' OR phase = 'starting' OR phase = 'running' OR phase = 'collecting'
        OR phase = 'removing' OR phase = 'done'
    ),
    container_name   TEXT NOT NULL,
    container_id     TEXT,
    image_digest     TEXT,
    token            TEXT NOT NULL,
    started_us       INTEGER,
    finished_us      INTEGER,
    deadline_us      INTEGER,
    timeout_fired_us INTEGER,
    exit_code        INTEGER,
    failure          TEXT,                     -- JSON object
    steps            TEXT NOT NULL,            -- JSON array
    usage            TEXT,                     -- JSON object
    log              TEXT NOT NULL,            -- JSON object: counts, not lines
    PRIMARY KEY (job_id, number)
) WITHOUT ROWID, STRICT;

CREATE INDEX attempts_unsettled ON attempts (job_id, number) WHERE phase <> 'done';

-- Every move of every job, in order.
CREATE TABLE transitions (
    job_id  TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
    seq     INTEGER NOT NULL CHECK (seq >= 1),
    at_us   INTEGER NOT NULL,
    event   TEXT,
    before  TEXT,
    after   TEXT NOT NULL,
    by      TEXT NOT NULL,
    why     TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    PRIMARY KEY (job_id, seq),
    CHECK ((event IS NULL) = (before IS NULL))
) WITHOUT ROWID, STRICT;

-- The spec's tags, to find jobs by; the time is the job's own, so that a page is one walk of the key.
CREATE TABLE job_tags (
    tag        TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    job_id     TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
    PRIMARY KEY (tag, created_us, job_id)
) WITHOUT ROWID, STRICT;

CREATE INDEX job_tags_of_job ON job_tags (job_id);

-- Files kept from containers, and why others were not.
CREATE TABLE artifacts (
    job_id     TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
    attempt    INTEGER NOT NULL CHECK (attempt >= 1),
    path       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('kept', 'missing', 'skipped')),
    size       INTEGER NOT NULL CHECK (size >= 0),
    sha256     TEXT NOT NULL,
    media_type TEXT NOT NULL,
    pattern    TEXT NOT NULL,
    note       TEXT NOT NULL,
    PRIMARY KEY (job_id, attempt, path),
    CHECK ((state = 'kept') = (sha256 <> ''))
) WITHOUT ROWID, STRICT;

-- Files sent in: the manifest; the bytes are in the home's uploads folder by their hash.
CREATE TABLE uploads (
    upload_id  TEXT PRIMARY KEY NOT NULL,
    created_us INTEGER NOT NULL,
    manifest   TEXT NOT NULL                   -- JSON array of InputFile
) STRICT;

-- Keys that make a submit repeatable.
CREATE TABLE idempotency (
    key        TEXT PRIMARY KEY NOT NULL,
    job_id     TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
    digest     TEXT NOT NULL,
    created_us INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

CREATE INDEX idempotency_of_job ON idempotency (job_id);

-- A job with its present attempt, in the order in which rows.py reads it.
CREATE VIEW job_records AS
SELECT j.job_id, j.status, j.created_us, j.queued_us, j.started_us, j.finished_us, j.not_before_us, j.attempt,
       j.version, j.exit_code, j.spec, j.failure, j.outputs, j.warnings, j.cancel_us, j.cancel_by, j.cancel_reason,
       j.cancel_grace_s, j.submitted_by, j.rerun_of,
       a.number, a.phase, a.container_name, a.container_id, a.image_digest, a.token,
       a.started_us AS attempt_started_us, a.finished_us AS attempt_finished_us, a.deadline_us, a.timeout_fired_us,
       a.exit_code AS attempt_exit_code, a.failure AS attempt_failure, a.steps, a.usage, a.log
  FROM jobs AS j
  LEFT JOIN attempts AS a ON a.job_id = j.job_id AND a.number = j.attempt;
