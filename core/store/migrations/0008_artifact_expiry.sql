-- When a kept file is let go before its job is; NULL for most, which stay as long as it.
ALTER TABLE artifacts ADD COLUMN expires_us INTEGER;

CREATE INDEX artifacts_by_expiry ON artifacts (expires_us) WHERE expires_us IS NOT NULL;
