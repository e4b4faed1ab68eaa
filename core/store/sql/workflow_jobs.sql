-- name: jobs_behind
-- The jobs of a run that were submitted after one of them, in the order in which they were submitted; and whether each has a
-- service of a name, if one is given.
SELECT rowid, job_id, node_id, run_attempt, status, attempt, started_us, finished_us,
       :service IS NOT NULL AND EXISTS (
           SELECT 1 FROM json_each(jobs.spec, '$.services') AS s WHERE json_extract(s.value, '$.id') = :service
       )
  FROM jobs
 WHERE workflow_id = :workflow_id AND rowid > :behind
 ORDER BY rowid;

-- name: artifacts_of_jobs
-- What was kept of the jobs in a JSON array of ids, behind a key, in the order of the keys.
SELECT a.job_id, a.path, a.state, a.size, a.sha256, a.media_type, a.pattern, a.note, a.attempt
  FROM json_each(:job_ids) AS wanted
 CROSS JOIN artifacts AS a ON a.job_id = wanted.value
 WHERE (a.job_id, a.attempt, a.path) > (:job_id, :attempt, :path)
 ORDER BY a.job_id, a.attempt, a.path
 LIMIT :count;
