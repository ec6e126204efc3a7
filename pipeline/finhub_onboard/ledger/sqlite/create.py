"""Opens a ledger: created in one step, migrated from an older schema, or refused.

Promise: a ledger that cannot be trusted (no regular file, empty, without its journal, damaged, of another tenant or
seed, or a newer schema) is refused with one plain message before anything is sent, and not changed: a lost ledger must
never look like a new one.
"""

import errno
import fcntl
import os
import secrets
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from importlib.resources import files
from pathlib import Path

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.belonging import entries_of_new
from finhub_onboard.ledger.sqlite.database import connect, open_file, plainly
from finhub_onboard.ledger.sqlite.lease import SqliteLease
from finhub_onboard.ledger.sqlite.packs import Packable, PackCalls
from finhub_onboard.ledger.sqlite.recognition import recognise

SCHEMA_VERSION = 6
_LOCK_BESIDE_UNTIL = 2
"""The last schema whose runs held a lock file beside the ledger."""
_NAMES_S, _LOOK_S = 2.5, 0.1
"""How long a file system may cache the number of links; FUSE does so for a second."""
_LONGEST_NAME = 247
"""Leaves room for ``-wal``, ``-shm``, ``-journal`` and ``.reserve``."""
_RESTORE = "put it back as it was, or restore the ledger from a backup"


def open_or_create(
    path: Path,
    *,
    tenant_id: str,
    seed: str,
    create: bool,
    say: Callable[[str], None] = lambda _: None,
    is_copy: bool = False,
) -> tuple[Path, sqlite3.Connection, Keys | None]:
    """The real path of the ledger, a connection to it and the keys of this seed.

    A new ledger is bound to tenant and seed for ever; an empty tenant or seed is not compared with that of an existing
    one. ``say`` is told before a ledger of an older version is converted. Raises :class:`ConfigurationError`, and
    :class:`LockedError` if a run of that version is at work, which ``is_copy`` rules out.
    """
    with in_words(path, "who may write it"):
        place = path.resolve()
        if not place.exists():
            _make(place, tenant_id=tenant_id, seed=seed, create=create)
        inspect(place, os.R_OK | os.W_OK)
        with plainly(place, ConfigurationError):
            db = connect(place, check=lambda db: check_known(db, place), closed_elsewhere=True)
            try:
                if (version := _version(db)) < SCHEMA_VERSION:
                    with nullcontext() if is_copy else _alone(db, place):
                        say(
                            f"the ledger {place} was written by an older version; it is converted now (schema"
                            f" {version} to {SCHEMA_VERSION}), which takes some minutes for ten million calls"
                        )
                        _migrate(db, place)
                keys = recognise(db, place, tenant_id=tenant_id, seed=seed)
            except BaseException:
                db.close()
                raise
    return place, db, keys


@contextmanager
def in_words(path: Path, rights: str) -> Iterator[None]:
    """Context manager: turn an ``OSError`` about the ledger's place into one sentence with a hint."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:  # such as a loop of links, or an invalid name
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        hint = f"check ledger.url, that the folder exists and {rights}"
        raise ConfigurationError(f"cannot open the ledger {path}: {reason}", hint=hint) from None


def inspect(path: Path, wanted: int) -> None:
    """Refuse what is no ledger, or does not give the access ``wanted`` (``os.R_OK``, …), before SQLite opens it."""
    for draft in path.parent.glob(".*.new"):
        if draft.samefile(path):  # its creator died just before it removed the name of the draft
            draft.unlink()
    status = path.stat()
    kind = next((name for name, test in _KINDS.items() if test(status.st_mode)), "a file")
    if kind != "a file":
        raise ConfigurationError(f"the ledger {path} is {kind}, not a file", hint="check ledger.url")
    if names := _names(path):
        raise ConfigurationError(
            f"the ledger {path} has {names} names (hard links), and its journal would belong to one of them",
            hint=f"find them with `find … -samefile {path}` and remove all but one; a backup is made by VACUUM INTO",
        )
    if status.st_size == 0:
        raise ConfigurationError(
            f"the ledger {path} is empty: what it knew of earlier runs is lost",
            hint="restore it from a backup; if it never was a ledger, remove the file and run again",
        )
    # Without opening it: closing a file releases SQLite's locks on it for the whole process.
    if not os.access(path, wanted):
        rights = "read and written" if wanted & os.W_OK else "read"
        raise ConfigurationError(f"the ledger {path} may not be {rights}", hint="check who may do so with the file")


def _names(path: Path) -> int:
    """How many hard links the file has; 0 if it is one. Waits for a file system that caches the count (FUSE)."""
    until = time.monotonic() + _NAMES_S
    while (names := path.stat().st_nlink) > 1:
        if time.monotonic() > until:
            return names
        time.sleep(_LOOK_S)
    return 0


_KINDS = {
    "a folder": stat.S_ISDIR,
    "a pipe": stat.S_ISFIFO,
    "a device": lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode),
    "a socket": stat.S_ISSOCK,
}


def _make(path: Path, *, tenant_id: str, seed: str, create: bool) -> None:
    """Create a complete ledger under a temporary name, then rename it."""
    if left := [name for name in (f"{path.name}-wal", f"{path.name}-journal") if path.with_name(name).exists()]:
        raise ConfigurationError(f"there is no ledger at {path}, but its journal {left[0]} is there", hint=_RESTORE)
    if not create:
        hint = "check ledger.url: in a configuration it begins at the folder of that file"
        raise ConfigurationError(f"there is no ledger at {path}", hint=hint)
    if len(os.fsencode(path.name)) > _LONGEST_NAME:
        raise OSError(errno.ENAMETOOLONG, f"its name has more than {_LONGEST_NAME} bytes, and its journal has no room")
    for folder in reversed(path.parents):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f".{secrets.token_hex(8)}.new")
    os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with plainly(path, ConfigurationError, draft=draft), closing(open_file(draft)) as db:
            _script(
                db,
                files("finhub_onboard.ledger.sqlite").joinpath("schema.sql").read_text(encoding="utf-8"),
                SCHEMA_VERSION,
            )
            with db:
                db.executemany("INSERT INTO meta VALUES (?, ?)", entries_of_new(tenant_id, seed).items())
        _give_name(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _give_name(draft: Path, path: Path) -> None:
    """Rename the new ledger; if another first run was quicker, its file stays and the lease decides."""
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        if not path.exists():
            draft.rename(path)


def check_known(db: sqlite3.Connection, path: Path) -> int:
    """Refuse what is not a ledger that this program knows; its schema's version."""
    version = _version(db)
    if version > SCHEMA_VERSION:
        raise ConfigurationError(
            f"ledger {path} was written by a newer version (schema {version}, this program knows {SCHEMA_VERSION})",
            hint="use that version",
        )
    if version == 0:
        raise ConfigurationError(f"{path} is a database but not a ledger", hint="check ledger.url")
    return version


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def _alone(db: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Context manager: no run of an older version is at work, for it could write no outcome any more."""
    if _version(db) <= _LOCK_BESIDE_UNTIL:  # it has no lease
        yield
        return
    lease = SqliteLease(path)
    lease.acquire(db)
    try:
        yield
    finally:
        lease.release(db)


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    """Migrate an older schema; each step is one transaction that also sets the version."""
    db.create_aggregate("pack_calls", len(Packable._fields), PackCalls)  # type: ignore[arg-type]
    for step in range(_version(db), SCHEMA_VERSION):
        if step <= _LOCK_BESIDE_UNTIL:
            _refuse_older_run(path)
        try:
            _script(db, _migration(step), step + 1)
        except sqlite3.OperationalError:
            if _version(db) <= step:  # otherwise another program has migrated it
                raise


def _migration(step: int) -> str:
    """The statements that migrate schema version ``step`` to the next one."""
    return files("finhub_onboard.ledger.sqlite").joinpath("migrations", f"{step}.sql").read_text(encoding="utf-8")


def _refuse_older_run(path: Path) -> None:
    """Refuse while a run of an older version holds its lock file: that version does not know the lease."""
    with suppress(FileNotFoundError), path.with_name(f"{path.name}.lock").open("rb") as beside:
        try:
            fcntl.flock(beside, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                f"a run of an older version holds the ledger {path}", hint="wait until it ends, or stop it"
            ) from None


def _script(db: sqlite3.Connection, sql: str, version: int) -> None:
    try:
        db.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {version};\nCOMMIT;")
    except BaseException:
        db.rollback()
        raise
