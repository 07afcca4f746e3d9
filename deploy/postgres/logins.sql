\set ON_ERROR_STOP on
-- A login for each process, each a member of one role of roles.sql. The owner of the
-- database runs it after roles.sql, with the passwords in the environment:
--
--   SERVE_PASSWORD=… READ_PASSWORD=… … psql -f logins.sql "$DATABASE_URL"
--
-- A login whose variable is not set keeps its password. So a second run with one variable
-- changes one password, and a run with none changes nothing.
\pset tuples_only on
\set serve ''
\set read ''
\set screens ''
\set project ''
\set publish ''
\set listen ''
\set work ''
\set evidence ''
\set operator ''
\getenv serve SERVE_PASSWORD
\getenv read READ_PASSWORD
\getenv screens SCREENS_PASSWORD
\getenv project PROJECT_PASSWORD
\getenv publish PUBLISH_PASSWORD
\getenv listen LISTEN_PASSWORD
\getenv work WORK_PASSWORD
\getenv evidence EVIDENCE_PASSWORD
\getenv operator OPERATOR_PASSWORD
BEGIN;
CREATE TEMPORARY TABLE logins (login text, role text, password text) ON COMMIT DROP;
INSERT INTO logins VALUES
  ('na_serve', 'writer', :'serve'),
  ('na_read', 'reader', :'read'),
  ('na_screens', 'screens', :'screens'),
  ('na_project', 'projector', :'project'),
  ('na_publish', 'publisher', :'publish'),
  ('na_listen', 'nomis', :'listen'),
  ('na_work', 'nomis', :'work'),
  ('na_evidence', 'evidence', :'evidence'),
  ('na_operator', 'operator', :'operator');
SELECT format('CREATE ROLE %I LOGIN', login) FROM logins WHERE login NOT IN (SELECT rolname FROM pg_roles)
\gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), login) FROM logins
\gexec
SELECT format('GRANT nonassociations_%s TO %I', role, login) FROM logins
\gexec
SELECT format('ALTER ROLE %I PASSWORD %L', login, password) FROM logins WHERE password <> ''
\gexec
COMMIT;
