-- name: delete_artifacts
-- Forget what was kept of one attempt.
DELETE FROM artifacts WHERE job_id = :job_id AND attempt = :attempt;

-- name: insert_artifact
-- A kept file, or why there is none; of two with one path the later stands.
INSERT OR REPLACE INTO artifacts (job_id, attempt, path, state, size, sha256, media_type, pattern, note)
VALUES (:job_id, :attempt, :path, :state, :size, :sha256, :media_type, :pattern, :note);

-- name: list_artifacts
-- All of a job, the last attempt first, then by path.
SELECT path, state, size, sha256, media_type, pattern, note, attempt
  FROM artifacts
 WHERE job_id = :job_id
 ORDER BY attempt DESC, path;

-- name: find_artifact
-- One path, from the last attempt that has it.
SELECT path, state, size, sha256, media_type, pattern, note, attempt
  FROM artifacts
 WHERE job_id = :job_id AND path = :path
 ORDER BY attempt DESC
 LIMIT 1;
