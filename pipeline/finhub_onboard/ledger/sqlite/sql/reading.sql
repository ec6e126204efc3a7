-- Reading the ledger (reading.py). `customer` has how each customer stands now; `history` how it stood when a later run
-- took it up. Of a customer's states the one with the highest `last_run` up to a run is how that run left it.
-- customer.standing: open, complete, failed, declined, parked, in_doubt (schema.sql has the transitions).
-- call_kind.outcome: empty while nothing is known of the intent, `done`, or another verdict of journey.policy.

-- meta --
-- An entry of the ledger about itself.
SELECT value FROM meta WHERE key = ?

-- every_meta --
-- All of them.
SELECT key, value FROM meta

-- journeys --
-- How these customers stand now.
SELECT {journey} FROM customer WHERE key IN ({places})

-- journeys_as_of --
-- All states of these customers up to a run, in any order: sorting them took as long as reading them.
SELECT {journey} FROM history WHERE key IN ({places}) AND last_run <= ?
UNION ALL
SELECT {journey} FROM customer WHERE key IN ({places}) AND last_run <= ?

-- finished --
-- Who of these customers is finished and was taken up by a version that kept their identity hashes.
SELECT key FROM customer WHERE key IN ({places}) AND standing = 'complete' AND length(sealed_id)

-- finished_before --
-- The same, before a run, for the lines of reports; of others a report has more to tell.
SELECT {finished} FROM customer WHERE key IN ({places}) AND standing = 'complete' AND code = '' AND last_run < ?

-- states --
-- All states of a customer, the oldest first.
SELECT {journey} FROM history WHERE key = ?
UNION ALL
SELECT {journey} FROM customer WHERE key = ?
ORDER BY last_run

-- finished_last --
-- Who has this standing, the latest first. Reads every customer.
SELECT {journey} FROM customer WHERE standing = ? ORDER BY finished_at DESC LIMIT ?

-- standings --
-- How many customers have each standing.
SELECT standing, count(*) FROM customer GROUP BY standing

-- unresolved --
-- Customers with unresolved attempts. Reads every customer.
SELECT key FROM customer WHERE doubts > 0

-- unresolved_as_of --
-- The same, when a run ended or in any run before it.
SELECT key FROM customer WHERE doubts > 0 AND last_run <= ?
UNION
SELECT key FROM history WHERE doubts > 0 AND last_run <= ?

-- owners_of_marks --
-- Whom these identity hashes identify now.
SELECT mark, key FROM identity WHERE mark IN ({places}) AND until IS NULL

-- owners_of_marks_as_of --
-- Whom they identified when a run ended.
SELECT mark, key FROM identity WHERE mark IN ({places}) AND since <= ? AND (until IS NULL OR until > ?)

-- packs --
-- All requests of these customers.
SELECT number, key, run, calls FROM call_pack WHERE key IN ({places}) ORDER BY key

-- packs_in_run --
-- Those of one run.
SELECT number, key, run, calls FROM call_pack WHERE key IN ({places}) AND run = ? ORDER BY key

-- packs_of_run --
-- All requests of a run.
SELECT number, key, run, calls FROM call_pack WHERE run = ?

-- packs_before --
-- Those of earlier runs.
SELECT number, key, run, calls FROM call_pack WHERE run < ?

-- latest_packs --
-- Those that ended last; each has a call or more.
SELECT number, key, run, calls FROM call_pack ORDER BY number DESC LIMIT 10000

-- kind --
-- What the calls of a kind have in common.
SELECT {kind} FROM call_kind WHERE number = ?

-- customers_of_run --
-- How many customers a run took up: those whom a later run took up as well are in `history`.
SELECT (SELECT count(*) FROM customer WHERE last_run = ?) + (SELECT count(*) FROM history WHERE last_run = ?)

-- runs --
-- All runs and interventions, the newest first.
SELECT number, run_id, host, pid, started_at, heartbeat_at, finished_at, exit_code, stopped_because, facts
FROM run
ORDER BY number DESC
