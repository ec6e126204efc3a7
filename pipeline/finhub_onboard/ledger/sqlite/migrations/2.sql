-- From schema version 2 to 3: the lock of the one run lies in the ledger.

CREATE TABLE holder (
    one INTEGER PRIMARY KEY CHECK (one = 1), nonce TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,
    machine TEXT NOT NULL, start TEXT NOT NULL, since REAL NOT NULL, heartbeat_at REAL NOT NULL,
    beats INTEGER NOT NULL) STRICT;
