"""Small files that a person names: configurations, profiles, secrets, scenarios, certificates.

Promise: whatever the name leads to, it is read whole at once or refused with an ``OSError`` in plain words; a device or
a pipe neither blocks nor is read, and no more than the bound is ever held. Does not know what the content means.
"""

import errno
import os
import stat
from pathlib import Path

MOST_BYTES = 1024 * 1024
"""More than any of them needs."""
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def read_small(path: Path) -> bytes:
    """The content of a file of at most ``MOST_BYTES``. Raises ``OSError`` whose ``strerror`` says what is wrong."""
    _refuse_kind(path.stat())  # before it is opened: to open a device may do something
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        _refuse_kind(os.fstat(descriptor))
        content = stream.read(MOST_BYTES + 1) or b""
    if len(content) > MOST_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {MOST_BYTES // 1024} KB")
    return content


def _refuse_kind(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, not a file")
