-- From schema version 1 to 2: by what else a customer would be known again.

CREATE TABLE identity (mark BLOB NOT NULL, key BLOB NOT NULL, PRIMARY KEY (mark, key)) STRICT, WITHOUT ROWID;
