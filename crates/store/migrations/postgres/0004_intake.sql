-- The schema of ../sqlite/0004_intake.sql, where the tables are explained.

CREATE TABLE report_keys (
    key     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL,
    number  BIGINT NOT NULL
);
CREATE INDEX report_keys_by_report ON report_keys (account, number);

CREATE TABLE brought (
    reporter TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    day      BIGINT NOT NULL,
    reports  BIGINT NOT NULL,
    bytes    BIGINT NOT NULL
);
