-- A process that writes must see of which log the read model is, and no more of it.
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nonassociations_writer') THEN
    GRANT USAGE ON SCHEMA read_1 TO nonassociations_writer;
    GRANT SELECT ON read_1.checkpoint TO nonassociations_writer;
  END IF;
END $$;
