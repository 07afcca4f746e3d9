-- A process that writes compares the log of the read model with its own. It may read the checkpoint, and nothing else.
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nonassociations_writer') THEN
    GRANT USAGE ON SCHEMA {schema} TO nonassociations_writer;
    GRANT SELECT ON {schema}.checkpoint TO nonassociations_writer;
  END IF;
END $$;
