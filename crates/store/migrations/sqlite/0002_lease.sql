-- Who leads: fires timers, does jobs, extends the log, moves clusters. `epoch` counts the leaders; every write of a leader
-- names its own, and raises `beat`, so that others see it alive without comparing clocks. No holder: it stepped down.
CREATE TABLE lease (
    id     BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    epoch  BIGINT NOT NULL,
    beat   BIGINT NOT NULL,
    holder TEXT   NOT NULL
);
INSERT INTO lease (id, epoch, beat, holder) VALUES (1, 0, 0, '');
