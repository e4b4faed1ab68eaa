-- One row a workflow's run, with what lists need of it; what belongs to an attempt stands in workflow_attempts. node_bytes are
-- those of its jobs' logs and artifacts; filed_version is the version its file in the home was written of.
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
    filed_version     INTEGER,
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
-- JSON: inputs, context and outputs objects, secrets and warnings arrays.
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
    cancel_forced  INTEGER NOT NULL CHECK (cancel_forced IN (0, 1)),
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
       w.max_parallel, w.concurrency_group, w.priority, w.tags, w.rerun_of,
       a.created_us AS attempt_created_us, a.started_us, a.deadline_us, a.file_name, a.source_digest, a.inputs, a.context,
       a.secrets, a.submitted_by, a.actor, a.outputs, a.warnings, a.failure, a.reason, a.critical_path, a.cancel,
       a.cancel_forced,
       (SELECT json_group_object(c.state, c.nodes) FROM workflow_node_counts AS c
         WHERE c.workflow_id = w.workflow_id AND c.attempt = w.attempt) AS counts
  FROM workflows AS w
  JOIN workflow_attempts AS a ON a.workflow_id = w.workflow_id AND a.number = w.attempt;

-- The node that a job runs: its run, its id, and the run's attempt; NULL for jobs of their own. No foreign key: a run that is
-- deleted is gone at once, its jobs some at a time.
ALTER TABLE jobs ADD COLUMN workflow_id TEXT;
ALTER TABLE jobs ADD COLUMN node_id TEXT;
ALTER TABLE jobs ADD COLUMN run_attempt INTEGER;

CREATE INDEX jobs_of_workflow ON jobs (workflow_id, created_us, job_id) WHERE workflow_id IS NOT NULL;

-- Lists leave jobs of workflows out, and so does what has to go: a run goes as a whole.
DROP INDEX jobs_by_status;
CREATE INDEX jobs_by_status ON jobs (status, created_us, job_id, name, image, submitted_by, workflow_id);
DROP INDEX jobs_by_name;
CREATE INDEX jobs_by_name ON jobs (name, status, created_us, job_id, image, submitted_by, workflow_id) WHERE name IS NOT NULL;
DROP INDEX runs_by_end;
CREATE INDEX runs_by_end ON jobs (finished_us, job_id, status, kept_bytes, workflow_id) WHERE finished_us IS NOT NULL;

-- Bytes of a run's jobs, as they become known.
CREATE TRIGGER workflow_weighed AFTER UPDATE OF kept_bytes ON jobs WHEN NEW.workflow_id IS NOT NULL BEGIN
    UPDATE workflows SET node_bytes = node_bytes + ifnull(NEW.kept_bytes, 0) - ifnull(OLD.kept_bytes, 0)
     WHERE workflow_id = NEW.workflow_id;
END;

DROP VIEW job_records;
CREATE VIEW job_records AS
SELECT j.job_id, j.status, j.created_us, j.queued_us, j.started_us, j.finished_us, j.not_before_us, j.attempt,
       j.version, j.exit_code, j.spec, j.failure, j.outputs, j.warnings, j.cancel_us, j.cancel_by, j.cancel_reason,
       j.cancel_grace_s, j.submitted_by, j.rerun_of, j.template, j.workflow_id, j.node_id, j.run_attempt,
       a.number, a.phase, a.container_name, a.container_id, a.image_digest, a.token,
       a.started_us AS attempt_started_us, a.finished_us AS attempt_finished_us, a.deadline_us, a.timeout_fired_us,
       a.exit_code AS attempt_exit_code, a.failure AS attempt_failure, a.steps, a.usage, a.log, a.services
  FROM jobs AS j
  LEFT JOIN attempts AS a ON a.job_id = j.job_id AND a.number = j.attempt;
