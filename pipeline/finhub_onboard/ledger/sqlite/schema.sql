-- The ledger, schema version 6. Everything here is free of personal data: customers are keyed hashes.
-- One process writes (ledger/sqlite/writer.py); any number may read (WAL).

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- One execution of a job. `facts` is JSON: inputs, rules of the intake, categories, where reports go, the rate reached.
-- Also an act of a person between runs, such as an answer for customers in doubt: then `facts` says which `command`.
CREATE TABLE run (
    number          INTEGER PRIMARY KEY,
    run_id          TEXT NOT NULL UNIQUE,
    host            TEXT NOT NULL,
    pid             INTEGER NOT NULL,
    started_at      REAL NOT NULL,
    heartbeat_at    REAL NOT NULL,
    finished_at     REAL,
    exit_code       INTEGER,
    stopped_because TEXT NOT NULL DEFAULT '',
    facts           TEXT NOT NULL
) STRICT;

-- Where a customer's journey stands. Transitions:
--   (none) -> open            taken up by a run
--   open   -> open            a phase done, an intent written (step, doubts + 1), an outcome known (doubts - 1)
--   open   -> complete        activated
--   open   -> failed          refused (final) or retries ran out; -> open by a later run, a changed row or a redrive
--   open   -> declined        verification refused; -> open when the row changes
--   open   -> parked          waits for a person; -> open by the next run
--   open   -> in_doubt        an outcome cannot be found out; -> open by the next run or an operator's answer
CREATE TABLE customer (
    key             BLOB PRIMARY KEY,
    fingerprint     BLOB NOT NULL,
    standing        TEXT NOT NULL,
    done            INTEGER NOT NULL,
    step            TEXT NOT NULL,
    doubts          INTEGER NOT NULL,
    repeat          TEXT NOT NULL,
    doubt_at        REAL NOT NULL,
    doubt_email     BLOB NOT NULL,
    final           INTEGER NOT NULL,
    phase           TEXT NOT NULL,
    code            TEXT NOT NULL,
    field           TEXT NOT NULL,
    message         TEXT NOT NULL,
    hint            TEXT NOT NULL,
    http_status     INTEGER,
    customer_id     TEXT NOT NULL,
    user_id         TEXT NOT NULL,
    verification_id TEXT NOT NULL,
    required        TEXT,
    uploaded        TEXT NOT NULL,
    consented       TEXT NOT NULL,
    documents       TEXT NOT NULL,
    claimed         TEXT NOT NULL,
    sealed_id       BLOB NOT NULL,
    risk            TEXT NOT NULL,
    first_run       INTEGER NOT NULL,
    last_run        INTEGER NOT NULL,
    completed_run   INTEGER NOT NULL,
    sent            INTEGER NOT NULL,
    started_at      REAL NOT NULL,
    finished_at     REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- How a customer stood when a later run took it up: reports of earlier runs can be written again.
CREATE TABLE history AS SELECT * FROM customer WHERE 0;
CREATE INDEX history_key ON history (key, last_run);
CREATE TRIGGER customer_taken_up AFTER UPDATE ON customer WHEN NEW.last_run <> OLD.last_run
BEGIN
    INSERT INTO history VALUES (
        OLD.key, OLD.fingerprint, OLD.standing, OLD.done, OLD.step, OLD.doubts, OLD.repeat, OLD.doubt_at,
        OLD.doubt_email, OLD.final, OLD.phase, OLD.code, OLD.field, OLD.message, OLD.hint, OLD.http_status,
        OLD.customer_id, OLD.user_id, OLD.verification_id, OLD.required, OLD.uploaded, OLD.consented, OLD.documents,
        OLD.claimed, OLD.sealed_id, OLD.risk, OLD.first_run, OLD.last_run, OLD.completed_run, OLD.sent,
        OLD.started_at, OLD.finished_at
    );
END;

-- What requests have in common: an intent (changes = 1) or, with an outcome, what became of it. Nothing is changed here.
CREATE TABLE call_kind (
    number      INTEGER PRIMARY KEY,
    phase       TEXT NOT NULL,
    step        TEXT NOT NULL,
    attempt     INTEGER NOT NULL,
    changes     INTEGER NOT NULL,
    outcome     TEXT NOT NULL,
    sent        INTEGER NOT NULL,
    http_status INTEGER,
    code        TEXT NOT NULL,
    field       TEXT NOT NULL,
    message     TEXT NOT NULL,
    hint        TEXT NOT NULL,
    retriable   INTEGER NOT NULL
) STRICT;

-- The requests of a customer in one run: `calls` has the number, kind and times of each (packs.py). An intent with an
-- empty outcome is in doubt. A request's number grows with time for each customer, and that of the last one is the
-- row's: rows are appended. Each writer counts within a range of its own (`meta`, call_ranges), so that no two collide.
CREATE TABLE call_pack (
    number INTEGER PRIMARY KEY,
    key    BLOB NOT NULL,
    run    INTEGER NOT NULL,
    calls  BLOB NOT NULL
) STRICT;
CREATE INDEX call_pack_key ON call_pack (key, run);
CREATE INDEX call_pack_run ON call_pack (run);

-- By what else a customer would be known again: keyed hashes of e-mail, of phone with birth date, of document, of the
-- customer's ids at the bank. Valid from run `since` on and, where `until` is not null, before run `until`: attempts that
-- were refused, or that an operator says did not happen, end it. A customer may have the same one again later.
CREATE TABLE identity (
    mark  BLOB NOT NULL,
    key   BLOB NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    PRIMARY KEY (mark, key, since)
) STRICT, WITHOUT ROWID;

-- What a run wrote last: a line for each commit, in order, that is not yet in the tables above (recent.py packs and files
-- it). To append costs a hundredth of the bytes that a change of random pages does. Only one run writes here at a time.
CREATE TABLE recent (
    number  INTEGER PRIMARY KEY,
    run     INTEGER NOT NULL,
    entries BLOB NOT NULL
) STRICT;

-- Who holds the one run's lock; no row: it is free. Written and renewed by ledger/sqlite/lock.py only.
CREATE TABLE holder (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    nonce        TEXT NOT NULL,
    host         TEXT NOT NULL,
    pid          INTEGER NOT NULL,
    machine      TEXT NOT NULL,
    start        TEXT NOT NULL,
    since        REAL NOT NULL,
    heartbeat_at REAL NOT NULL,
    beats        INTEGER NOT NULL
) STRICT;
