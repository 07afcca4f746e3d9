-- +goose Up

-- How far the facts of what NOMIS said while inbound was not allowed are differences.
CREATE TABLE nomis.switched_checkpoint (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint  NOT NULL -- of the log; 0 is before everything
);

-- +goose Down
DROP TABLE nomis.switched_checkpoint;
