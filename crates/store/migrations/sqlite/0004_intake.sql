-- What is needed when reports come in. Both tables are small beside the reports themselves.

-- By which report something was already said: commitments to what tells reports apart (an account, a ground and a
-- place; a reporter and its reference), made with a salt of this installation. They cannot be read without it.
CREATE TABLE report_keys (
    key     TEXT   NOT NULL PRIMARY KEY,
    account TEXT   NOT NULL,
    number  BIGINT NOT NULL
);
CREATE INDEX report_keys_by_report ON report_keys (account, number);

-- What each reporter brought in on the last day (UTC, legal time) that it brought something in: a row for each, no more.
CREATE TABLE brought (
    reporter TEXT   NOT NULL PRIMARY KEY,
    day      BIGINT NOT NULL,
    reports  BIGINT NOT NULL,
    bytes    BIGINT NOT NULL
);
