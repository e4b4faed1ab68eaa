-- name: insert_upload
-- The manifest of files sent in.
INSERT INTO uploads (upload_id, created_us, manifest) VALUES (:upload_id, :created_us, :manifest);

-- name: get_upload
-- A manifest.
SELECT manifest FROM uploads WHERE upload_id = :upload_id;
