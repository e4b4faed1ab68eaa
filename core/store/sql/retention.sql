-- name: sum_jobs
-- How many finished jobs of their own ended before a key, and the bytes kept of them.
SELECT count(*), ifnull(sum(kept_bytes), 0)
  FROM jobs INDEXED BY runs_by_end
 WHERE finished_us IS NOT NULL AND (finished_us, job_id) < (:before_us, :before_id)
   AND status IN (SELECT value FROM json_each(:statuses)) AND workflow_id IS NULL;

-- name: sum_workflows
-- How many workflow runs ended before a key, and the bytes kept of their jobs.
SELECT count(*), ifnull(sum(node_bytes), 0)
  FROM workflows INDEXED BY workflows_by_end
 WHERE finished_us IS NOT NULL AND (finished_us, workflow_id) < (:before_us, :before_id)
   AND status IN (SELECT value FROM json_each(:workflow_statuses));

-- name: oldest_jobs
-- The same jobs one by one, the one that ended first in front.
SELECT finished_us, job_id, ifnull(kept_bytes, 0)
  FROM jobs INDEXED BY runs_by_end
 WHERE finished_us IS NOT NULL AND (finished_us, job_id) < (:before_us, :before_id)
   AND status IN (SELECT value FROM json_each(:statuses)) AND workflow_id IS NULL
 ORDER BY finished_us, job_id
 LIMIT :count;

-- name: oldest_workflows
-- The same workflow runs one by one, the one that ended first in front.
SELECT finished_us, workflow_id, node_bytes
  FROM workflows INDEXED BY workflows_by_end
 WHERE finished_us IS NOT NULL AND (finished_us, workflow_id) < (:before_us, :before_id)
   AND status IN (SELECT value FROM json_each(:workflow_statuses))
 ORDER BY finished_us, workflow_id
 LIMIT :count;

-- name: oldest_of_newest
-- Key of what ended first among the newest jobs and workflow runs; none if there are not so many.
SELECT finished_us, job_id
  FROM jobs INDEXED BY runs_by_end
 WHERE finished_us IS NOT NULL AND status IN (SELECT value FROM json_each(:statuses)) AND workflow_id IS NULL
 UNION ALL
SELECT finished_us, workflow_id
  FROM workflows INDEXED BY workflows_by_end
 WHERE finished_us IS NOT NULL AND status IN (SELECT value FROM json_each(:workflow_statuses))
 ORDER BY 1 DESC, 2 DESC
 LIMIT 1 OFFSET :passed;

-- name: delete_runs
-- Finished jobs of a JSON array of ids that belong to one workflow run, or to none, with everything that hangs on them.
DELETE FROM jobs
 WHERE job_id IN (SELECT value FROM json_each(:job_ids)) AND finished_us IS NOT NULL AND workflow_id IS :workflow_id
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

-- name: jobs_of_workflow
-- Some finished jobs of a workflow run.
SELECT job_id FROM jobs WHERE workflow_id = :workflow_id AND finished_us IS NOT NULL LIMIT :count;

-- name: delete_workflow
-- A workflow run that has ended, as have its jobs, with everything that hangs on it but these.
DELETE FROM workflows
 WHERE workflow_id = :workflow_id AND finished_us IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.workflow_id = :workflow_id AND jobs.finished_us IS NULL);

-- name: lost_workflows
-- Ids of workflow runs that are gone and whose jobs are not.
SELECT DISTINCT workflow_id
  FROM jobs INDEXED BY jobs_of_workflow
 WHERE workflow_id IS NOT NULL AND workflow_id NOT IN (SELECT workflow_id FROM workflows);
