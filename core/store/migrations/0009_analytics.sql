-- The index of ended jobs holds all that figures are made of, so that a month of them is one walk.
DROP INDEX runs_by_end;
CREATE INDEX runs_by_end ON jobs (finished_us, job_id, status, kept_bytes, workflow_id, name, image, submitted_by, created_us,
                                  started_us, attempt, rerun_of)
 WHERE finished_us IS NOT NULL;
