\set ON_ERROR_STOP on
-- Gives each kind of process its role in this database, and each role what its
-- processes need and no more. All of it is done, or nothing.
--
--   psql -f roles.sql "$DATABASE_URL"
--
-- The owner of the database runs it behind every `nonassociations schema up`.
-- Where the owner may not make roles (CREATEROLE), a superuser runs it once
-- before: it makes the roles and lets the owner act as the projector. Running it
-- again changes nothing. The programs compare their rights with these when they
-- start: cmd/internal/app/grants.go has the list, which a test compares with this one.
DO $roles$
DECLARE
  kinds  CONSTANT text[] := ARRAY['writer', 'projector', 'publisher', 'reader', 'operator'];
  rooms  CONSTANT text[] := ARRAY['eventstore', 'commands', 'publisher', 'consumer'];
  keeper CONSTANT text := (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database());
  everyone CONSTANT text := (SELECT string_agg('nonassociations_' || kind, ', ') FROM unnest(kinds) kind);
  given  record;
BEGIN
  -- Two runs at once would meet in the catalog.
  PERFORM pg_advisory_xact_lock(7305810324575);

  -- 1. The roles. They belong to the server: another database may have made them.
  FOR given IN SELECT 'nonassociations_' || kind AS role FROM unnest(kinds) kind LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = given.role);
    IF NOT (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) THEN
      RAISE EXCEPTION 'the role % is missing, and % lacks CREATEROLE', given.role, current_user
        USING ERRCODE = 'insufficient_privilege', HINT = 'A superuser runs roles.sql in this database once; then its owner can.';
    END IF;
    EXECUTE format('CREATE ROLE %I NOLOGIN', given.role);
  END LOOP;
  IF NOT pg_has_role(current_user, keeper, 'USAGE') THEN
    RAISE EXCEPTION 'the database belongs to %, and % is no member of it', keeper, current_user
      USING ERRCODE = 'insufficient_privilege', HINT = 'The owner of the database runs roles.sql, or a superuser.';
  END IF;
  -- Schemas of the projector's can be made by a member of it alone.
  IF NOT pg_has_role(keeper, 'nonassociations_projector', 'USAGE') THEN
    BEGIN
      EXECUTE format('GRANT nonassociations_projector TO %I', keeper);
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE EXCEPTION 'the owner % is no member of nonassociations_projector, and % may not make it one', keeper, current_user
        USING ERRCODE = 'insufficient_privilege', HINT = 'A superuser runs roles.sql in this database once; then its owner can.';
    END;
  END IF;

  -- 2. The read model is the projector's, whoever made it: read_1 and those after
  -- it, and read, by which the others find it.
  EXECUTE format('GRANT CREATE ON DATABASE %I TO nonassociations_projector', current_database());
  IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'read') THEN
    CREATE SCHEMA read AUTHORIZATION nonassociations_projector;
  END IF;
  FOR given IN
    SELECT 1 AS turn, format('SCHEMA %I', nspname) AS object, nspowner AS owner FROM pg_namespace WHERE nspname ~ '^read(_[0-9]+)?$'
    UNION ALL
    SELECT 2, format('TABLE %I.%I', nspname, relname), relowner FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
      WHERE nspname ~ '^read(_[0-9]+)?$' AND relkind IN ('r', 'p', 'v', 'm')
    UNION ALL
    SELECT 3, 'ROUTINE ' || p.oid::regprocedure, proowner FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
      WHERE nspname ~ '^read(_[0-9]+)?$'
    ORDER BY turn
  LOOP
    IF given.owner <> 'nonassociations_projector'::regrole THEN
      EXECUTE format('ALTER %s OWNER TO nonassociations_projector', given.object);
    END IF;
  END LOOP;
  GRANT USAGE ON SCHEMA read TO nonassociations_reader;
  GRANT SELECT ON ALL TABLES IN SCHEMA read TO nonassociations_reader;
  ALTER DEFAULT PRIVILEGES FOR ROLE nonassociations_projector IN SCHEMA read GRANT SELECT ON TABLES TO nonassociations_reader;
  -- Of the tables themselves a writer sees whose log they are of, and no more. The
  -- projector gives the same when it makes them.
  FOR given IN SELECT nspname AS schema FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname ~ '^read_[0-9]+$' AND relname = 'checkpoint'
  LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO nonassociations_writer', given.schema);
    EXECUTE format('GRANT SELECT ON %I.checkpoint TO nonassociations_writer', given.schema);
  END LOOP;

  -- 3. The durable tables. What an older roles.sql gave goes first.
  FOR given IN SELECT nspname AS schema FROM pg_namespace WHERE nspname = ANY (rooms) LOOP
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %s', given.schema, everyone);
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM %s', given.schema, everyone);
    EXECUTE format('REVOKE ALL ON SCHEMA %I FROM %s', given.schema, everyone);
  END LOOP;
  FOR given IN
    SELECT w.*, format('%s %I', kind, schema) || CASE WHEN name IS NULL THEN '' ELSE format('.%I', name) END AS object
    FROM (VALUES
      -- The log, where it is in this database: a writer adds by the one function
      -- that keeps its order.
      ('SCHEMA', 'eventstore', NULL, 'USAGE', ARRAY['writer', 'projector', 'publisher']),
      ('TABLE', 'eventstore', 'events', 'SELECT', ARRAY['writer', 'projector', 'publisher']),
      ('FUNCTION', 'eventstore', 'append', 'EXECUTE', ARRAY['writer']),
      -- The idempotency keys. An operator forgets them with the log they are of.
      ('SCHEMA', 'commands', NULL, 'USAGE', ARRAY['writer', 'projector', 'operator']),
      ('TABLE', 'commands', 'keys', 'SELECT, INSERT, UPDATE, DELETE', ARRAY['writer']),
      ('TABLE', 'commands', 'keys', 'DELETE', ARRAY['operator']),
      ('TABLE', 'commands', 'log', 'SELECT, INSERT', ARRAY['writer']),
      ('TABLE', 'commands', 'log', 'SELECT', ARRAY['projector']),
      ('TABLE', 'commands', 'log', 'SELECT, INSERT, UPDATE', ARRAY['operator']),
      -- How far the topics were told. Others look of which log that is.
      ('SCHEMA', 'publisher', NULL, 'USAGE', ARRAY['publisher', 'writer', 'projector', 'operator']),
      ('TABLE', 'publisher', 'bookmark', 'SELECT, INSERT, UPDATE', ARRAY['publisher']),
      ('TABLE', 'publisher', 'bookmark', 'SELECT', ARRAY['writer', 'projector']),
      ('TABLE', 'publisher', 'parked', 'SELECT, INSERT, UPDATE, DELETE', ARRAY['publisher']),
      -- How each consumer is doing. Each writes its own row; every role may look.
      ('SCHEMA', 'consumer', NULL, 'USAGE', ARRAY['writer', 'projector', 'publisher', 'operator']),
      ('TABLE', 'consumer', 'status', 'SELECT, INSERT, UPDATE', ARRAY['writer', 'projector', 'publisher']),
      ('TABLE', 'consumer', 'status', 'DELETE', ARRAY['operator']),
      ('TABLE', 'publisher', 'bookmark', 'DELETE', ARRAY['operator']),
      ('TABLE', 'publisher', 'parked', 'DELETE', ARRAY['operator'])
    ) w(kind, schema, name, rights, roles)
    JOIN pg_namespace n ON n.nspname = schema
    WHERE name IS NULL
      OR EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid AND relname = name)
      OR EXISTS (SELECT FROM pg_proc WHERE pronamespace = n.oid AND proname = name)
  LOOP
    EXECUTE format('GRANT %s ON %s TO %s', given.rights, given.object,
      (SELECT string_agg('nonassociations_' || role, ', ') FROM unnest(given.roles) role));
  END LOOP;
END $roles$;
