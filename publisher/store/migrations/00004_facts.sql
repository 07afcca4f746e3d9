-- +goose Up

-- How many facts there are up to the bookmark; null where nobody has counted.
ALTER TABLE publisher.bookmark ADD COLUMN facts bigint;

-- +goose Down
ALTER TABLE publisher.bookmark DROP COLUMN facts;
