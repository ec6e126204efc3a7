-- From schema version 5 to 6: the requests of a customer in one run lie in one row.

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

INSERT INTO call_kind (
    phase, step, attempt, changes, outcome, sent, http_status, code, field, message, hint, retriable
)
SELECT DISTINCT
    phase, step, attempt, changes, outcome, sent, http_status, code, field, message, hint, retriable
FROM call;

CREATE INDEX call_kind_5 ON call_kind (step, outcome, attempt, http_status, code, message);

CREATE TABLE call_pack (
    number INTEGER PRIMARY KEY,
    key    BLOB NOT NULL,
    run    INTEGER NOT NULL,
    calls  BLOB NOT NULL
) STRICT;

INSERT INTO call_pack (number, key, run, calls)
SELECT
    max(call.number), call.key, call.run, pack_calls(
        call.number, call_kind.number, call.intent_at, call.outcome_at, call.wait_s, call.seconds
    )
FROM call JOIN call_kind ON call_kind.step = call.step AND call_kind.outcome = call.outcome
AND call_kind.attempt = call.attempt AND call_kind.http_status IS call.http_status AND call_kind.code = call.code
AND call_kind.message = call.message AND call_kind.phase = call.phase AND call_kind.changes = call.changes
AND call_kind.sent = call.sent AND call_kind.field = call.field AND call_kind.hint = call.hint
AND call_kind.retriable = call.retriable
GROUP BY call.key, call.run
ORDER BY 1;

CREATE INDEX call_pack_key ON call_pack (key, run);
CREATE INDEX call_pack_run ON call_pack (run);
DROP INDEX call_kind_5;
DROP TABLE call;
