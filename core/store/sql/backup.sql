-- name: ids_of_all
-- Every job and every run of a workflow, and how many jobs there are: files of others are not theirs.
SELECT job_id AS id, 1 AS jobs FROM jobs UNION ALL SELECT workflow_id, 0 FROM workflows;
