-- Writing the ledger: entries of a run (writer.py), what a run says about itself and notes for later runs (store.py).

-- upsert_customer --
-- How a customer stands from now on. If another run took it up before, a trigger keeps that in `history` (schema.sql).
INSERT INTO {table} ({journey}) VALUES {journey_rows}
ON CONFLICT (key) DO UPDATE SET {journey_changes}

-- latest_kinds --
-- What calls have in common, the latest kinds first.
SELECT number, {kind} FROM call_kind ORDER BY number DESC LIMIT ?

-- add_kind --
INSERT INTO {table} (number, {kind}) VALUES (?, {kind_places})

-- packs_since --
-- With what calls of these customers may have to be merged.
SELECT number, key, run, calls FROM call_pack WHERE key IN ({places}) AND run >= ?

-- packs_of_customer --
SELECT number, key, run, calls FROM call_pack WHERE key = ?

-- packs_from --
-- Those that may have a call of this number.
SELECT number, key, run, calls FROM call_pack WHERE number >= ?

-- drop_pack --
DELETE FROM call_pack WHERE number = ?

-- add_pack --
-- The calls of a customer in one run. A number that another call has is refused.
INSERT INTO {table} (number, key, run, calls) VALUES {pack_rows}

-- add_mark --
-- An identity hash of a customer is valid from a run on; it stays as it is where it is valid already.
INSERT OR IGNORE INTO {table} (mark, key, since)
SELECT column1, column2, ? FROM (VALUES {mark_rows})
WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE mark = column1 AND key = column2 AND until IS NULL)

-- drop_mark --
-- One that was written in this run never was: no report has seen it.
DELETE FROM {table} WHERE mark = ? AND key = ? AND since = ?

-- end_mark --
-- One of an earlier run is valid no more; reports of runs before this one still see it.
UPDATE {table} SET until = ? WHERE mark = ? AND key = ? AND until IS NULL

-- add_recent --
-- A line of what a run wrote last (recent.py).
INSERT INTO recent (number, run, entries) VALUES (?, ?, ?)

-- recent --
-- All lines, in their order.
SELECT run, entries FROM recent ORDER BY number

-- drop_recent --
-- Its entries are filed, or in another line.
DELETE FROM recent WHERE number = ?

-- forget_recent --
-- All are filed.
DELETE FROM recent

-- highest_call --
SELECT coalesce(max(number), 0) FROM call_pack

-- set_bank --
-- The address of the bank whose customers these are.
INSERT OR REPLACE INTO meta VALUES ('bank', ?)

-- set_meta --
-- An entry of the ledger about itself, in place of what was there.
INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)

-- replace_meta --
-- The same, if it still has the value that was read.
UPDATE meta SET value = ? WHERE key = ? AND value = ?

-- forget_meta --
DELETE FROM meta WHERE key = ?

-- last_call_range --
-- The range of the highest call number; 0 for those of versions that numbered all calls from 1.
SELECT coalesce(max(number), 0) >> ? FROM call_pack

-- start_run --
INSERT INTO run (run_id, host, pid, started_at, heartbeat_at, facts) VALUES (?, ?, ?, ?, ?, ?)

-- note_run --
-- What is known of a run by now, with a sign of life.
UPDATE run SET facts = ?, heartbeat_at = ? WHERE number = ?

-- finish_run --
UPDATE run SET finished_at = ?, exit_code = ?, stopped_because = ? WHERE number = ?
