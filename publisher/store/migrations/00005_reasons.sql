-- +goose Up

-- Of what SNS said only the code is kept: its words quote the message, and the
-- comment in it. What an operator wrote when skipping stays.
UPDATE publisher.parked SET reason = coalesce(
    substring(reason FROM '^SNS: ([A-Za-z0-9._-]{1,64}):'),
    substring(reason FROM 'api error ([A-Za-z0-9._-]{1,64}):'),
    nullif(substring(reason FROM '^([A-Za-z0-9._-]{1,64})(?:: .*)?$'), 'SNS'),
    'OTHER')
WHERE state <> 'skipped' AND reason <> '' AND reason !~ '^[A-Za-z0-9._-]{1,64}$';

-- +goose Down
SELECT 1;
