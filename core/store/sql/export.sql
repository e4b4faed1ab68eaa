-- name: unfiled_runs
-- Ids of some runs whose files are not written yet although nothing about them changes any more, in order.
SELECT j.job_id
  FROM jobs AS j
  LEFT JOIN attempts AS a ON a.job_id = j.job_id AND a.number = j.attempt
 WHERE j.finished_us IS NOT NULL AND j.kept_bytes IS NULL AND j.job_id > :after_id
   AND ifnull(a.phase, 'done') = 'done'
 ORDER BY j.job_id
 LIMIT :count;

-- name: unfiled_among
-- The same of a JSON array of ids, with how often each was changed.
SELECT j.job_id, j.version
  FROM json_each(:job_ids) AS i
 CROSS JOIN jobs AS j ON j.job_id = i.value
  LEFT JOIN attempts AS a ON a.job_id = j.job_id AND a.number = j.attempt
 WHERE j.finished_us IS NOT NULL AND j.kept_bytes IS NULL AND ifnull(a.phase, 'done') = 'done';

-- name: filed_runs
-- Keys of some runs whose files are written, from the one that ended first on.
SELECT finished_us, job_id
  FROM jobs
 WHERE finished_us IS NOT NULL AND (finished_us, job_id) > (:after_us, :after_id) AND kept_bytes IS NOT NULL
 ORDER BY finished_us, job_id
 LIMIT :count;

-- name: list_artifacts_of_jobs
-- Artifacts of a JSON array of jobs, a job's last attempt first, then by path.
SELECT r.job_id, r.path, r.state, r.size, r.sha256, r.media_type, r.pattern, r.note, r.attempt
  FROM json_each(:job_ids) AS i
 CROSS JOIN artifacts AS r ON r.job_id = i.value
 ORDER BY i.key, r.attempt DESC, r.path;

-- name: note_filed
-- Bytes kept of a run, once its files are written.
UPDATE jobs SET kept_bytes = :kept_bytes WHERE job_id = :job_id;
