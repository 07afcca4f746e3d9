-- +goose Up

-- A fact that failed by itself is parked too, and the states have other names.
ALTER TABLE publisher.parked DROP CONSTRAINT parked_state_check;
ALTER TABLE publisher.parked DROP CONSTRAINT parked_wish_check;
UPDATE publisher.parked SET state = 'blocked' WHERE state = 'held';
UPDATE publisher.parked SET state = 'skipped' WHERE state = 'dropped';
UPDATE publisher.parked SET wish = 'skip' WHERE wish = 'drop';
-- refused: SNS calls its message invalid; an operator must look at it.
-- failing: it fails by itself; it is tried again by itself.
-- blocked: it stands behind one of these in the order of a pair.
-- skipped: an operator decided that the topic is never told of it.
ALTER TABLE publisher.parked ADD CONSTRAINT parked_state_check CHECK (state IN ('refused', 'failing', 'blocked', 'skipped'));
ALTER TABLE publisher.parked ADD CONSTRAINT parked_wish_check CHECK (wish IN ('retry', 'skip'));
-- How often it was sent in vain.
ALTER TABLE publisher.parked RENAME COLUMN refusals TO tries;

-- +goose Down
ALTER TABLE publisher.parked RENAME COLUMN tries TO refusals;
ALTER TABLE publisher.parked DROP CONSTRAINT parked_state_check;
ALTER TABLE publisher.parked DROP CONSTRAINT parked_wish_check;
-- A failing one waits for an operator there: nothing is lost.
UPDATE publisher.parked SET state = 'refused' WHERE state = 'failing';
UPDATE publisher.parked SET state = 'held' WHERE state = 'blocked';
UPDATE publisher.parked SET state = 'dropped' WHERE state = 'skipped';
UPDATE publisher.parked SET wish = 'drop' WHERE wish = 'skip';
ALTER TABLE publisher.parked ADD CONSTRAINT parked_state_check CHECK (state IN ('refused', 'held', 'dropped'));
ALTER TABLE publisher.parked ADD CONSTRAINT parked_wish_check CHECK (wish IN ('retry', 'drop'));
