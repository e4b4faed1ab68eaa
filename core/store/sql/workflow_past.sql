-- name: newest_of_name
-- The newest runs of one name and one status, with the times of their present attempt.
SELECT w.created_us, w.workflow_id, w.status, a.started_us, a.finished_us
  FROM workflows AS w
  JOIN workflow_attempts AS a ON a.workflow_id = w.workflow_id AND a.number = w.attempt
 WHERE w.name = :name AND w.status = :status
 ORDER BY w.created_us DESC, w.workflow_id DESC
 LIMIT :count;

-- name: states_of_nodes
-- How the nodes of the present attempts of runs stand, in each run's order; of runs with no more nodes than that.
SELECT n.workflow_id, n.state
  FROM json_each(:workflow_ids) AS wanted
 CROSS JOIN workflows AS w ON w.workflow_id = wanted.value
 CROSS JOIN workflow_nodes AS n ON n.workflow_id = w.workflow_id AND n.attempt = w.attempt
 WHERE (SELECT sum(c.nodes) FROM workflow_node_counts AS c
         WHERE c.workflow_id = w.workflow_id AND c.attempt = w.attempt) <= :most
 ORDER BY wanted.key, n.position, n.rowid;

-- name: durations_of_nodes
-- How long nodes of runs took that ran and succeeded, in whichever attempt.
SELECT n.job, n.node_id, n.finished_us - n.started_us
  FROM json_each(:workflow_ids) AS wanted
 CROSS JOIN workflow_nodes AS n ON n.workflow_id = wanted.value
 WHERE n.status = 'success' AND n.started_us IS NOT NULL AND n.kept_from IS NULL
 ORDER BY wanted.key
 LIMIT :most;
