-- name: get_version
-- A version of a template, the newest if none is named, with the oldest one kept.
SELECT version, (SELECT min(version) FROM templates WHERE name = :name), saved_us, saved_by, spec
  FROM templates
 WHERE name = :name AND (:version IS NULL OR version = :version)
 ORDER BY version DESC
 LIMIT 1;

-- name: list_newest
-- The newest version of each template whose name comes after another one, by name.
SELECT t.version, (SELECT min(version) FROM templates WHERE name = t.name), t.saved_us, t.saved_by, t.spec
  FROM templates AS t
 WHERE t.name > :after AND t.version = (SELECT max(version) FROM templates WHERE name = t.name)
 ORDER BY t.name
 LIMIT :count;

-- name: list_names
-- The names of all templates.
SELECT DISTINCT name FROM templates ORDER BY name;

-- name: insert_version
-- A template as it was saved.
INSERT INTO templates (name, version, saved_us, saved_by, spec) VALUES (:name, :version, :saved_us, :saved_by, :spec);

-- name: delete_versions
-- Versions of a template up to one.
DELETE FROM templates WHERE name = :name AND version <= :last;
