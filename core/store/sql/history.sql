-- name: list_attempts
-- All tries at a job, the first one first.
SELECT number, phase, container_name, container_id, image_digest, token, started_us, finished_us, deadline_us,
       timeout_fired_us, exit_code, failure, steps, usage, log, services
  FROM attempts
 WHERE job_id = :job_id
 ORDER BY number;

-- name: list_transitions
-- A job's audit trail, oldest first.
SELECT at_us, event, before, after, by, why, attempt FROM transitions WHERE job_id = :job_id ORDER BY seq;
