-- A process that writes compares the log of the read model with its own. It may read the checkpoint, and nothing else.
DO $$ DECLARE role text; BEGIN
  FOR role IN SELECT rolname FROM pg_roles WHERE rolname IN ('nonassociations_writer', 'nonassociations_screens', 'nonassociations_nomis') LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA {schema} TO %I', role);
    EXECUTE format('GRANT SELECT ON {schema}.checkpoint TO %I', role);
  END LOOP;
END $$;
