-- The schema of ../sqlite/0006_parity.sql, where the table is explained.

CREATE TABLE parity_cases (
    case_id   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account   TEXT COLLATE "C" NOT NULL,
    ground    TEXT COLLATE "C" NOT NULL,
    opened_at BIGINT NOT NULL,
    opened_by TEXT COLLATE "C" NOT NULL,
    is_open   BIGINT NOT NULL,
    deviated  BIGINT NOT NULL,
    data      TEXT COLLATE "C" NOT NULL
);
CREATE INDEX parity_by_ground ON parity_cases (ground, opened_at);
CREATE INDEX parity_by_account ON parity_cases (account, ground);
CREATE INDEX parity_by_time ON parity_cases (opened_at, case_id);
CREATE INDEX parity_by_opener ON parity_cases (opened_by, is_open, case_id);

CREATE INDEX reports_by_ground ON reports (ground, filed_at, account);
