-- What a person does between runs (interventions.py).

-- customers_of_standing --
-- The next customers of a standing, behind a key.
SELECT {journey} FROM customer WHERE standing = ? AND key > ? ORDER BY key LIMIT ?

-- ids --
-- The ids at the bank of every customer.
SELECT key, customer_id, user_id, verification_id FROM customer

-- enter_intervention --
-- Numbered like a run; it is over at once.
INSERT INTO run (run_id, host, pid, started_at, heartbeat_at, finished_at, exit_code, facts)
VALUES (?, ?, ?, ?, ?, ?, 0, ?)

-- end_marks_of --
-- All identity hashes of these customers (keys as hexadecimal texts in JSON) are valid no more. Reads every hash.
UPDATE identity SET until = ? WHERE until IS NULL AND hex(key) IN (SELECT value FROM json_each(?))
