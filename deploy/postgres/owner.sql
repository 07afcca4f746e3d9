\set ON_ERROR_STOP on
-- The owner of the service's database, and the database. A superuser runs it once:
--
--   OWNER_PASSWORD=… psql -f owner.sql postgres://…/postgres
\getenv password OWNER_PASSWORD
CREATE ROLE na_owner LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE nonassociations OWNER na_owner;
REVOKE CONNECT, TEMPORARY ON DATABASE nonassociations FROM PUBLIC;
