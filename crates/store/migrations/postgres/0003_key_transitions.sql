-- ../sqlite/0003_key_transitions.sql explains it.
CREATE TABLE key_transitions (
    size    BIGINT NOT NULL PRIMARY KEY,
    receipt TEXT COLLATE "C" NOT NULL
);
