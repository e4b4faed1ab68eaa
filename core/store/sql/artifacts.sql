-- name: delete_artifacts
-- Forget what was kept of one attempt.
DELETE FROM artifacts WHERE job_id = :job_id AND attempt = :attempt;

-- name: insert_artifact
-- A kept file, or why there is none; of two with one path the later stands.
INSERT OR REPLACE INTO artifacts (job_id, attempt, path, state, size, sha256, media_type, pattern, note, expires_us)
VALUES (:job_id, :attempt, :path, :state, :size, :sha256, :media_type, :pattern, :note, :expires_us);

-- name: list_artifacts
-- All of a job, the last attempt first, then by path.
SELECT path, state, size, sha256, media_type, pattern, note, attempt, expires_us
  FROM artifacts
 WHERE job_id = :job_id
 ORDER BY attempt DESC, path;

-- name: find_artifact
-- One path, from the last attempt that has it.
SELECT path, state, size, sha256, media_type, pattern, note, attempt, expires_us
  FROM artifacts
 WHERE job_id = :job_id AND path = :path
 ORDER BY attempt DESC
 LIMIT 1;

-- name: expired_artifacts
-- Some of the files whose time has passed.
SELECT job_id, attempt, path, sha256 FROM artifacts INDEXED BY artifacts_by_expiry WHERE expires_us <= :now_us LIMIT :count;

-- name: forget_bytes
-- Let go of a kept file, of which the record stays.
UPDATE artifacts
   SET state = 'skipped', size = 0, sha256 = '', media_type = '', note = :note, expires_us = NULL
 WHERE job_id = :job_id AND attempt = :attempt AND path = :path;

-- name: kept_with_bytes
-- Whether a kept file of a job has these bytes.
SELECT EXISTS (SELECT 1 FROM artifacts WHERE job_id = :job_id AND sha256 = :sha256);
