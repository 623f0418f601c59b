-- The store's tables under other names, for bare statements beside it. POSITION and BYTES are each engine's own.
CREATE TABLE bare_aggregates (stream TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, version BIGINT NOT NULL, state TEXT NOT NULL);
CREATE INDEX bare_aggregates_by_kind ON bare_aggregates (kind, stream);
CREATE TABLE bare_events (position POSITION, stream TEXT NOT NULL, n BIGINT NOT NULL, at BIGINT NOT NULL, type TEXT NOT NULL, leaf BYTES NOT NULL, leaf_index BIGINT, UNIQUE (stream, n));
CREATE UNIQUE INDEX bare_events_by_leaf ON bare_events (leaf_index) WHERE leaf_index IS NOT NULL;
CREATE INDEX bare_events_unsequenced ON bare_events (position) WHERE leaf_index IS NULL;
CREATE TABLE bare_words (id TEXT NOT NULL PRIMARY KEY, salt BYTES NOT NULL, text TEXT NOT NULL);
CREATE TABLE bare_blobs (id TEXT NOT NULL PRIMARY KEY, media_type TEXT NOT NULL, bytes BYTES NOT NULL, kept_at BIGINT NOT NULL);
CREATE TABLE bare_blob_refs (account TEXT NOT NULL, blob TEXT NOT NULL, PRIMARY KEY (account, blob));
CREATE TABLE bare_counters (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL);
CREATE TABLE bare_reports (account TEXT NOT NULL, number BIGINT NOT NULL, ground TEXT NOT NULL, filed_at BIGINT NOT NULL, remediated_at BIGINT, PRIMARY KEY (account, number));
CREATE INDEX bare_reports_by_time ON bare_reports (account, filed_at);
CREATE TABLE bare_jobs (id POSITION, kind TEXT NOT NULL, subject TEXT NOT NULL, attempts BIGINT NOT NULL DEFAULT 0, UNIQUE (kind, subject));
