-- Run once a database by its owner, who may make roles; running it again does
-- no harm. The schema `read` is made here so that rights on what the projector
-- puts there later can be given now.
DO $$
DECLARE kind text;
BEGIN
  FOREACH kind IN ARRAY ARRAY['nonassociations_writer', 'nonassociations_projector', 'nonassociations_reader'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = kind) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', kind);
    END IF;
  END LOOP;
  -- The projector makes and drops its own schemas, read_1 and those after it.
  EXECUTE format('GRANT CREATE ON DATABASE %I TO nonassociations_projector', current_database());
END $$;

CREATE SCHEMA IF NOT EXISTS read AUTHORIZATION nonassociations_projector;
GRANT USAGE ON SCHEMA read TO nonassociations_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE nonassociations_projector IN SCHEMA read
  GRANT SELECT ON TABLES TO nonassociations_reader;
