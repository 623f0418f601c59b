-- ../sqlite/0002_lease.sql explains it.
CREATE TABLE lease (
    id     BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    epoch  BIGINT NOT NULL,
    beat   BIGINT NOT NULL,
    holder TEXT COLLATE "C" NOT NULL
);
INSERT INTO lease (id, epoch, beat, holder) VALUES (1, 0, 0, '');
