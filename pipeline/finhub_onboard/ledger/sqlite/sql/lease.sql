-- The lease of the one run (lease.py): the only row of `holder`; no row: it is free. A holder whose `beats` stand still
-- for long, or whose process is dead, is replaced.

-- holder --
SELECT nonce, host, pid, machine, start, since, heartbeat_at, beats FROM holder

-- acquire --
-- In place of whoever held it.
INSERT OR REPLACE INTO holder (one, nonce, host, pid, machine, start, since, heartbeat_at, beats)
VALUES (1, ?, ?, ?, ?, ?, ?, ?, 0)

-- heartbeat --
-- A sign of life.
UPDATE holder SET heartbeat_at = ?, beats = beats + 1

-- release --
-- Only one's own.
DELETE FROM holder WHERE nonce = ?
