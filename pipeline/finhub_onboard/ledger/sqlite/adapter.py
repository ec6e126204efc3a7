"""SQLite's part in opening a ledger by its URL (``ledger.connect``): from ``sqlite:///path`` to the open file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.ledger.sqlite.store import SqliteLedger

_SCHEME = "sqlite:///"


def open_ledger(url: str, *, tenant_id: str, seed: str, create: bool, say: Callable[[str], None]) -> SqliteLedger:
    """Open or create the file (``SqliteLedger.open``)."""
    return SqliteLedger.open(_path(url), tenant_id=tenant_id, seed=seed, create=create, say=say)


@contextmanager
def look_into(url: str, *, tenant_id: str, seed: str, say: Callable[[str], None]) -> Iterator[SqliteLedger]:
    """Open an existing file for reading (``SqliteLedger.open_to_look``)."""
    with SqliteLedger.open_to_look(_path(url), tenant_id=tenant_id, seed=seed, say=say) as ledger:
        yield ledger


def name_of(url: str) -> str:
    """The path of the file."""
    return str(_path(url))


def exists(url: str) -> bool:
    """Whether the file is there. Raises :class:`ConfigurationError` if the system does not tell."""
    path = _path(url)
    try:
        return path.exists()
    except OSError as error:
        hint = "check ledger.url, that the folder exists and who may read it"
        raise ConfigurationError(f"cannot open the ledger {path}: {error.strerror}", hint=hint) from None


def elsewhere(url: str) -> str:
    """A file of that name in the current folder: there older versions looked for it."""
    path = _path(url)
    here = Path.cwd() / path.name
    if not here.is_file() or (path.exists() and here.samefile(path)):
        return ""
    return f"; there is one at {here}: older versions looked there, now paths begin at the configuration's folder"


def _path(url: str) -> Path:
    return Path(url.removeprefix(_SCHEME))
