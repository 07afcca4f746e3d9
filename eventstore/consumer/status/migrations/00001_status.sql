-- +goose Up
-- A row for each consumer of the log: how far it is and when it last worked.
-- It can be read when the consumer's process is dead.
CREATE TABLE consumer.status (
  consumer       text PRIMARY KEY,
  holder         uuid NOT NULL,    -- the session that may write the row
  build          text NOT NULL,
  store_id       uuid,
  position       bigint,           -- everything up to here is applied
  head           bigint,           -- the last fact of ours, as last read
  oldest         timestamptz,      -- when the oldest fact was recorded that is being applied
  heartbeat      timestamptz NOT NULL, -- by the clock of this database
  fault_category text CHECK (fault_category IN ('CANNOT_APPLY', 'CANNOT_READ', 'UNKNOWN_TYPE', 'OUT_OF_ORDER', 'OTHER')),
  fault_event    uuid,
  fault_type     text,
  fault_position bigint,
  fault_since    timestamptz,
  CHECK ((fault_category IS NULL) = (fault_since IS NULL))
);
-- The row of each consumer is written anew about once a second.
ALTER TABLE consumer.status SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- +goose Down
DROP TABLE consumer.status;
