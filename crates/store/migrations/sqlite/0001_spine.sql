-- Times are microseconds UTC; ids and JSON are text; what is immutable is never updated.

-- The latest state of every aggregate: the fold of its events. `tenured verify` refolds and compares.
CREATE TABLE aggregates (
    stream  TEXT   NOT NULL PRIMARY KEY,
    kind    TEXT   NOT NULL,
    version BIGINT NOT NULL,
    state   TEXT   NOT NULL
);
CREATE INDEX aggregates_by_kind ON aggregates (kind, stream);

-- Every event, as the exact bytes of its leaf. `leaf_index` is given by the sequencer alone.
CREATE TABLE events (
    position   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    stream     TEXT    NOT NULL,
    n          BIGINT  NOT NULL,
    at         BIGINT  NOT NULL,
    type       TEXT    NOT NULL,
    leaf       BLOB    NOT NULL,
    leaf_index BIGINT,
    UNIQUE (stream, n)
);
CREATE UNIQUE INDEX events_by_leaf ON events (leaf_index) WHERE leaf_index IS NOT NULL;
CREATE INDEX events_unsequenced ON events (position) WHERE leaf_index IS NULL;

-- Every deadline that runs.
CREATE TABLE timers (
    stream TEXT   NOT NULL,
    key    TEXT   NOT NULL,
    due    BIGINT NOT NULL,
    PRIMARY KEY (stream, key)
);
CREATE INDEX timers_by_due ON timers (due, stream, key);

-- What has to be done because of what was committed; removed when done.
CREATE TABLE jobs (
    id       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind     TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    attempts BIGINT  NOT NULL DEFAULT 0,
    UNIQUE (kind, subject)
);

-- Immutable bytes by their SHA-256.
CREATE TABLE blobs (
    id         TEXT   NOT NULL PRIMARY KEY,
    media_type TEXT   NOT NULL,
    bytes      BLOB   NOT NULL,
    kept_at    BIGINT NOT NULL
);

-- Which bytes an account's own record names: its letters, receipts and orders, and the evidence of reports about it.
CREATE TABLE blob_refs (
    account TEXT NOT NULL,
    blob    TEXT NOT NULL,
    PRIMARY KEY (account, blob)
);

-- What people wrote, by its salted commitment; erasing a row breaks no proof.
CREATE TABLE words (
    id   TEXT NOT NULL PRIMARY KEY,
    salt BLOB NOT NULL,
    text TEXT NOT NULL
);

-- Reports by account, for lists and rules; derived from their streams.
CREATE TABLE reports (
    account       TEXT   NOT NULL,
    number        BIGINT NOT NULL,
    ground        TEXT   NOT NULL,
    filed_at      BIGINT NOT NULL,
    remediated_at BIGINT,
    PRIMARY KEY (account, number)
);
CREATE INDEX reports_by_time ON reports (account, filed_at);

-- Answers already given, by whom they were asked for.
CREATE TABLE idempotency (
    principal TEXT   NOT NULL,
    key       TEXT   NOT NULL,
    request   TEXT   NOT NULL,
    status    BIGINT NOT NULL,
    headers   TEXT   NOT NULL,
    body      TEXT   NOT NULL,
    kept_at   BIGINT NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_by_age ON idempotency (kept_at);

-- Numbers shared between aggregates: the last report of an account, how often a rule acted in a day.
CREATE TABLE counters (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

-- What the cluster half knows about an environment between passes, and what it last observed.
CREATE TABLE environments (
    account     TEXT NOT NULL,
    environment TEXT NOT NULL,
    memory      TEXT NOT NULL,
    observed    TEXT NOT NULL,
    PRIMARY KEY (account, environment)
);

-- The Merkle tree: the widest version of each tile, and the last signed head.
CREATE TABLE tiles (
    level      BIGINT NOT NULL,
    tile_index BIGINT NOT NULL,
    width      BIGINT NOT NULL,
    bytes      BLOB   NOT NULL,
    PRIMARY KEY (level, tile_index)
);
CREATE TABLE head (
    id   BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    size BIGINT NOT NULL,
    note TEXT   NOT NULL
);

-- Facts about the installation: the legal clock, where it is simulated.
CREATE TABLE installation (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
