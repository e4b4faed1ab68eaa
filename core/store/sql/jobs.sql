-- name: before_jobs
-- How many jobs wait, and those of a JSON array of ids that there are, as an array.
SELECT (SELECT jobs FROM job_counts WHERE status = 'queued'),
       (SELECT json_group_array(job_id) FROM jobs WHERE job_id IN (SELECT value FROM json_each(:job_ids)));

-- name: insert_job
-- A job that was accepted.
INSERT INTO jobs (job_id, status, name, image, priority, slots, created_us, queued_us, attempt, version, spec, outputs,
                  warnings, submitted_by, rerun_of, template, workflow_id, node_id, run_attempt)
VALUES (:job_id, 'queued', :name, :image, :priority, :slots, :created_us, :created_us, 0, 1, :spec, '{}',
        :warnings, :by, :rerun_of, :template, :workflow_id, :node_id, :run_attempt);

-- name: insert_tag
-- One of a job's tags.
INSERT INTO job_tags (tag, created_us, job_id) VALUES (:tag, :created_us, :job_id);

-- name: insert_first_transition
-- A job's creation in its audit trail.
INSERT INTO transitions (job_id, seq, at_us, after, by, why, attempt)
VALUES (:job_id, 1, :at_us, 'queued', :by, '', 0);

-- name: insert_transition
-- A move in a job's audit trail.
INSERT INTO transitions (job_id, seq, at_us, event, before, after, by, why, attempt)
VALUES (:job_id, (SELECT max(seq) + 1 FROM transitions WHERE job_id = :job_id), :at_us, :event, :before, :after, :by,
        :why, :attempt);

-- name: find_idempotency
-- What a key was used for.
SELECT job_id, digest FROM idempotency WHERE key = :key;

-- name: insert_idempotency
-- A key's first use.
INSERT INTO idempotency (key, job_id, digest, created_us) VALUES (:key, :job_id, :digest, :created_us);

-- name: move_job
-- A job's move, with what else changes about it; no row if another change came first.
UPDATE jobs
   SET status = :status, queued_us = :queued_us, finished_us = :finished_us, started_us = :started_us,
       not_before_us = :not_before_us, attempt = :attempt, version = :version, exit_code = :exit_code,
       failure = :failure, outputs = :outputs, warnings = :warnings
 WHERE job_id = :job_id AND version = :version - 1;

-- name: update_job
-- What may change about a job beside its status; no row if another change came first.
UPDATE jobs
   SET started_us = :started_us, not_before_us = :not_before_us, attempt = :attempt, version = :version,
       exit_code = :exit_code, failure = :failure, outputs = :outputs, warnings = :warnings
 WHERE job_id = :job_id AND version = :version - 1;

-- name: touch_job
-- A change of what belongs to a job; no row if another change came first.
UPDATE jobs SET version = :version WHERE job_id = :job_id AND version = :version - 1;

-- name: update_cancel
-- Somebody's request to stop a job.
UPDATE jobs
   SET version = :version, cancel_us = :cancel_us, cancel_by = :cancel_by, cancel_reason = :cancel_reason,
       cancel_grace_s = :cancel_grace_s
 WHERE job_id = :job_id;

-- name: insert_attempt
-- A try at a job that begins.
INSERT INTO attempts (job_id, number, phase, container_name, container_id, image_digest, token, started_us, finished_us,
                      deadline_us, timeout_fired_us, exit_code, failure, steps, usage, log, services)
VALUES (:job_id, :number, :phase, :container_name, :container_id, :image_digest, :token, :started_us, :finished_us,
        :deadline_us, :timeout_fired_us, :exit_code, :failure, :steps, :usage, :log, :services);

-- name: update_attempt
-- What became of a try so far.
UPDATE attempts
   SET phase = :phase, container_id = :container_id, image_digest = :image_digest, started_us = :started_us,
       finished_us = :finished_us, deadline_us = :deadline_us, timeout_fired_us = :timeout_fired_us,
       exit_code = :exit_code, failure = :failure, steps = :steps, usage = :usage, log = :log, services = :services
 WHERE job_id = :job_id AND number = :number;

-- name: update_phase
-- How far a try is.
UPDATE attempts SET phase = :phase, container_id = :container_id WHERE job_id = :job_id AND number = :number;
