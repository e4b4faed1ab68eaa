-- name: insert_run
-- A run that was accepted.
INSERT INTO workflows (workflow_id, status, name, run_name, run_number, attempt, version, created_us, max_parallel,
                       concurrency_group, priority, tags, submitted_by, rerun_of, template)
VALUES (:workflow_id, 'pending', :name, :run_name, :run_number, 1, 1, :created_us, :max_parallel, :concurrency_group,
        :priority, :tags, :by, :rerun_of, :template);

-- name: count_live_runs
-- How many runs have not ended.
SELECT sum(workflows) FROM workflow_counts WHERE status IN ('pending', 'running');

-- name: take_number
-- The next number for a run of this name; none comes twice, also after runs were deleted.
INSERT INTO workflow_numbers (name, last) VALUES (:name, 1)
    ON CONFLICT (name) DO UPDATE SET last = last + 1
RETURNING last;

-- name: insert_run_tag
-- One of a run's tags.
INSERT INTO workflow_tags (tag, created_us, workflow_id) VALUES (:tag, :created_us, :workflow_id);

-- name: find_run_key
-- What an idempotency key was used for.
SELECT workflow_id, digest FROM workflow_keys WHERE key = :key;

-- name: insert_run_key
-- An idempotency key's first use.
INSERT INTO workflow_keys (key, workflow_id, digest, created_us) VALUES (:key, :workflow_id, :digest, :created_us);

-- name: insert_source
-- What an attempt is made from.
INSERT INTO workflow_sources (workflow_id, attempt, text, files, spec)
VALUES (:workflow_id, :attempt, :text, :files, :spec);

-- name: insert_run_attempt
-- An attempt of a run that begins.
INSERT INTO workflow_attempts (workflow_id, number, status, created_us, file_name, source_digest, source_attempt, inputs,
                               context, secrets, submitted_by, actor, selection, warnings, cancel_forced)
VALUES (:workflow_id, :number, 'pending', :created_us, :file_name, :source_digest, :source_attempt, :inputs, :context,
        :secrets, :by, :actor, :selection, :warnings, 0);

-- name: update_run
-- A run's move or change, one version on, if it still stands where it was read.
UPDATE workflows
   SET status = :status, version = :version, finished_us = :finished_us, run_name = :run_name,
       max_parallel = :max_parallel, concurrency_group = :concurrency_group
 WHERE workflow_id = :workflow_id AND status = :before AND attempt = :attempt;

-- name: advance_run
-- A further attempt of a run that has ended.
UPDATE workflows
   SET status = 'pending', version = :version, finished_us = NULL, attempt = :attempt, run_name = :run_name,
       max_parallel = :max_parallel, concurrency_group = :concurrency_group
 WHERE workflow_id = :workflow_id AND status = :before AND attempt = :attempt - 1;

-- name: update_run_attempt
-- What became of an attempt so far.
UPDATE workflow_attempts
   SET status = :status, started_us = :started_us, finished_us = :finished_us, deadline_us = :deadline_us,
       outputs = :outputs, warnings = :warnings, failure = :failure, reason = :reason, critical_path = :critical_path,
       cancel = :cancel, cancel_forced = :cancel_forced, services = :services
 WHERE workflow_id = :workflow_id AND number = :number;

-- name: insert_change
-- A move of a run or a node in the audit trail of the run.
INSERT INTO workflow_changes (workflow_id, seq, at_us, attempt, node_id, event, before, after, by, why)
VALUES (:workflow_id, ifnull((SELECT max(seq) + 1 FROM workflow_changes WHERE workflow_id = :workflow_id), 1), :at_us,
        :attempt, :node_id, :event, :before, :after, :by, :why);

-- name: source_attempt
-- The attempt whose source an attempt is made from.
SELECT source_attempt FROM workflow_attempts WHERE workflow_id = :workflow_id AND number = :number;
