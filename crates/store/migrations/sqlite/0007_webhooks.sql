-- The secrets with which messages to webhook endpoints are signed, by the names that their endpoint gives them. They are
-- in no event.
CREATE TABLE webhook_secrets (
    webhook TEXT NOT NULL,
    key     TEXT NOT NULL,
    secret  BLOB NOT NULL,
    PRIMARY KEY (webhook, key)
);

-- Messages to webhook endpoints, written in the transaction of what they tell of. Those of one account go to one
-- endpoint in the order of their ids, each when the one before has ended.
CREATE TABLE webhook_messages (
    id       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- The id that the receiver sees.
    message  TEXT    NOT NULL UNIQUE,
    webhook  TEXT    NOT NULL,
    -- About which account, and up to which of its events; '' and 0 for a message that somebody sends to try the endpoint.
    account  TEXT    NOT NULL,
    n        BIGINT  NOT NULL,
    kind     TEXT    NOT NULL,
    -- The measure that it tells of, else ''.
    measure  TEXT    NOT NULL,
    -- What is sent, byte for byte, each time.
    body     TEXT    NOT NULL,
    -- Times are legal time. `since` is from when its end is counted.
    made_at  BIGINT  NOT NULL,
    since    BIGINT  NOT NULL,
    -- waiting, delivered or given_up.
    state    TEXT    NOT NULL,
    next_at  BIGINT  NOT NULL,
    attempts BIGINT  NOT NULL,
    last_at  BIGINT,
    -- What came of the last attempt: the status of the answer where there was one, and words.
    status   BIGINT,
    outcome  TEXT    NOT NULL
);
CREATE INDEX webhook_messages_in_order ON webhook_messages (state, webhook, account, id);
CREATE INDEX webhook_messages_by_webhook ON webhook_messages (webhook, id);
