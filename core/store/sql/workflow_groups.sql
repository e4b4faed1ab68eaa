-- name: insert_member
-- Somebody who comes to a concurrency group; who is there already stays as it is.
INSERT INTO workflow_groups (name, workflow_id, node_id, is_holder, since_us)
VALUES (:name, :workflow_id, :node_id,
        (SELECT count(*) FROM workflow_groups WHERE name = :name) < :most, :since_us)
    ON CONFLICT (name, workflow_id, node_id) DO NOTHING;

-- name: hold_group
-- Somebody who waited has the group.
UPDATE workflow_groups SET is_holder = 1 WHERE name = :name AND workflow_id = :workflow_id AND node_id = :node_id;

-- name: delete_member
-- Somebody who leaves a group.
DELETE FROM workflow_groups WHERE name = :name AND workflow_id = :workflow_id AND node_id = :node_id;

-- name: delete_members
-- A run and its nodes leave all groups.
DELETE FROM workflow_groups WHERE workflow_id = :workflow_id RETURNING name;

-- name: list_members
-- Members of one group, or of all: holders first, then who came first.
SELECT name, workflow_id, node_id, is_holder, since_us
  FROM workflow_groups
 WHERE :name IS NULL OR name = :name
 ORDER BY name, is_holder DESC, since_us, seq;

-- name: known_run
-- Whether there is such a run.
SELECT 1 FROM workflows WHERE workflow_id = :workflow_id;
