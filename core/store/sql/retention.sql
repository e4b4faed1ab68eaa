-- name: sum_runs
-- How many runs ended before a key, and the bytes kept of them.
SELECT count(*), ifnull(sum(kept_bytes), 0)
  FROM jobs INDEXED BY runs_by_end
 WHERE finished_us IS NOT NULL AND (finished_us, job_id) < (:before_us, :before_id)
   AND status IN (SELECT value FROM json_each(:statuses));

-- name: oldest_runs
-- The same runs one by one, the one that ended first in front.
SELECT job_id, ifnull(kept_bytes, 0)
  FROM jobs INDEXED BY runs_by_end
 WHERE finished_us IS NOT NULL AND (finished_us, job_id) < (:before_us, :before_id)
   AND status IN (SELECT value FROM json_each(:statuses))
 ORDER BY finished_us, job_id
 LIMIT :count;

-- name: oldest_of_newest
-- Key of the run that ended first among the newest; none if there are not so many.
SELECT finished_us, job_id
  FROM jobs INDEXED BY runs_by_end
 WHERE finished_us IS NOT NULL AND status IN (SELECT value FROM json_each(:statuses))
 ORDER BY finished_us DESC, job_id DESC
 LIMIT 1 OFFSET :passed;

-- name: delete_runs
-- Finished jobs of a JSON array of ids, with everything that hangs on them; the others stay.
DELETE FROM jobs
 WHERE job_id IN (SELECT value FROM json_each(:job_ids)) AND finished_us IS NOT NULL
RETURNING job_id, ifnull(kept_bytes, 0);

-- name: known_jobs
-- Those of a JSON array of ids that are jobs.
SELECT job_id FROM jobs WHERE job_id IN (SELECT value FROM json_each(:job_ids));

-- name: expire_uploads
-- Forget some manifests that came before a moment.
DELETE FROM uploads
 WHERE upload_id IN (SELECT upload_id FROM uploads WHERE created_us < :before_us LIMIT :count);

-- name: files_of_uploads
-- Hashes that manifests name.
SELECT DISTINCT json_extract(f.value, '$.sha256') FROM uploads AS u, json_each(u.manifest) AS f;

-- name: jobs_with_files
-- Ids of some jobs that need uploaded files, in order.
SELECT job_id
  FROM jobs
 WHERE json_array_length(spec, '$.files') > 0 AND job_id > :after_id
 ORDER BY job_id
 LIMIT :count;

-- name: files_of_jobs
-- Hashes that the specs of a JSON array of jobs name.
SELECT DISTINCT json_extract(f.value, '$.sha256')
  FROM json_each(:job_ids) AS i
 CROSS JOIN jobs AS j ON j.job_id = i.value
 CROSS JOIN json_each(j.spec, '$.files') AS f;
