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

-- name: newest_artifacts
-- Kept files of all jobs behind a place, those of the newest jobs first, with what their jobs are called; with a text in the
-- path, the job's name or its id, if given.
SELECT a.path, a.state, a.size, a.sha256, a.media_type, a.pattern, a.note, a.attempt, a.expires_us,
       a.job_id, j.name, j.image, j.created_us
  FROM artifacts AS a
 CROSS JOIN jobs AS j ON j.job_id = a.job_id
 WHERE (a.job_id, a.attempt, a.path) < (:job_id, :attempt, :path) AND a.state = 'kept'
   AND (:text IS NULL OR instr(lower(a.path), :text) OR instr(lower(ifnull(j.name, '')), :text) OR instr(a.job_id, :text))
 ORDER BY a.job_id DESC, a.attempt DESC, a.path DESC
 LIMIT :count;
