-- +goose Up

-- To find what is old enough to be removed.
CREATE INDEX prisoner_message_by_age ON nomis.prisoner_message (received_at);
CREATE INDEX purged_message_by_age ON nomis.purged_message (purged_at);

-- +goose Down
DROP INDEX nomis.purged_message_by_age;
DROP INDEX nomis.prisoner_message_by_age;
