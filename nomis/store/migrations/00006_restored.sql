-- +goose Up

-- What the records were before and after a take that gave them a form back.
ALTER TABLE nomis.given_back ADD COLUMN forms jsonb NOT NULL DEFAULT '[]'; -- [{"id","before","after"}]

-- Pairs that were counted when the brake was released with our side as the right one. A
-- row goes when the pair is in step.
CREATE TABLE nomis.restored_pair (
    pair        text COLLATE "C" PRIMARY KEY,
    released_at timestamptz NOT NULL,
    forms       jsonb       NOT NULL -- as above, until they are differences
);

-- A difference that only a person ends, since both sides hold the same by now.
ALTER TABLE nomis.difference ADD COLUMN stays boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE nomis.difference DROP COLUMN stays;
DROP TABLE nomis.restored_pair;
ALTER TABLE nomis.given_back DROP COLUMN forms;
