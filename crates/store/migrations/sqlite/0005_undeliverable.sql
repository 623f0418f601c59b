-- Notices that reach nobody, for the list that operators see: one row for each while its case is open.
CREATE TABLE undeliverable (
    account TEXT   NOT NULL,
    number  BIGINT NOT NULL,
    since   BIGINT NOT NULL,
    PRIMARY KEY (account, number)
);
CREATE INDEX undeliverable_by_age ON undeliverable (since, account, number);
