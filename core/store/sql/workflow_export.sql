-- name: unfiled_workflows
-- Ids of some ended runs whose files are not those of their present version, in order.
SELECT workflow_id
  FROM workflows
 WHERE finished_us IS NOT NULL AND (filed_version IS NULL OR filed_version <> version) AND workflow_id > :after_id
 ORDER BY workflow_id
 LIMIT :count;

-- name: note_workflow_filed
-- The version of a run that its file tells of.
UPDATE workflows SET filed_version = :version WHERE workflow_id = :workflow_id;

-- name: known_workflows
-- Those of a JSON array of ids that are runs.
SELECT workflow_id FROM workflows WHERE workflow_id IN (SELECT value FROM json_each(:workflow_ids));

-- name: ended_workflows
-- Ids of some ended runs, in order.
SELECT workflow_id
  FROM workflows
 WHERE workflow_id > :after_id AND finished_us IS NOT NULL
 ORDER BY workflow_id
 LIMIT :count;
