\set ON_ERROR_STOP on
-- The database of NOMIS's stand-in, for compose.yaml alone.
\getenv password STAND_INS_PASSWORD
CREATE ROLE stand_ins LOGIN PASSWORD :'password';
CREATE DATABASE stand_ins OWNER stand_ins;
