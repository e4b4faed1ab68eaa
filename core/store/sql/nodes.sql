-- name: insert_node
-- A node of an attempt of a run.
INSERT INTO workflow_nodes (workflow_id, attempt, node_id, job, status, version, name, position, variant, is_finally,
                            needs, outcome, result, reason, condition, failure, exit_code, job_id, tries, retry_us,
                            started_us, finished_us, outputs, artifacts, tail, warnings, fingerprint, fingerprint_parts,
                            kept_from, cancel)
VALUES (:workflow_id, :attempt, :node_id, :job, :status, :version, :name, :position, :variant, :is_finally,
        :needs, :outcome, :result, :reason, :condition, :failure, :exit_code, :job_id, :tries, :retry_us,
        :started_us, :finished_us, :outputs, :artifacts, :tail, :warnings, :fingerprint, :fingerprint_parts,
        :kept_from, :cancel);

-- name: update_node
-- What may change about a node.
UPDATE workflow_nodes
   SET status = :status, version = :version, name = :name, needs = :needs, outcome = :outcome, result = :result,
       reason = :reason, condition = :condition, failure = :failure, exit_code = :exit_code, job_id = :job_id,
       tries = :tries, retry_us = :retry_us, started_us = :started_us, finished_us = :finished_us, outputs = :outputs,
       artifacts = :artifacts, tail = :tail, warnings = :warnings, fingerprint = :fingerprint,
       fingerprint_parts = :fingerprint_parts, kept_from = :kept_from, cancel = :cancel
 WHERE workflow_id = :workflow_id AND attempt = :attempt AND node_id = :node_id;

-- name: update_node_course
-- How a node goes, beside what it is and why it runs.
UPDATE workflow_nodes
   SET status = :status, version = :version, outcome = :outcome, result = :result, reason = :reason, failure = :failure,
       exit_code = :exit_code, job_id = :job_id, tries = :tries, retry_us = :retry_us, started_us = :started_us,
       finished_us = :finished_us, outputs = :outputs, artifacts = :artifacts, tail = :tail, warnings = :warnings
 WHERE workflow_id = :workflow_id AND attempt = :attempt AND node_id = :node_id;

-- name: delete_waiting_node
-- A node that stood for a matrix before it was expanded.
DELETE FROM workflow_nodes
 WHERE workflow_id = :workflow_id AND attempt = :attempt AND node_id = :node_id AND status = 'waiting';

-- name: next_version
-- A run one version on, for a change of its nodes.
UPDATE workflows SET version = version + 1 WHERE workflow_id = :workflow_id RETURNING version, attempt;

-- name: get_node
-- A node of an attempt.
SELECT workflow_id, attempt, node_id, job, status, version, name, position, variant, is_finally, needs, outcome, result,
       reason, condition, failure, exit_code, job_id, tries, retry_us, started_us, finished_us, outputs, artifacts, tail,
       warnings, fingerprint, fingerprint_parts, kept_from, cancel
  FROM workflow_nodes
 WHERE workflow_id = :workflow_id AND attempt = :attempt AND node_id = :node_id;

-- name: get_nodes
-- Nodes of an attempt by a JSON array of ids, in no order.
SELECT workflow_id, attempt, node_id, job, status, version, name, position, variant, is_finally, needs, outcome, result,
       reason, condition, failure, exit_code, job_id, tries, retry_us, started_us, finished_us, outputs, artifacts, tail,
       warnings, fingerprint, fingerprint_parts, kept_from, cancel
  FROM workflow_nodes
 WHERE workflow_id = :workflow_id AND attempt = :attempt AND node_id IN (SELECT value FROM json_each(:node_ids));

-- name: node_versions
-- When nodes of an attempt changed last, as versions of the run; by a JSON array of ids, in no order.
SELECT node_id, version
  FROM workflow_nodes
 WHERE workflow_id = :workflow_id AND attempt = :attempt AND node_id IN (SELECT value FROM json_each(:node_ids));

-- name: list_nodes
-- The nodes of an attempt that changed after a version.
SELECT workflow_id, attempt, node_id, job, status, version, name, position, variant, is_finally, needs, outcome, result,
       reason, condition, failure, exit_code, job_id, tries, retry_us, started_us, finished_us, outputs, artifacts, tail,
       warnings, fingerprint, fingerprint_parts, kept_from, cancel
  FROM workflow_nodes
 WHERE workflow_id = :workflow_id AND attempt = :attempt AND version > :since_version;

-- name: node_ids_behind
-- Nodes of an attempt in the run's order, behind a place in it; of some states, of one job if given.
SELECT node_id
  FROM workflow_nodes
 WHERE workflow_id = :workflow_id AND attempt = :attempt AND version > :since_version
   AND status IN (SELECT value FROM json_each(:statuses)) AND (:job IS NULL OR job = :job)
   AND (position, ifnull(json_extract(variant, '$.index'), -1), node_id) > (:position, :variant, :node_id)
 ORDER BY position, ifnull(json_extract(variant, '$.index'), -1), node_id
 LIMIT :count;

-- name: last_change
-- Number of the last row of a run's audit trail; 0 before the first.
SELECT ifnull(max(seq), 0) FROM workflow_changes WHERE workflow_id = :workflow_id;

-- name: insert_node_change
-- A node's move in the audit trail of its run.
INSERT INTO workflow_changes (workflow_id, seq, at_us, attempt, node_id, event, before, after, by, why)
VALUES (:workflow_id, :seq, :at_us, :attempt, :node_id, :event, :before, :after, :by, :why);

-- name: present_attempt
-- A run's present attempt.
SELECT attempt FROM workflows WHERE workflow_id = :workflow_id;
