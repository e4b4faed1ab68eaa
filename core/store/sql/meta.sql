-- name: keep_fact
-- A fact about this database, unless it is known already.
INSERT OR IGNORE INTO meta (key, value) VALUES (:key, :value);

-- name: get_fact
-- A fact about this database.
SELECT value FROM meta WHERE key = :key;
