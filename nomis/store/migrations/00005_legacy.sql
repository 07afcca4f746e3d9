-- +goose Up

-- Who still calls the legacy list: one row a client and a day in London.
CREATE TABLE nomis.legacy_caller (
    client_id  text COLLATE "C" NOT NULL,
    day        date        NOT NULL,
    calls      bigint      NOT NULL,
    not_found  bigint      NOT NULL, -- of the calls: those that were answered 404
    first_call timestamptz NOT NULL,
    last_call  timestamptz NOT NULL,
    PRIMARY KEY (client_id, day)
);

-- Prisons that the directory gave for a prisoner with a live record. No row is removed.
CREATE TABLE nomis.known_prison (
    prison_id             text COLLATE "C" PRIMARY KEY,
    name                  text        NOT NULL, -- '' when the directory gave none
    first_seen            timestamptz NOT NULL,
    last_seen             timestamptz NOT NULL,
    open_non_associations integer,     -- at the last whole walk; null: there was none yet
    counted_at            timestamptz, -- when that walk began
    CHECK (num_nulls(open_non_associations, counted_at) IN (0, 2))
);

-- +goose Down
DROP TABLE nomis.known_prison;
DROP TABLE nomis.legacy_caller;
