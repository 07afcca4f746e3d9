-- Run by the owner of the database, who may make roles, behind every
-- `nonassociations schema up`; running it again does no harm.
DO $$
DECLARE kind text;
BEGIN
  FOREACH kind IN ARRAY ARRAY['nonassociations_writer', 'nonassociations_projector', 'nonassociations_publisher', 'nonassociations_reader'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = kind) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', kind);
    END IF;
  END LOOP;

  -- The projector makes and drops its own schemas, read_1 and those after it.
  EXECUTE format('GRANT CREATE ON DATABASE %I TO nonassociations_projector', current_database());

  -- The log, where it is in this database: the writer adds by the one function
  -- that keeps its order, and reads; the projector and the publisher read.
  IF to_regclass('eventstore.events') IS NOT NULL THEN
    GRANT USAGE ON SCHEMA eventstore TO nonassociations_writer;
    REVOKE ALL ON eventstore.events FROM nonassociations_writer;
    GRANT SELECT ON eventstore.events TO nonassociations_writer;
    GRANT EXECUTE ON FUNCTION eventstore.append TO nonassociations_writer;
    GRANT USAGE ON SCHEMA eventstore TO nonassociations_projector;
    GRANT SELECT ON eventstore.events TO nonassociations_projector;
    GRANT USAGE ON SCHEMA eventstore TO nonassociations_publisher;
    GRANT SELECT ON eventstore.events TO nonassociations_publisher;
  END IF;

  -- Idempotency keys are the writer's own.
  IF to_regnamespace('commands') IS NOT NULL THEN
    GRANT USAGE ON SCHEMA commands TO nonassociations_writer;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA commands TO nonassociations_writer;
  END IF;

  -- Bookmarks and the desk are the publisher's own; a serving process looks of
  -- which log they are.
  IF to_regnamespace('publisher') IS NOT NULL THEN
    GRANT USAGE ON SCHEMA publisher TO nonassociations_publisher, nonassociations_writer;
    GRANT SELECT, INSERT, UPDATE, DELETE ON publisher.bookmark, publisher.parked TO nonassociations_publisher;
    GRANT SELECT ON publisher.bookmark TO nonassociations_writer;
  END IF;
END $$;

-- Made here so that rights on what the projector puts there later can be given
-- now. A login of the projector must act as this role:
--   ALTER ROLE … SET role = nonassociations_projector;
CREATE SCHEMA IF NOT EXISTS read AUTHORIZATION nonassociations_projector;
GRANT USAGE ON SCHEMA read TO nonassociations_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE nonassociations_projector IN SCHEMA read
  GRANT SELECT ON TABLES TO nonassociations_reader;
