-- +goose Up

-- The names by which NOMIS records what this service writes, as read back after a write.
CREATE TABLE nomis.own_author (
    name       text COLLATE "C" PRIMARY KEY,
    first_seen timestamptz NOT NULL
);

-- +goose Down
DROP TABLE nomis.own_author;
