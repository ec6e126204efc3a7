"""``latest``: a name beside the folders of runs that always leads to the newest one.

Promises: it is replaced atomically, and what is not ours in its place is left alone. On a file system without symbolic
links a text file, ``latest.txt``, names the folder.
"""

import errno
from pathlib import Path

from finhub_onboard.reports.files.atomic import atomic_write, hidden_name

LATEST, IN_WORDS = "latest", "latest.txt"
_WITHOUT_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


def point_to(folder: Path) -> None:
    """Let ``latest`` beside a run's folder lead to it. Raises ``OSError`` or :class:`ReportsError`."""
    link = folder.with_name(LATEST)
    if link.exists() and not link.is_symlink():
        raise FileExistsError(errno.EEXIST, "something else has this name", str(link))
    hidden = hidden_name(link)
    try:
        hidden.symlink_to(folder.name, target_is_directory=True)  # relative: the folder above may move
        hidden.replace(link)
    except OSError as error:
        if error.errno not in _WITHOUT_LINKS:
            raise
        atomic_write(link.with_name(IN_WORDS), f"{folder.name}\n".encode())
    finally:
        hidden.unlink(missing_ok=True)
