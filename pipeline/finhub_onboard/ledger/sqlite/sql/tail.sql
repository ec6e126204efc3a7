-- What is recent, in front of the tables of the file (tail.py), for one connection. The views hide the tables of their
-- names.

-- ends_of_recent --
-- The first and the last line: they tell whether anything was appended or filed.
SELECT (SELECT min(number) FROM recent), (SELECT max(number) FROM recent)

-- run_of_recent --
-- Only one run writes at a time.
SELECT run FROM recent LIMIT 1

-- make_recent_customer --
CREATE TEMP TABLE recent_customer ({journey}, PRIMARY KEY (key)) WITHOUT ROWID

-- make_recent_call_pack --
CREATE TEMP TABLE recent_call_pack (number, key, run, calls, PRIMARY KEY (key, run)) WITHOUT ROWID

-- make_hidden_call_pack --
-- The packs whose calls are in those of the table before.
CREATE TEMP TABLE hidden_call_pack (number INTEGER PRIMARY KEY)

-- hide_pack --
INSERT INTO temp.hidden_call_pack (number) VALUES (?)

-- make_recent_call_kind --
-- Their numbers are below 0.
CREATE TEMP TABLE recent_call_kind (number INTEGER PRIMARY KEY, {kind})

-- make_recent_identity --
CREATE TEMP TABLE recent_identity (mark, key, since, until, PRIMARY KEY (mark, key, since)) WITHOUT ROWID

-- make_recent_mark --
-- The hashes that change: of them everything is in the table before.
CREATE TEMP TABLE recent_mark (mark PRIMARY KEY) WITHOUT ROWID

-- add_recent_mark --
INSERT INTO temp.recent_mark VALUES (?)

-- copy_marks --
INSERT INTO temp.recent_identity
SELECT mark, key, since, until FROM main.identity WHERE mark IN (SELECT mark FROM temp.recent_mark)

-- view_customer --
CREATE TEMP VIEW customer AS
SELECT {journey} FROM main.customer WHERE key NOT IN (SELECT key FROM temp.recent_customer)
UNION ALL
SELECT {journey} FROM temp.recent_customer

-- view_history --
-- Of those whom the run took up, the table has how an earlier run left them.
CREATE TEMP VIEW history AS
SELECT {journey} FROM main.history
UNION ALL
SELECT {journey} FROM main.customer AS before
WHERE key IN (SELECT key FROM temp.recent_customer AS recent WHERE recent.last_run <> before.last_run)

-- view_call_pack --
CREATE TEMP VIEW call_pack AS
SELECT number, key, run, calls FROM main.call_pack WHERE number NOT IN (SELECT number FROM temp.hidden_call_pack)
UNION ALL
SELECT number, key, run, calls FROM temp.recent_call_pack

-- view_call_kind --
CREATE TEMP VIEW call_kind AS
SELECT number, {kind} FROM main.call_kind
UNION ALL
SELECT number, {kind} FROM temp.recent_call_kind

-- view_identity --
CREATE TEMP VIEW identity AS
SELECT mark, key, since, until FROM main.identity WHERE mark NOT IN (SELECT mark FROM temp.recent_mark)
UNION ALL
SELECT mark, key, since, until FROM temp.recent_identity

-- hide_customer --
DROP VIEW IF EXISTS temp.customer

-- hide_history --
DROP VIEW IF EXISTS temp.history

-- hide_call_pack --
DROP VIEW IF EXISTS temp.call_pack

-- hide_call_kind --
DROP VIEW IF EXISTS temp.call_kind

-- hide_identity --
DROP VIEW IF EXISTS temp.identity

-- drop_recent_customer --
DROP TABLE IF EXISTS temp.recent_customer

-- drop_recent_call_pack --
DROP TABLE IF EXISTS temp.recent_call_pack

-- drop_hidden_call_pack --
DROP TABLE IF EXISTS temp.hidden_call_pack

-- drop_recent_call_kind --
DROP TABLE IF EXISTS temp.recent_call_kind

-- drop_recent_identity --
DROP TABLE IF EXISTS temp.recent_identity

-- drop_recent_mark --
DROP TABLE IF EXISTS temp.recent_mark
