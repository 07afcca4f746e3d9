-- +goose Up

-- Changes that staff made in NOMIS, by the prison in which one of the two prisoners was when
-- the change was counted, and by day in London. The row with the last change of a prison is
-- never removed.
CREATE TABLE nomis.prison_edit (
    prison_id text COLLATE "C" NOT NULL,
    day       date        NOT NULL,
    edits     bigint      NOT NULL CHECK (edits > 0),
    last_at   timestamptz NOT NULL, -- when the last of them was decided here
    PRIMARY KEY (prison_id, day)
);

-- How far the facts of NOMIS are counted.
CREATE TABLE nomis.prison_edit_checkpoint (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint  NOT NULL -- of the log; 0 is before everything
);

-- Changes that were found in NOMIS while they were not allowed, and that no fact tells. A row
-- goes when it is counted.
CREATE TABLE nomis.found_edit (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pair     text COLLATE "C" NOT NULL,
    found_at timestamptz NOT NULL
);

-- +goose Down
DROP TABLE nomis.found_edit;
DROP TABLE nomis.prison_edit_checkpoint;
DROP TABLE nomis.prison_edit;
