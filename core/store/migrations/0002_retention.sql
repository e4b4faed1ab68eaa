-- Bytes of a run's log and artifacts, known once its files in the home are written; NULL until then.
ALTER TABLE jobs ADD COLUMN kept_bytes INTEGER CHECK (kept_bytes >= 0);

-- A search for a text reads these indexes alone, not the rows.
DROP INDEX jobs_by_status;
CREATE INDEX jobs_by_status ON jobs (status, created_us, job_id, name, image, submitted_by);
DROP INDEX jobs_by_name;
CREATE INDEX jobs_by_name ON jobs (name, status, created_us, job_id, image, submitted_by) WHERE name IS NOT NULL;

-- Runs in the order in which they have to go, and those whose files are not written yet.
CREATE INDEX runs_by_end ON jobs (finished_us, job_id, status, kept_bytes) WHERE finished_us IS NOT NULL;
CREATE INDEX runs_unfiled ON jobs (job_id) WHERE finished_us IS NOT NULL AND kept_bytes IS NULL;

-- Jobs that need uploaded files, to know which of those are needed by none.
CREATE INDEX jobs_with_files ON jobs (job_id) WHERE json_array_length(spec, '$.files') > 0;
