-- +goose Up
-- A listener's fault is shown by processes that do not listen, so its row has it.
ALTER TABLE consumer.status DROP CONSTRAINT status_fault_category_check,
  ADD CONSTRAINT status_fault_category_check CHECK (fault_category IN
    ('CANNOT_APPLY', 'CANNOT_READ', 'UNKNOWN_TYPE', 'OUT_OF_ORDER', 'OTHER', 'AWAY', 'NOMIS_DENIED', 'NOMIS_RESTORED'));

-- +goose Down
UPDATE consumer.status SET fault_category = NULL, fault_since = NULL WHERE fault_category IN ('AWAY', 'NOMIS_DENIED', 'NOMIS_RESTORED');
ALTER TABLE consumer.status DROP CONSTRAINT status_fault_category_check,
  ADD CONSTRAINT status_fault_category_check CHECK (fault_category IN
    ('CANNOT_APPLY', 'CANNOT_READ', 'UNKNOWN_TYPE', 'OUT_OF_ORDER', 'OTHER'));
