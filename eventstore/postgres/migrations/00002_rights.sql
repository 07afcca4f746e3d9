-- +goose Up

-- Append-only by rights too: whoever writes the log as this role, or as a member
-- of it, can add and read, and do nothing else. The owner is held by the trigger.
REVOKE ALL ON eventstore.events FROM PUBLIC;
REVOKE ALL ON FUNCTION eventstore.append FROM PUBLIC;

-- +goose StatementBegin
DO $$
BEGIN
    -- A managed Postgres may not let us make roles; then its operator does.
    IF (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) THEN
        CREATE ROLE nonassociations_writer NOLOGIN;
    END IF;
EXCEPTION
    -- Roles belong to the server: another database of it may have made this one,
    -- perhaps at this very moment.
    WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nonassociations_writer') THEN
        GRANT USAGE ON SCHEMA eventstore TO nonassociations_writer;
        GRANT SELECT, INSERT ON eventstore.events TO nonassociations_writer;
        GRANT EXECUTE ON FUNCTION eventstore.append TO nonassociations_writer;
    END IF;
END $$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nonassociations_writer') THEN
        REVOKE ALL ON FUNCTION eventstore.append FROM nonassociations_writer;
        REVOKE ALL ON eventstore.events FROM nonassociations_writer;
        REVOKE ALL ON SCHEMA eventstore FROM nonassociations_writer;
    END IF;
END $$;
-- +goose StatementEnd
