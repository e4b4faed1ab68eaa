-- name: insert_past_job
-- A job as it ended.
INSERT INTO jobs (job_id, status, name, image, priority, slots, created_us, queued_us, started_us, finished_us, attempt,
                  version, exit_code, spec, failure, outputs, warnings, cancel_us, cancel_by, cancel_reason,
                  cancel_grace_s, submitted_by, rerun_of, template, workflow_id, node_id, run_attempt, kept_bytes)
VALUES (:job_id, :status, :name, :image, :priority, :slots, :created_us, :queued_us, :started_us, :finished_us, :attempt,
        :version, :exit_code, :spec, :failure, :outputs, :warnings, :cancel_us, :cancel_by, :cancel_reason,
        :cancel_grace_s, :submitted_by, :rerun_of, :template, :workflow_id, :node_id, :run_attempt, :kept_bytes);

-- name: insert_past_transition
-- A line of its audit trail.
INSERT INTO transitions (job_id, seq, at_us, event, before, after, by, why, attempt)
VALUES (:job_id, :seq, :at_us, :event, :before, :after, :by, :why, :attempt);
