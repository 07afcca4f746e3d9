\set ON_ERROR_STOP on
-- Makes a role for each kind of process in this database, with the privileges
-- that its processes need and no more. The file does all or nothing.
--
--   psql -f roles.sql "$DATABASE_URL"
--
-- The owner of the database runs it after every `nonassociations schema up`.
-- If the owner lacks CREATEROLE, a superuser runs it once beforehand: it makes the
-- roles and lets the owner act as the projector. A second run changes nothing.
-- The programs check these privileges at start: cmd/internal/app/grants.go has the
-- list, and a test compares it with this file.
DO $roles$
DECLARE
  kinds  CONSTANT text[] := ARRAY['writer', 'projector', 'publisher', 'reader', 'operator', 'screens', 'nomis', 'evidence'];
  modules  CONSTANT text[] := ARRAY['eventstore', 'commands', 'publisher', 'consumer', 'nomis', 'screens', 'evidence'];
  db_owner CONSTANT text := (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database());
  all_roles CONSTANT text := (SELECT string_agg('nonassociations_' || kind, ', ') FROM unnest(kinds) kind);
  given  record;
BEGIN
  -- Concurrent runs would conflict in the catalog.
  PERFORM pg_advisory_xact_lock(7305810324575);

  -- 1. The roles. They belong to the server, so they may exist from another database.
  FOR given IN SELECT 'nonassociations_' || kind AS role FROM unnest(kinds) kind LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = given.role);
    IF NOT (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) THEN
      RAISE EXCEPTION 'the role % is missing, and % lacks CREATEROLE', given.role, current_user
        USING ERRCODE = 'insufficient_privilege', HINT = 'A superuser runs roles.sql in this database once; then its owner can.';
    END IF;
    EXECUTE format('CREATE ROLE %I NOLOGIN', given.role);
  END LOOP;
  IF NOT pg_has_role(current_user, db_owner, 'USAGE') THEN
    RAISE EXCEPTION 'the database belongs to %, and % is no member of it', db_owner, current_user
      USING ERRCODE = 'insufficient_privilege', HINT = 'The owner of the database runs roles.sql, or a superuser.';
  END IF;
  -- Only a member of the projector's role can make schemas that it owns.
  IF NOT pg_has_role(db_owner, 'nonassociations_projector', 'USAGE') THEN
    BEGIN
      EXECUTE format('GRANT nonassociations_projector TO %I', db_owner);
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE EXCEPTION 'the owner % is no member of nonassociations_projector, and % may not make it one', db_owner, current_user
        USING ERRCODE = 'insufficient_privilege', HINT = 'A superuser runs roles.sql in this database once; then its owner can.';
    END;
  END IF;

  -- 2. The read model belongs to the projector, whichever login made it: read_1 and
  -- later generations, and read, whose views lead to the answering one.
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
  -- The pages read with their own login.
  GRANT USAGE ON SCHEMA read TO nonassociations_reader, nonassociations_screens, nonassociations_evidence;
  GRANT SELECT ON ALL TABLES IN SCHEMA read TO nonassociations_reader, nonassociations_screens, nonassociations_evidence;
  ALTER DEFAULT PRIVILEGES FOR ROLE nonassociations_projector IN SCHEMA read
    GRANT SELECT ON TABLES TO nonassociations_reader, nonassociations_screens, nonassociations_evidence;
  -- A verification builds a schema of its own, compares it with the views and drops it.
  EXECUTE format('GRANT CREATE ON DATABASE %I TO nonassociations_evidence', current_database());
  -- Of the tables themselves those that write to the log read only the checkpoint, which
  -- has the id of the log. The projector grants the same when it makes them.
  FOR given IN SELECT nspname AS schema FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname ~ '^read_[0-9]+$' AND relname = 'checkpoint'
  LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO nonassociations_writer, nonassociations_screens, nonassociations_nomis', given.schema);
    EXECUTE format('GRANT SELECT ON %I.checkpoint TO nonassociations_writer, nonassociations_screens, nonassociations_nomis', given.schema);
  END LOOP;

  -- 3. The durable tables. Grants of an older roles.sql are revoked first.
  FOR given IN SELECT nspname AS schema FROM pg_namespace WHERE nspname = ANY (modules) LOOP
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %s', given.schema, all_roles);
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM %s', given.schema, all_roles);
    EXECUTE format('REVOKE ALL ON SCHEMA %I FROM %s', given.schema, all_roles);
  END LOOP;
  -- The pages write as the API does: screens has all that writer has, and its own.
  FOR given IN
    SELECT w.*, format('%s %I', kind, schema) || CASE WHEN name IS NULL THEN '' ELSE format('.%I', name) END AS object
    FROM (VALUES
      -- The log, if it is in this database: a writer appends only through the
      -- function that keeps its order.
      ('SCHEMA', 'eventstore', NULL, 'USAGE', ARRAY['writer', 'projector', 'publisher', 'nomis', 'evidence']),
      ('TABLE', 'eventstore', 'events', 'SELECT', ARRAY['writer', 'projector', 'publisher', 'nomis', 'evidence']),
      ('FUNCTION', 'eventstore', 'append', 'EXECUTE', ARRAY['writer', 'nomis']),
      -- The idempotency keys. An operator deletes them when another log is adopted.
      ('SCHEMA', 'commands', NULL, 'USAGE', ARRAY['writer', 'projector', 'nomis', 'operator']),
      ('TABLE', 'commands', 'idempotency_keys', 'SELECT, INSERT, UPDATE, DELETE', ARRAY['writer']),
      ('TABLE', 'commands', 'idempotency_keys', 'DELETE', ARRAY['operator']),
      ('TABLE', 'commands', 'log', 'SELECT, INSERT', ARRAY['writer']),
      ('TABLE', 'commands', 'log', 'SELECT', ARRAY['projector', 'nomis']),
      ('TABLE', 'commands', 'log', 'SELECT, INSERT, UPDATE', ARRAY['operator']),
      -- The checkpoints of the topics. Other roles read the id of their log.
      ('SCHEMA', 'publisher', NULL, 'USAGE', ARRAY['publisher', 'writer', 'projector', 'nomis', 'operator']),
      ('TABLE', 'publisher', 'checkpoint', 'SELECT, INSERT, UPDATE', ARRAY['publisher']),
      ('TABLE', 'publisher', 'checkpoint', 'SELECT', ARRAY['writer', 'projector', 'nomis']),
      ('TABLE', 'publisher', 'parked', 'SELECT, INSERT, UPDATE, DELETE', ARRAY['publisher']),
      ('TABLE', 'publisher', 'parked', 'SELECT, UPDATE', ARRAY['screens']),
      -- The status of the consumers. Each consumer's role writes, and every role may read.
      ('SCHEMA', 'consumer', NULL, 'USAGE', ARRAY['writer', 'projector', 'publisher', 'nomis', 'operator', 'evidence']),
      ('TABLE', 'consumer', 'status', 'SELECT', ARRAY['writer']),
      ('TABLE', 'consumer', 'status', 'SELECT, INSERT, UPDATE', ARRAY['projector', 'publisher', 'nomis', 'evidence']),
      ('TABLE', 'consumer', 'status', 'DELETE', ARRAY['operator']),
      -- What is due to be compared with NOMIS, and what its messages said. The schema is
      -- that of nomis; a writer has what people do about NOMIS through the API.
      ('SCHEMA', 'nomis', NULL, 'USAGE', ARRAY['writer', 'nomis']),
      ('TABLE', 'nomis', 'due_pair', 'SELECT, INSERT, UPDATE, DELETE', ARRAY['writer', 'nomis']),
      ('TABLE', 'nomis', 'prisoner_message', 'SELECT, INSERT', ARRAY['writer']),
      ('TABLE', 'nomis', 'prisoner_message', 'SELECT, INSERT, DELETE', ARRAY['nomis']),
      ('TABLE', 'nomis', 'brake', 'SELECT, INSERT, UPDATE', ARRAY['writer', 'nomis']),
      ('TABLE', 'nomis', 'difference', 'SELECT, INSERT, UPDATE', ARRAY['writer', 'nomis']),
      ('TABLE', 'nomis', 'given_back', 'SELECT, INSERT, UPDATE, DELETE', ARRAY['writer', 'nomis']),
      ('TABLE', 'nomis', 'restored_pair', 'SELECT, UPDATE, DELETE', ARRAY['writer']),
      ('TABLE', 'nomis', 'restored_pair', 'SELECT, INSERT, UPDATE, DELETE', ARRAY['nomis']),
      ('TABLE', 'nomis', 'touched_pair', 'SELECT, INSERT, UPDATE, DELETE', ARRAY['writer', 'nomis']),
      ('TABLE', 'nomis', 'reconciliation', 'SELECT, INSERT, UPDATE', ARRAY['writer', 'nomis']),
      ('TABLE', 'nomis', 'reconciliation_pair', 'SELECT, INSERT, UPDATE, DELETE', ARRAY['writer', 'nomis']),
      ('TABLE', 'nomis', 'repair_plan', 'SELECT, INSERT', ARRAY['writer', 'nomis']),
      ('TABLE', 'nomis', 'purged_message', 'INSERT', ARRAY['writer']),
      ('TABLE', 'nomis', 'purged_message', 'SELECT, DELETE', ARRAY['nomis']),
      ('TABLE', 'nomis', 'migration', 'SELECT, INSERT, UPDATE', ARRAY['writer', 'nomis']),
      ('TABLE', 'nomis', 'migration_pair', 'SELECT', ARRAY['writer']),
      ('TABLE', 'nomis', 'migration_pair', 'SELECT, INSERT, UPDATE, DELETE', ARRAY['nomis']),
      ('TABLE', 'nomis', 'legacy_caller', 'SELECT, INSERT, UPDATE', ARRAY['writer']),
      ('TABLE', 'nomis', 'own_author', 'SELECT, INSERT', ARRAY['writer', 'nomis']),
      ('TABLE', 'nomis', 'switched_checkpoint', 'SELECT, INSERT, UPDATE', ARRAY['nomis']),
      ('TABLE', 'nomis', 'prison_edit', 'SELECT', ARRAY['writer']),
      ('TABLE', 'nomis', 'prison_edit', 'SELECT, INSERT, UPDATE, DELETE', ARRAY['nomis']),
      ('TABLE', 'nomis', 'prison_edit_checkpoint', 'SELECT', ARRAY['writer']),
      ('TABLE', 'nomis', 'prison_edit_checkpoint', 'SELECT, INSERT, UPDATE', ARRAY['nomis']),
      ('TABLE', 'nomis', 'found_edit', 'INSERT', ARRAY['writer']),
      ('TABLE', 'nomis', 'found_edit', 'SELECT, INSERT, DELETE', ARRAY['nomis']),
      ('TABLE', 'nomis', 'known_prison', 'SELECT, INSERT, UPDATE', ARRAY['writer', 'nomis']),
      -- Sessions and the view audit. Nobody changes a view; an operator removes old ones.
      ('SCHEMA', 'screens', NULL, 'USAGE', ARRAY['screens', 'operator']),
      ('TABLE', 'screens', 'session', 'SELECT, INSERT, UPDATE, DELETE', ARRAY['screens']),
      ('TABLE', 'screens', 'sign_in_attempt', 'SELECT, INSERT, DELETE', ARRAY['screens']),
      ('TABLE', 'screens', 'kept_form', 'SELECT, INSERT, DELETE', ARRAY['screens']),
      ('TABLE', 'screens', 'view', 'SELECT, INSERT', ARRAY['screens']),
      ('TABLE', 'screens', 'view', 'SELECT, DELETE', ARRAY['operator']),
      ('TABLE', 'screens', 'unsent_view', 'SELECT, INSERT, UPDATE, DELETE', ARRAY['screens']),
      ('TABLE', 'screens', 'unsent_view', 'SELECT', ARRAY['operator']),
      -- What operators did. Every role that writes at all adds to it, and nobody changes it.
      ('SCHEMA', 'evidence', NULL, 'USAGE', ARRAY['writer', 'projector', 'publisher', 'nomis', 'operator', 'evidence', 'reader']),
      ('TABLE', 'evidence', 'action', 'INSERT', ARRAY['writer', 'projector', 'publisher', 'nomis', 'operator', 'evidence']),
      ('TABLE', 'evidence', 'action', 'SELECT', ARRAY['screens']),
      -- The tree over the log: one role makes it, and answers read it.
      ('TABLE', 'evidence', 'leaf', 'SELECT, INSERT', ARRAY['evidence']),
      ('TABLE', 'evidence', 'node', 'SELECT, INSERT', ARRAY['evidence']),
      ('TABLE', 'evidence', 'head', 'SELECT, INSERT', ARRAY['evidence']),
      ('TABLE', 'evidence', 'cosignature', 'SELECT, INSERT', ARRAY['evidence']),
      ('TABLE', 'evidence', 'tree', 'SELECT, INSERT, UPDATE', ARRAY['evidence']),
      ('TABLE', 'evidence', 'refusal', 'SELECT, INSERT, UPDATE', ARRAY['evidence']),
      ('TABLE', 'evidence', 'check', 'SELECT, INSERT', ARRAY['evidence']),
      ('TABLE', 'evidence', 'leaf', 'SELECT', ARRAY['reader', 'screens']),
      ('TABLE', 'evidence', 'node', 'SELECT', ARRAY['reader', 'screens']),
      ('TABLE', 'evidence', 'head', 'SELECT', ARRAY['reader', 'screens']),
      ('TABLE', 'evidence', 'cosignature', 'SELECT', ARRAY['reader', 'screens']),
      ('TABLE', 'evidence', 'tree', 'SELECT', ARRAY['reader', 'screens']),
      ('TABLE', 'publisher', 'checkpoint', 'DELETE', ARRAY['operator']),
      ('TABLE', 'publisher', 'parked', 'DELETE', ARRAY['operator'])
    ) w(kind, schema, name, rights, roles)
    JOIN pg_namespace n ON n.nspname = schema
    WHERE name IS NULL
      OR EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid AND relname = name)
      OR EXISTS (SELECT FROM pg_proc WHERE pronamespace = n.oid AND proname = name)
  LOOP
    EXECUTE format('GRANT %s ON %s TO %s', given.rights, given.object,
      (SELECT string_agg('nonassociations_' || role, ', ')
        FROM unnest(given.roles || CASE WHEN 'writer' = ANY (given.roles) THEN ARRAY['screens'] END) role));
  END LOOP;
END $roles$;
