-- The role that query reads the record with; it can change nothing. For psql, in the record's database, as whoever may make roles:
--
--   READER_PASSWORD_FILE=… psql -v ON_ERROR_STOP=1 -f deploy/postgres/reader.sql postgresql://postgres@HOST/record
--
-- Running it again sets the password anew. It reads what the database's owner (aggregate) has made and will make.
\set password `cat "$READER_PASSWORD_FILE"`
SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = current_database() \gset
SELECT 'CREATE ROLE onrecord_reader' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'onrecord_reader') \gexec
ALTER ROLE onrecord_reader WITH LOGIN PASSWORD :'password';
ALTER ROLE onrecord_reader SET default_transaction_read_only = on;
REVOKE TEMPORARY ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO onrecord_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT SELECT ON TABLES TO onrecord_reader;
