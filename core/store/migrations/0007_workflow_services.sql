-- What the jobs of an attempt at a run share, as JSON; NULL for most.
ALTER TABLE workflow_attempts ADD COLUMN services TEXT;

DROP VIEW workflow_records;
CREATE VIEW workflow_records AS
SELECT w.workflow_id, w.status, w.name, w.run_name, w.run_number, w.attempt, w.version, w.created_us, w.finished_us,
       w.max_parallel, w.concurrency_group, w.priority, w.tags, w.rerun_of, w.template,
       a.created_us AS attempt_created_us, a.started_us, a.deadline_us, a.file_name, a.source_digest, a.inputs, a.context,
       a.secrets, a.submitted_by, a.actor, a.outputs, a.warnings, a.failure, a.reason, a.critical_path, a.cancel,
       a.cancel_forced, a.services,
       (SELECT json_group_object(c.state, c.nodes) FROM workflow_node_counts AS c
         WHERE c.workflow_id = w.workflow_id AND c.attempt = w.attempt) AS counts
  FROM workflows AS w
  JOIN workflow_attempts AS a ON a.workflow_id = w.workflow_id AND a.number = w.attempt;
