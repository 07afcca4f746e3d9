-- +goose Up
-- What was done, in one sentence that the page says afterwards; '' where nothing says it.
ALTER TABLE evidence.action ADD COLUMN done text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE evidence.action DROP COLUMN done;
