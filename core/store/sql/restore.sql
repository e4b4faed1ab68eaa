-- name: forget_identity
-- A database that is restored beside its origin is another one.
DELETE FROM meta WHERE key = 'home_id';

-- name: unfile_jobs
-- Documents of finished jobs are no part of a backup: they are written anew.
UPDATE jobs SET kept_bytes = NULL WHERE finished_us IS NOT NULL;

-- name: unfile_workflows
-- The same for runs of workflows.
UPDATE workflows SET filed_version = NULL WHERE finished_us IS NOT NULL;
