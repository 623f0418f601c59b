-- What a proposal is compared with, and what a rule began: a row for each case, written in the transaction that changes
-- the case, and derived from its account's events but for `deviated`, which the comparison of a measure says.
CREATE TABLE parity_cases (
    case_id   TEXT   NOT NULL PRIMARY KEY,
    account   TEXT   NOT NULL,
    ground    TEXT   NOT NULL,
    opened_at BIGINT NOT NULL,
    opened_by TEXT   NOT NULL,
    -- 1 until the case is closed.
    is_open   BIGINT NOT NULL,
    -- 1 once a measure in it deviated from what others met with, for a written reason.
    deviated  BIGINT NOT NULL,
    -- What it is compared by, as JSON.
    data      TEXT   NOT NULL
);
CREATE INDEX parity_by_ground ON parity_cases (ground, opened_at);
CREATE INDEX parity_by_account ON parity_cases (account, ground);
CREATE INDEX parity_by_time ON parity_cases (opened_at, case_id);
CREATE INDEX parity_by_opener ON parity_cases (opened_by, is_open, case_id);

-- How many reports on a ground came in about whom.
CREATE INDEX reports_by_ground ON reports (ground, filed_at, account);
