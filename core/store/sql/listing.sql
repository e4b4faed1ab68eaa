-- name: get_job
-- A job with its present attempt.
SELECT * FROM job_records WHERE job_id = :job_id;

-- name: get_jobs
-- Jobs by a JSON array of ids, in no order.
SELECT * FROM job_records WHERE job_id IN (SELECT value FROM json_each(:job_ids));

-- name: newest_by_status
-- Ids of the jobs of one status before a cursor, newest first; of one caller, of workflows or not, with ids in a
-- range, and with a text in name, image or id, if given. The index has all of it.
SELECT created_us, job_id
  FROM jobs
 WHERE status = :status AND (created_us, job_id) < (:before_us, :before_id) AND created_us >= :since_us
   AND (:submitted_by IS NULL OR submitted_by = :submitted_by)
   AND (:of_workflows IS NULL OR (workflow_id IS NOT NULL) = :of_workflows)
   AND (:first IS NULL OR job_id >= :first) AND (:past IS NULL OR job_id < :past)
   AND (:text IS NULL OR instr(lower(ifnull(name, '')), :text) OR instr(lower(image), :text) OR instr(job_id, :text))
 ORDER BY created_us DESC, job_id DESC
 LIMIT :count;

-- name: newest_by_name
-- The same of one name and one status.
SELECT created_us, job_id
  FROM jobs
 WHERE name = :name AND status = :status AND (created_us, job_id) < (:before_us, :before_id) AND created_us >= :since_us
   AND (:submitted_by IS NULL OR submitted_by = :submitted_by)
   AND (:of_workflows IS NULL OR (workflow_id IS NOT NULL) = :of_workflows)
   AND (:first IS NULL OR job_id >= :first) AND (:past IS NULL OR job_id < :past)
   AND (:text IS NULL OR instr(lower(ifnull(name, '')), :text) OR instr(lower(image), :text) OR instr(job_id, :text))
 ORDER BY created_us DESC, job_id DESC
 LIMIT :count;

-- name: newest_by_tag
-- The same of one tag, and of a JSON array of statuses and a name if given. Driven by the tag's own order.
SELECT t.created_us, t.job_id
  FROM job_tags AS t
 CROSS JOIN jobs AS j ON j.job_id = t.job_id
 WHERE t.tag = :tag AND (t.created_us, t.job_id) < (:before_us, :before_id) AND t.created_us >= :since_us
   AND j.status IN (SELECT value FROM json_each(:statuses))
   AND (:name IS NULL OR j.name = :name)
   AND (:submitted_by IS NULL OR j.submitted_by = :submitted_by)
   AND (:of_workflows IS NULL OR (j.workflow_id IS NOT NULL) = :of_workflows)
   AND (:first IS NULL OR j.job_id >= :first) AND (:past IS NULL OR j.job_id < :past)
   AND (:text IS NULL OR instr(lower(ifnull(j.name, '')), :text) OR instr(lower(j.image), :text) OR instr(j.job_id, :text))
 ORDER BY t.created_us DESC, t.job_id DESC
 LIMIT :count;

-- name: newest_of_workflow
-- The same of one run, and of a JSON array of statuses, a name and a tag if given. Driven by the order of the run's jobs.
SELECT created_us, job_id
  FROM jobs
 WHERE workflow_id = :workflow_id AND (created_us, job_id) < (:before_us, :before_id) AND created_us >= :since_us
   AND status IN (SELECT value FROM json_each(:statuses))
   AND (:name IS NULL OR name = :name)
   AND (:tag IS NULL OR EXISTS (SELECT 1 FROM job_tags AS t WHERE t.tag = :tag AND t.created_us = jobs.created_us
                                   AND t.job_id = jobs.job_id))
   AND (:submitted_by IS NULL OR submitted_by = :submitted_by)
   AND (:first IS NULL OR job_id >= :first) AND (:past IS NULL OR job_id < :past)
   AND (:text IS NULL OR instr(lower(ifnull(name, '')), :text) OR instr(lower(image), :text) OR instr(job_id, :text))
 ORDER BY created_us DESC, job_id DESC
 LIMIT :count;

-- name: ids_between
-- Ids in a range, newest first.
SELECT job_id FROM jobs WHERE job_id >= :first AND job_id < :past ORDER BY job_id DESC LIMIT :count;

-- name: count_jobs
-- How many jobs there are of each status.
SELECT status, jobs FROM job_counts;

-- name: list_queued
-- The queue, the next one first; read once, when an engine starts.
SELECT job_id, priority, created_us, queued_us, not_before_us, slots
  FROM jobs
 WHERE status = 'queued'
 ORDER BY priority DESC, queued_us, job_id;

-- name: list_live
-- Jobs that run, and ended ones whose last container may still be there.
SELECT job_id FROM jobs WHERE status = 'running'
UNION
SELECT j.job_id
  FROM attempts AS a
 CROSS JOIN jobs AS j ON j.job_id = a.job_id AND j.attempt = a.number
 WHERE a.phase <> 'done' AND j.status IN ('success', 'failed', 'timed_out', 'cancelled');
