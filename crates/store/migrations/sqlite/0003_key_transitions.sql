-- The log's keys that were replaced: the receipt of each rotation's event, at the checkpoint that both keys signed.
CREATE TABLE key_transitions (
    size    BIGINT NOT NULL PRIMARY KEY,
    receipt TEXT   NOT NULL
);
