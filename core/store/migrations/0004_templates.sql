-- Saved job requests with typed inputs, a row a version; the newest of a name is the template.
CREATE TABLE templates (
    name     TEXT NOT NULL,
    version  INTEGER NOT NULL CHECK (version >= 1),
    saved_us INTEGER NOT NULL,
    saved_by TEXT NOT NULL,
    spec     TEXT NOT NULL,                    -- JSON: the TemplateSpec
    PRIMARY KEY (name, version)
) STRICT;

-- Which template a job was filled from, as JSON; NULL for most.
ALTER TABLE jobs ADD COLUMN template TEXT;

DROP VIEW job_records;
CREATE VIEW job_records AS
SELECT j.job_id, j.status, j.created_us, j.queued_us, j.started_us, j.finished_us, j.not_before_us, j.attempt,
       j.version, j.exit_code, j.spec, j.failure, j.outputs, j.warnings, j.cancel_us, j.cancel_by, j.cancel_reason,
       j.cancel_grace_s, j.submitted_by, j.rerun_of, j.template,
       a.number, a.phase, a.container_name, a.container_id, a.image_digest, a.token,
       a.started_us AS attempt_started_us, a.finished_us AS attempt_finished_us, a.deadline_us, a.timeout_fired_us,
       a.exit_code AS attempt_exit_code, a.failure AS attempt_failure, a.steps, a.usage, a.log, a.services
  FROM jobs AS j
  LEFT JOIN attempts AS a ON a.job_id = j.job_id AND a.number = j.attempt;
