-- From schema version 3 to 4: what was sent and what is in doubt is kept with each customer, and identities with the run
-- that they left in. Of a doubt of the old kind the first unresolved attempt tells since when it is; the e-mail that it
-- sent is not known (empty).

DROP TRIGGER customer_taken_up;
DROP INDEX history_key;
ALTER TABLE customer RENAME TO customer_3;
ALTER TABLE history RENAME TO history_3;
ALTER TABLE identity RENAME TO identity_3;

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

INSERT INTO customer (
    key, fingerprint, standing, done, step, doubts, repeat, doubt_at, doubt_email, final, phase, code, field,
    message, hint, http_status, customer_id, user_id, verification_id, required, uploaded, consented, documents,
    claimed, sealed_id, risk, first_run, last_run, completed_run, sent, started_at, finished_at
)
SELECT
    key, fingerprint, standing, done, step, doubts, CASE WHEN code = 'operator_vouches' AND doubts = 1 THEN
    'granted' WHEN doubts > 1 THEN 'sent' ELSE '' END, CASE WHEN doubts > 0 THEN coalesce((SELECT min(intent_at)
    FROM call WHERE call.key = customer_3.key AND call.step = customer_3.step AND changes AND outcome IN ('',
    'doubt', 'confirm', 'exists')), started_at) ELSE 0.0 END, x'', final, phase, code, field, message, hint,
    http_status, customer_id, user_id, verification_id, required, uploaded, consented, '[]', '[]', x'', risk,
    first_run, last_run, completed_run, sent, started_at, finished_at
FROM customer_3;

-- Version 3 took a registration's doubt away when the repeat was refused: while the bank may have the customer it is in
-- doubt again, unless an operator vouched since that nobody is there.
UPDATE customer
SET standing = 'in_doubt', step = 'register', doubts = 1, repeat = 'refused', final = 0, doubt_at = lost.intent_at
FROM (
    SELECT call.key AS key, min(call.intent_at) AS intent_at
    FROM call
    WHERE call.step = 'register' AND call.sent AND call.outcome IN ('', 'doubt')
    AND call.run > coalesce(
        (SELECT max(last_run) FROM history_3 WHERE history_3.key = call.key AND code = 'operator_vouches'), 0
    )
    GROUP BY call.key
) AS lost
WHERE lost.key = customer.key AND customer.standing IN ('failed', 'open') AND customer.doubts = 0
AND customer.done < 2 AND customer.customer_id = '';

CREATE TABLE history AS SELECT * FROM customer WHERE 0;

INSERT INTO history (
    key, fingerprint, standing, done, step, doubts, repeat, doubt_at, doubt_email, final, phase, code, field,
    message, hint, http_status, customer_id, user_id, verification_id, required, uploaded, consented, documents,
    claimed, sealed_id, risk, first_run, last_run, completed_run, sent, started_at, finished_at
)
SELECT
    key, fingerprint, standing, done, step, doubts, CASE WHEN code = 'operator_vouches' AND doubts = 1 THEN
    'granted' WHEN doubts > 1 THEN 'sent' ELSE '' END, CASE WHEN doubts > 0 THEN coalesce((SELECT min(intent_at)
    FROM call WHERE call.key = history_3.key AND call.step = history_3.step AND changes AND outcome IN ('',
    'doubt', 'confirm', 'exists')), started_at) ELSE 0.0 END, x'', final, phase, code, field, message, hint,
    http_status, customer_id, user_id, verification_id, required, uploaded, consented, '[]', '[]', x'', risk,
    first_run, last_run, completed_run, sent, started_at, finished_at
FROM history_3;

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

CREATE TABLE identity (
    mark  BLOB NOT NULL,
    key   BLOB NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    PRIMARY KEY (mark, key, since)
) STRICT, WITHOUT ROWID;

-- Version 3 wrote these before anything left: of customers that never came to the bank nothing stays.
INSERT INTO identity (mark, key, since)
SELECT identity_3.mark, identity_3.key, customer.first_run
FROM identity_3 JOIN customer ON customer.key = identity_3.key
WHERE customer.done > 1 OR customer.doubts > 0;

DROP TABLE customer_3;
DROP TABLE history_3;
DROP TABLE identity_3;
