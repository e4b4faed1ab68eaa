-- The whole schema as the migrations leave it; a test builds it both ways and compares.
-- Words that may stand somewhere are compared one by one: for IN with more than two of them SQLite fills a table at every write.

-- Facts about this database itself, such as the id of its home.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) WITHOUT ROWID, STRICT;

-- One row a job. Times are microseconds since the epoch, in UTC; kept_bytes are those of its log and artifacts, NULL until its
-- files in the home are written; template is a JSON object, NULL for most; workflow_id, node_id and run_attempt name the node
-- that it runs, without a foreign key: a run that is deleted is gone at once, its jobs some at a time. (A column that was added
-- stands where SQLite puts it.)
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
    rerun_of      TEXT, kept_bytes INTEGER CHECK (kept_bytes >= 0), template TEXT, workflow_id TEXT, node_id TEXT, run_attempt INTEGER,
    CHECK ((status IN ('queued', 'running')) = (finished_us IS NULL)),
    CHECK (status IN ('queued', 'cancelled') OR attempt >= 1),
    CHECK ((cancel_us IS NULL) = (cancel_by IS NULL) AND (cancel_us IS NULL) = (cancel_reason IS NULL))
) STRICT;

-- Lists merge one walk of these for each status they want, so no index without the status is needed. A search for a text reads
-- these indexes alone, not the rows.
CREATE INDEX jobs_by_status ON jobs (status, created_us, job_id, name, image, submitted_by, workflow_id);
CREATE INDEX jobs_by_name ON jobs (name, status, created_us, job_id, image, submitted_by, workflow_id) WHERE name IS NOT NULL;
CREATE INDEX jobs_of_workflow ON jobs (workflow_id, created_us, job_id) WHERE workflow_id IS NOT NULL;

-- Runs in the order in which they have to go, and those whose files are not written yet.
CREATE INDEX runs_by_end ON jobs (finished_us, job_id, status, kept_bytes, workflow_id, name, image, submitted_by, created_us,
                                  started_us, attempt, rerun_of)
 WHERE finished_us IS NOT NULL;
CREATE INDEX runs_unfiled ON jobs (job_id) WHERE finished_us IS NOT NULL AND kept_bytes IS NULL;

-- Jobs that need uploaded files, to know which of those are needed by none.
CREATE INDEX jobs_with_files ON jobs (job_id) WHERE json_array_length(spec, '$.files') > 0;

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

-- One row a try at a job, in one container; services is a JSON array of the containers beside it. (As above, an added column stands
-- where SQLite puts it.)
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
    log              TEXT NOT NULL, services TEXT NOT NULL DEFAULT '[]',            -- JSON object: counts, not lines
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

-- Files kept from containers, and why others were not; expires_us is when the bytes are let go before their job is, NULL for
-- most.
CREATE TABLE artifacts (
    job_id     TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
    attempt    INTEGER NOT NULL CHECK (attempt >= 1),
    path       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('kept', 'missing', 'skipped')),
    size       INTEGER NOT NULL CHECK (size >= 0),
    sha256     TEXT NOT NULL,
    media_type TEXT NOT NULL,
    pattern    TEXT NOT NULL,
    note       TEXT NOT NULL, expires_us INTEGER,
    PRIMARY KEY (job_id, attempt, path),
    CHECK ((state = 'kept') = (sha256 <> ''))
) WITHOUT ROWID, STRICT;

CREATE INDEX artifacts_by_expiry ON artifacts (expires_us) WHERE expires_us IS NOT NULL;

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

-- Saved job requests and workflow files with typed inputs, a row a version; the newest of a name is the template.
CREATE TABLE templates (
    name     TEXT NOT NULL,
    version  INTEGER NOT NULL CHECK (version >= 1),
    saved_us INTEGER NOT NULL,
    saved_by TEXT NOT NULL,
    spec     TEXT NOT NULL,                    -- JSON: the TemplateSpec
    PRIMARY KEY (name, version)
) STRICT;

-- A job with its present attempt, in the order in which rows.py reads it.
CREATE VIEW job_records AS
SELECT j.job_id, j.status, j.created_us, j.queued_us, j.started_us, j.finished_us, j.not_before_us, j.attempt,
       j.version, j.exit_code, j.spec, j.failure, j.outputs, j.warnings, j.cancel_us, j.cancel_by, j.cancel_reason,
       j.cancel_grace_s, j.submitted_by, j.rerun_of, j.template, j.workflow_id, j.node_id, j.run_attempt,
       a.number, a.phase, a.container_name, a.container_id, a.image_digest, a.token,
       a.started_us AS attempt_started_us, a.finished_us AS attempt_finished_us, a.deadline_us, a.timeout_fired_us,
       a.exit_code AS attempt_exit_code, a.failure AS attempt_failure, a.steps, a.usage, a.log, a.services
  FROM jobs AS j
  LEFT JOIN attempts AS a ON a.job_id = j.job_id AND a.number = j.attempt;

-- One row a workflow's run, with what lists need of it; what belongs to an attempt stands in workflow_attempts. node_bytes are
-- those of its jobs' logs and artifacts; filed_version is the version its file in the home was written of; template is a JSON
-- object, NULL for most.
CREATE TABLE workflows (
    workflow_id       TEXT PRIMARY KEY NOT NULL,
    status            TEXT NOT NULL CHECK (
        status = 'pending' OR status = 'running' OR status = 'success' OR status = 'failed' OR status = 'partial'
        OR status = 'cancelled'
    ),
    name              TEXT NOT NULL,
    run_name          TEXT NOT NULL,
    run_number        INTEGER NOT NULL CHECK (run_number >= 1),
    attempt           INTEGER NOT NULL CHECK (attempt >= 1),
    version           INTEGER NOT NULL CHECK (version >= 1),
    created_us        INTEGER NOT NULL,
    finished_us       INTEGER,
    max_parallel      INTEGER,
    concurrency_group TEXT NOT NULL,
    priority          INTEGER NOT NULL,
    tags              TEXT,                    -- JSON array of texts
    submitted_by      TEXT NOT NULL,
    rerun_of          TEXT,
    node_bytes        INTEGER NOT NULL DEFAULT 0,
    filed_version     INTEGER, template TEXT,
    CHECK ((status IN ('pending', 'running')) = (finished_us IS NULL))
) STRICT;

CREATE INDEX workflows_by_status ON workflows (status, created_us, workflow_id, name, run_name, submitted_by);
CREATE INDEX workflows_by_name ON workflows (name, status, created_us, workflow_id, run_name, submitted_by);
CREATE INDEX workflows_by_end ON workflows (finished_us, workflow_id, status, node_bytes) WHERE finished_us IS NOT NULL;
CREATE INDEX workflows_unfiled ON workflows (workflow_id)
 WHERE finished_us IS NOT NULL AND (filed_version IS NULL OR filed_version <> version);

-- How many runs there are of each status.
CREATE TABLE workflow_counts (
    status    TEXT PRIMARY KEY NOT NULL,
    workflows INTEGER NOT NULL CHECK (workflows >= 0)
) WITHOUT ROWID, STRICT;

INSERT INTO workflow_counts (status, workflows)
VALUES ('pending', 0), ('running', 0), ('success', 0), ('failed', 0), ('partial', 0), ('cancelled', 0);

CREATE TRIGGER workflow_counted AFTER INSERT ON workflows BEGIN
    UPDATE workflow_counts SET workflows = workflows + 1 WHERE status = NEW.status;
END;

CREATE TRIGGER workflow_recounted AFTER UPDATE OF status ON workflows WHEN NEW.status <> OLD.status BEGIN
    UPDATE workflow_counts SET workflows = workflows - 1 WHERE status = OLD.status;
    UPDATE workflow_counts SET workflows = workflows + 1 WHERE status = NEW.status;
END;

CREATE TRIGGER workflow_uncounted AFTER DELETE ON workflows BEGIN
    UPDATE workflow_counts SET workflows = workflows - 1 WHERE status = OLD.status;
END;

-- The last number that a run of a workflow of this name got.
CREATE TABLE workflow_numbers (
    name TEXT PRIMARY KEY NOT NULL,
    last INTEGER NOT NULL CHECK (last >= 1)
) WITHOUT ROWID, STRICT;

-- One row an attempt at a run; the run's columns in workflows are those of its last one. Columns without a remark that hold
-- JSON: inputs, context and outputs objects, secrets, warnings and services arrays.
CREATE TABLE workflow_attempts (
    workflow_id    TEXT NOT NULL REFERENCES workflows ON DELETE CASCADE,
    number         INTEGER NOT NULL CHECK (number >= 1),
    status         TEXT NOT NULL CHECK (
        status = 'pending' OR status = 'running' OR status = 'success' OR status = 'failed' OR status = 'partial'
        OR status = 'cancelled'
    ),
    created_us     INTEGER NOT NULL,
    started_us     INTEGER,
    finished_us    INTEGER,
    deadline_us    INTEGER,
    file_name      TEXT NOT NULL,
    source_digest  TEXT NOT NULL,
    source_attempt INTEGER NOT NULL,           -- the attempt that brought the source
    inputs         TEXT,
    context        TEXT,
    secrets        TEXT,
    submitted_by   TEXT NOT NULL,
    actor          TEXT NOT NULL,
    selection      TEXT NOT NULL,              -- what was to run again, in words
    outputs        TEXT,
    warnings       TEXT,
    failure        TEXT,                       -- JSON object
    reason         TEXT,                       -- JSON object
    critical_path  TEXT,                       -- JSON array of pairs
    cancel         TEXT,                       -- JSON object
    cancel_forced  INTEGER NOT NULL CHECK (cancel_forced IN (0, 1)), services TEXT,
    PRIMARY KEY (workflow_id, number),
    CHECK ((status IN ('pending', 'running')) = (finished_us IS NULL))
) WITHOUT ROWID, STRICT;

-- What attempts were made from: texts as they were submitted, and the canonical form.
CREATE TABLE workflow_sources (
    workflow_id TEXT NOT NULL REFERENCES workflows ON DELETE CASCADE,
    attempt     INTEGER NOT NULL,
    text        TEXT NOT NULL,
    files       TEXT,                          -- JSON object: texts of the files it calls, by path
    spec        TEXT,                          -- JSON object
    PRIMARY KEY (workflow_id, attempt)
) STRICT;

-- One row a node of an attempt. What is NULL is absent or empty; state is the status, or that it failed and was tolerated.
CREATE TABLE workflow_nodes (
    workflow_id       TEXT NOT NULL REFERENCES workflows ON DELETE CASCADE,
    attempt           INTEGER NOT NULL,
    node_id           TEXT NOT NULL,
    job               TEXT NOT NULL,
    status            TEXT NOT NULL CHECK (
        status = 'waiting' OR status = 'running' OR status = 'success' OR status = 'failed' OR status = 'timed_out'
        OR status = 'cancelled' OR status = 'skipped'
    ),
    version           INTEGER NOT NULL,
    name              TEXT NOT NULL,
    position          INTEGER NOT NULL,
    variant           TEXT,                    -- JSON object
    is_finally        INTEGER NOT NULL CHECK (is_finally IN (0, 1)),
    needs             TEXT,                    -- JSON array of ids
    outcome           TEXT CHECK (
        outcome = 'success' OR outcome = 'failure' OR outcome = 'timed_out' OR outcome = 'cancelled'
        OR outcome = 'skipped'
    ),
    result            TEXT CHECK (
        result = 'success' OR result = 'failure' OR result = 'cancelled' OR result = 'skipped'
    ),
    reason            TEXT,                    -- JSON object
    condition         TEXT,                    -- JSON object
    failure           TEXT,                    -- JSON object
    exit_code         INTEGER,
    job_id            TEXT,
    tries             TEXT,                    -- JSON array of objects
    retry_us          INTEGER,
    started_us        INTEGER,
    finished_us       INTEGER,
    outputs           TEXT,                    -- JSON object of texts
    artifacts         INTEGER NOT NULL,
    tail              TEXT,                    -- JSON array of lines
    warnings          TEXT,                    -- JSON array of texts
    fingerprint       TEXT NOT NULL,
    fingerprint_parts TEXT,                    -- JSON object of texts
    kept_from         TEXT,                    -- JSON object
    cancel            TEXT,                    -- JSON object
    state             TEXT GENERATED ALWAYS AS (
        iif(result = 'success' AND status IN ('failed', 'timed_out'), 'tolerated', status)
    ) VIRTUAL,
    PRIMARY KEY (workflow_id, attempt, node_id),
    CHECK ((status IN ('waiting', 'running')) = (finished_us IS NULL)),
    CHECK ((result IS NULL) = (finished_us IS NULL) AND (outcome IS NULL) = (finished_us IS NULL))
) STRICT;

CREATE INDEX workflow_nodes_by_version ON workflow_nodes (workflow_id, attempt, version);

-- How many nodes of an attempt there are of each state.
CREATE TABLE workflow_node_counts (
    workflow_id TEXT NOT NULL REFERENCES workflows ON DELETE CASCADE,
    attempt     INTEGER NOT NULL,
    state       TEXT NOT NULL,
    nodes       INTEGER NOT NULL CHECK (nodes >= 0),
    PRIMARY KEY (workflow_id, attempt, state)
) WITHOUT ROWID, STRICT;

CREATE TRIGGER workflow_node_counted AFTER INSERT ON workflow_nodes BEGIN
    INSERT INTO workflow_node_counts (workflow_id, attempt, state, nodes)
    VALUES (NEW.workflow_id, NEW.attempt, NEW.state, 1)
        ON CONFLICT (workflow_id, attempt, state) DO UPDATE SET nodes = nodes + 1;
END;

CREATE TRIGGER workflow_node_recounted AFTER UPDATE OF status, result ON workflow_nodes WHEN NEW.state <> OLD.state BEGIN
    UPDATE workflow_node_counts SET nodes = nodes - 1
     WHERE workflow_id = OLD.workflow_id AND attempt = OLD.attempt AND state = OLD.state;
    INSERT INTO workflow_node_counts (workflow_id, attempt, state, nodes)
    VALUES (NEW.workflow_id, NEW.attempt, NEW.state, 1)
        ON CONFLICT (workflow_id, attempt, state) DO UPDATE SET nodes = nodes + 1;
END;

CREATE TRIGGER workflow_node_uncounted AFTER DELETE ON workflow_nodes BEGIN
    UPDATE workflow_node_counts SET nodes = nodes - 1
     WHERE workflow_id = OLD.workflow_id AND attempt = OLD.attempt AND state = OLD.state;
END;

-- Every move of every run and node, in order; an empty node_id stands for the run.
CREATE TABLE workflow_changes (
    workflow_id TEXT NOT NULL REFERENCES workflows ON DELETE CASCADE,
    seq         INTEGER NOT NULL CHECK (seq >= 1),
    at_us       INTEGER NOT NULL,
    attempt     INTEGER NOT NULL,
    node_id     TEXT NOT NULL,
    event       TEXT,
    before      TEXT,
    after       TEXT NOT NULL,
    by          TEXT NOT NULL,
    why         TEXT NOT NULL,
    PRIMARY KEY (workflow_id, seq),
    CHECK ((event IS NULL) = (before IS NULL))
) WITHOUT ROWID, STRICT;

-- A run's tags, to find it by; the time is the run's own, so that a page is one walk of the key.
CREATE TABLE workflow_tags (
    tag         TEXT NOT NULL,
    created_us  INTEGER NOT NULL,
    workflow_id TEXT NOT NULL REFERENCES workflows ON DELETE CASCADE,
    PRIMARY KEY (tag, created_us, workflow_id)
) WITHOUT ROWID, STRICT;

CREATE INDEX workflow_tags_of_workflow ON workflow_tags (workflow_id);

-- Keys that make a submit or a rerun of a workflow repeatable.
CREATE TABLE workflow_keys (
    key         TEXT PRIMARY KEY NOT NULL,
    workflow_id TEXT NOT NULL REFERENCES workflows ON DELETE CASCADE,
    digest      TEXT NOT NULL,
    created_us  INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

CREATE INDEX workflow_keys_of_workflow ON workflow_keys (workflow_id);

-- Who holds a concurrency group and who waits for it, in the order in which they came; an empty node_id stands for the run.
CREATE TABLE workflow_groups (
    seq         INTEGER PRIMARY KEY NOT NULL,
    name        TEXT NOT NULL,
    workflow_id TEXT NOT NULL REFERENCES workflows ON DELETE CASCADE,
    node_id     TEXT NOT NULL,
    is_holder   INTEGER NOT NULL CHECK (is_holder IN (0, 1)),
    since_us    INTEGER NOT NULL,
    UNIQUE (name, workflow_id, node_id)
) STRICT;

CREATE INDEX workflow_groups_of_workflow ON workflow_groups (workflow_id);

-- A run with its present attempt, in the order in which workflow_rows.py reads it.
CREATE VIEW workflow_records AS
SELECT w.workflow_id, w.status, w.name, w.run_name, w.run_number, w.attempt, w.version, w.created_us, w.finished_us,
       w.max_parallel, w.concurrency_group, w.priority, w.tags, w.rerun_of, w.template,
       a.created_us AS attempt_created_us, a.started_us, a.deadline_us, a.file_name, a.source_digest, a.inputs, a.context,
       a.secrets, a.submitted_by, a.actor, a.outputs, a.warnings, a.failure, a.reason, a.critical_path, a.cancel,
       a.cancel_forced, a.services,
       (SELECT json_group_object(c.state, c.nodes) FROM workflow_node_counts AS c
         WHERE c.workflow_id = w.workflow_id AND c.attempt = w.attempt) AS counts
  FROM workflows AS w
  JOIN workflow_attempts AS a ON a.workflow_id = w.workflow_id AND a.number = w.attempt;

-- Bytes of a run's jobs, as they become known.
CREATE TRIGGER workflow_weighed AFTER UPDATE OF kept_bytes ON jobs WHEN NEW.workflow_id IS NOT NULL BEGIN
    UPDATE workflows SET node_bytes = node_bytes + ifnull(NEW.kept_bytes, 0) - ifnull(OLD.kept_bytes, 0)
     WHERE workflow_id = NEW.workflow_id;
END;
