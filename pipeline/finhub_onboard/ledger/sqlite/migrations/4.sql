-- From schema version 4 to 5: what a run wrote last is appended, and filed into the tables in portions.

CREATE TABLE recent (
    number  INTEGER PRIMARY KEY,
    run     INTEGER NOT NULL,
    entries BLOB NOT NULL
) STRICT;
