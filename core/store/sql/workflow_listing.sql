-- name: get_run
-- A run with its present attempt.
SELECT * FROM workflow_records WHERE workflow_id = :workflow_id;

-- name: get_runs
-- Runs by a JSON array of ids, in no order.
SELECT * FROM workflow_records WHERE workflow_id IN (SELECT value FROM json_each(:workflow_ids));

-- name: newest_runs_by_status
-- Ids of the runs of one status before a cursor, newest first; of one caller, with ids in a range, and with a text in a name
-- or the id, if given. The index has all of it.
SELECT created_us, workflow_id
  FROM workflows
 WHERE status = :status AND (created_us, workflow_id) < (:before_us, :before_id) AND created_us >= :since_us
   AND (:submitted_by IS NULL OR submitted_by = :submitted_by)
   AND (:first IS NULL OR workflow_id >= :first) AND (:past IS NULL OR workflow_id < :past)
   AND (:text IS NULL OR instr(lower(name), :text) OR instr(lower(run_name), :text) OR instr(workflow_id, :text))
 ORDER BY created_us DESC, workflow_id DESC
 LIMIT :count;

-- name: newest_runs_by_name
-- The same of one name and one status.
SELECT created_us, workflow_id
  FROM workflows
 WHERE name = :name AND status = :status AND (created_us, workflow_id) < (:before_us, :before_id)
   AND created_us >= :since_us
   AND (:submitted_by IS NULL OR submitted_by = :submitted_by)
   AND (:first IS NULL OR workflow_id >= :first) AND (:past IS NULL OR workflow_id < :past)
   AND (:text IS NULL OR instr(lower(name), :text) OR instr(lower(run_name), :text) OR instr(workflow_id, :text))
 ORDER BY created_us DESC, workflow_id DESC
 LIMIT :count;

-- name: newest_runs_by_tag
-- The same of one tag, and of a JSON array of statuses and a name if given. Driven by the tag's own order.
SELECT t.created_us, t.workflow_id
  FROM workflow_tags AS t
 CROSS JOIN workflows AS w ON w.workflow_id = t.workflow_id
 WHERE t.tag = :tag AND (t.created_us, t.workflow_id) < (:before_us, :before_id) AND t.created_us >= :since_us
   AND w.status IN (SELECT value FROM json_each(:statuses))
   AND (:name IS NULL OR w.name = :name)
   AND (:submitted_by IS NULL OR w.submitted_by = :submitted_by)
   AND (:first IS NULL OR w.workflow_id >= :first) AND (:past IS NULL OR w.workflow_id < :past)
   AND (:text IS NULL OR instr(lower(w.name), :text) OR instr(lower(w.run_name), :text) OR instr(w.workflow_id, :text))
 ORDER BY t.created_us DESC, t.workflow_id DESC
 LIMIT :count;

-- name: run_ids_between
-- Ids in a range, newest first.
SELECT workflow_id
  FROM workflows
 WHERE workflow_id >= :first AND workflow_id < :past
 ORDER BY workflow_id DESC
 LIMIT :count;

-- name: count_runs
-- How many runs there are of each status.
SELECT status, workflows FROM workflow_counts;

-- name: live_runs
-- Ids of the runs that have not ended, the oldest first.
SELECT workflow_id FROM workflows WHERE status = 'pending'
UNION
SELECT workflow_id FROM workflows WHERE status = 'running'
 ORDER BY workflow_id;

-- name: list_run_attempts
-- All attempts of a run, the first one first.
SELECT a.number, a.status, a.created_us, a.started_us, a.finished_us, a.source_digest, a.submitted_by, a.actor,
       a.selection, (SELECT json_group_object(c.state, c.nodes) FROM workflow_node_counts AS c
                      WHERE c.workflow_id = a.workflow_id AND c.attempt = a.number)
  FROM workflow_attempts AS a
 WHERE a.workflow_id = :workflow_id
 ORDER BY a.number;

-- name: get_source
-- What an attempt was made from.
SELECT a.file_name, s.text, a.source_digest, s.files, s.spec
  FROM workflow_attempts AS a
  JOIN workflow_sources AS s ON s.workflow_id = a.workflow_id AND s.attempt = a.source_attempt
 WHERE a.workflow_id = :workflow_id AND a.number = :attempt;

-- name: list_changes
-- A part of a run's audit trail, oldest first; of one node if given, where an empty text stands for the run itself. What
-- is skipped is counted from the end if it is negative.
SELECT seq, at_us, attempt, node_id, event, before, after, by, why
  FROM workflow_changes
 WHERE workflow_id = :workflow_id AND (:node_id IS NULL OR node_id = :node_id)
 ORDER BY seq
 LIMIT :count
OFFSET CASE WHEN :skip >= 0 THEN :skip ELSE max(0, :skip + (
    SELECT count(*) FROM workflow_changes WHERE workflow_id = :workflow_id AND (:node_id IS NULL OR node_id = :node_id)
)) END;
