"""Opens a ledger read-only, also another user's or one on a read-only file system.

Promises: a ledger without write access can be read, and neither it nor its folder is changed; what a killed run left in
the journal is read as well. Where SQLite cannot do so in place, it reads a copy in the temporary folder.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from finhub_onboard.errors import ConfigurationError, LockedError
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.sqlite.create import SCHEMA_VERSION, check_known, in_words, inspect, open_or_create
from finhub_onboard.ledger.sqlite.database import plainly
from finhub_onboard.ledger.sqlite.recognition import recognise

_PREFIX = "finhub-onboard-ledger-"


@contextmanager
def open_to_look(
    path: Path, *, tenant_id: str, seed: str, say: Callable[[str], None]
) -> Iterator[tuple[Path, sqlite3.Connection, Keys | None]]:
    """The real path of an existing ledger, a connection for reading and the keys.

    One of an older version is converted where it may be written, and ``say`` is told before; while a run of that
    version writes there, a copy is. Raises :class:`ConfigurationError`.
    """
    with ExitStack() as stack:
        with in_words(path, "who may read it"):
            place = path.resolve()
            if not place.exists() or _may_be_written(place):
                try:
                    place, db, keys = open_or_create(path, tenant_id=tenant_id, seed=seed, create=False, say=say)
                except LockedError:
                    db, keys = _snapshot(place, stack, tenant_id=tenant_id, seed=seed)
                stack.callback(db.close)
            else:
                inspect(place, os.R_OK)
                with plainly(place, ConfigurationError):
                    db = _in_place(place, stack) or _copied(place, tenant_id, stack)
                    keys = recognise(db, place, tenant_id=tenant_id, seed=seed)
        yield place, db, keys


def _may_be_written(place: Path) -> bool:
    return os.access(place, os.R_OK | os.W_OK) and os.access(place.parent, os.W_OK)


def _in_place(place: Path, stack: ExitStack) -> sqlite3.Connection | None:
    """A connection that never writes; ``None`` if there can be none.

    SQLite reads a journal only with its index beside it. A file that nobody has open has neither, and can be read as
    ``immutable``.
    """
    journal = place.with_name(f"{place.name}-wal")
    has_journal = journal.exists() and journal.stat().st_size > 0
    for options in ("mode=ro",) if has_journal else ("mode=ro", "mode=ro&immutable=1"):
        db = sqlite3.connect(f"{place.as_uri()}?{options}", uri=True, timeout=10)
        try:
            version = check_known(db, place)
        except sqlite3.OperationalError:
            db.close()
            continue
        except BaseException:
            db.close()
            raise
        stack.callback(db.close)
        return db if version == SCHEMA_VERSION else None
    return None


def _snapshot(place: Path, stack: ExitStack, *, tenant_id: str, seed: str) -> tuple[sqlite3.Connection, Keys | None]:
    """A connection to a copy of what a run of an older version has written so far, and the keys."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=_PREFIX)))
    with (
        plainly(place, ConfigurationError),
        closing(sqlite3.connect(place)) as db,
        closing(sqlite3.connect(folder / place.name)) as copy,
    ):
        db.backup(copy)
    _, opened, keys = open_or_create(folder / place.name, tenant_id=tenant_id, seed=seed, create=False, is_copy=True)
    return opened, keys


def _copied(place: Path, tenant_id: str, stack: ExitStack) -> sqlite3.Connection:
    """A connection to a copy, where SQLite may create the index, and an older schema can be migrated."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=_PREFIX)))
    for name in (place.name, f"{place.name}-wal"):
        if place.with_name(name).exists():
            shutil.copyfile(place.with_name(name), folder / name)
    _, db, _ = open_or_create(folder / place.name, tenant_id=tenant_id, seed="", create=False, is_copy=True)
    stack.callback(db.close)
    return db
