"""Checks document files: a regular file below the root, of a size and a format that the bank accepts.

Promises: no path leaves ``documents.root``, by ``..`` or by a link, neither when rows are judged nor when the file is
opened for sending. The format is detected by the content; the extension does not matter. A failure of the machine
(disk, mount, descriptors) is never a violation of the row. Knows no rows and no schema; the messages of its codes are
in ``violation_codes``.
"""

import errno
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath, PureWindowsPath

from finhub_onboard.errors import StoppedEarlyError
from finhub_onboard.intake.checking.below import Below
from finhub_onboard.intake.checking.violation_codes import ViolationCode

_SIGNATURES = {
    b"%PDF": "application/pdf",
    b"\r\n%PDF": "application/pdf",  # some scanners begin with an empty line
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
}
"""The signatures of the accepted formats; anything else is refused."""
MIME_TYPES = tuple(dict.fromkeys(_SIGNATURES.values()))
_STARTS = tuple(_SIGNATURES)
_HEAD = max(map(len, _SIGNATURES))
_CODES_BY_ERRNO = {
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP), ViolationCode.DOCUMENT_NOT_FOUND),
    **dict.fromkeys((errno.EISDIR, errno.ENXIO, errno.ENODEV), ViolationCode.DOCUMENT_NOT_A_FILE),
}
_OF_THE_ROW = frozenset({*_CODES_BY_ERRNO, errno.EACCES, errno.EPERM, errno.EINVAL, errno.EILSEQ, errno.EOVERFLOW})
"""Errors that concern this one file; all others concern every document."""


class DocumentsTroubleError(StoppedEarlyError):
    """Documents cannot be read because of the machine: a disk, a mount that went away, no free descriptor."""


class DocumentError(Exception):
    """A document cannot be sent; ``message`` says why without the path."""

    def __init__(self, code: ViolationCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def problems(root: Path, paths: Sequence[str], max_bytes: int) -> list[ViolationCode | None]:
    """Return for each document the code of what is wrong with it, or None; cheapest if the paths are sorted.

    Raises :class:`DocumentsTroubleError`.
    """
    return _judge(root, paths, max_bytes, _problem)


def known_problems(root: Path, paths: Sequence[str], max_bytes: int) -> list[ViolationCode | None]:
    """As :func:`problems`, but None where the machine fails: reports must be written anyway."""
    return _judge(root, paths, max_bytes, _known_problem)


def _judge(
    root: Path, paths: Sequence[str], max_bytes: int, judge: Callable[[Path, str, int], ViolationCode | None]
) -> list[ViolationCode | None]:
    """Judge each document; the good ones, which nearly all are, without resolving their paths."""
    try:
        with Below(root) as below:
            return [None if _is_good(below, path, max_bytes) else judge(root, path, max_bytes) for path in paths]
    except OSError:  # the root cannot be opened: each document is told what that means
        return [judge(root, path, max_bytes) for path in paths]


def _is_good(below: Below, path: str, max_bytes: int) -> bool:
    """Tell whether a document is surely good; of others nothing is known."""
    if _may_be_absolute(path):
        return False
    try:
        descriptor = below.open(path)
    except (OSError, ValueError):
        return False
    try:
        status = os.fstat(descriptor)
        fits = stat.S_ISREG(status.st_mode) and 0 < status.st_size <= max_bytes
        return fits and os.read(descriptor, _HEAD).startswith(_STARTS)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _problem(root: Path, relative: str, max_bytes: int) -> ViolationCode | None:
    try:
        descriptor = _open(root, relative, max_bytes)
    except DocumentError as error:
        return error.code
    try:
        return None if _mime_type(os.read(descriptor, _HEAD)) else ViolationCode.DOCUMENT_KIND
    except OSError as error:
        return _failed(error, root, max_bytes).code
    finally:
        os.close(descriptor)


def _known_problem(root: Path, relative: str, max_bytes: int) -> ViolationCode | None:
    try:
        return _problem(root, relative, max_bytes)
    except DocumentsTroubleError:
        return None


def open_document(root: Path, relative: str, max_bytes: int) -> tuple[bytes, str]:
    """Return a document's content and mime type, all checks made anew.

    Raises :class:`DocumentError`, and :class:`DocumentsTroubleError`.
    """
    descriptor = _open(root, relative, max_bytes)
    try:
        with os.fdopen(descriptor, "rb") as stream:
            # One byte more than allowed: a file that grows meanwhile is seen.
            content = stream.read(max_bytes + 1)
    except OSError as error:
        raise _failed(error, root, max_bytes) from None
    if len(content) > max_bytes:
        raise _error(ViolationCode.DOCUMENT_TOO_LARGE, max_bytes)
    if not content:
        raise _error(ViolationCode.DOCUMENT_EMPTY, max_bytes)
    mime_type = _mime_type(content[:_HEAD])
    if mime_type is None:
        raise _error(ViolationCode.DOCUMENT_KIND, max_bytes)
    return content, mime_type


def _open(root: Path, relative: str, max_bytes: int) -> int:
    """Open a document that passes every check but that of its kind."""
    if _may_be_absolute(relative) and (
        PurePosixPath(relative).is_absolute() or PureWindowsPath(relative).is_absolute()
    ):
        raise _error(ViolationCode.DOCUMENT_PATH_ABSOLUTE, max_bytes)
    try:
        with Below(root) as below:
            descriptor = _open_below(below, root, relative, max_bytes)
    except OSError as error:
        raise _failed(error, root, max_bytes) from None
    try:
        # Checks are made on the opened file, so that what is checked is what is read.
        _check(os.fstat(descriptor), max_bytes)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _open_below(below: Below, root: Path, relative: str, max_bytes: int) -> int:
    """Open a file along its path as written; where links or ``..`` stand in it, along the path that they lead to."""
    with suppress(OSError, ValueError):
        return below.open(relative)
    return below.open(_resolve(root, relative, max_bytes))


def _failed(error: OSError, root: Path, max_bytes: int) -> DocumentError:
    """Translate an OSError. Raises :class:`DocumentsTroubleError` if it concerns more than this document."""
    if error.errno not in _OF_THE_ROW or (error.errno == errno.ENOENT and not root.is_dir()):
        raise DocumentsTroubleError(
            f"the documents below {root} cannot be read: {error.strerror}",
            hint="bring the disk or its mount back, or free descriptors; the same command goes on where it ended",
        ) from None
    return _error(_CODES_BY_ERRNO.get(error.errno or 0, ViolationCode.DOCUMENT_UNREADABLE), max_bytes)


def _check(status: os.stat_result, max_bytes: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _error(ViolationCode.DOCUMENT_NOT_A_FILE, max_bytes)
    if status.st_size == 0:
        raise _error(ViolationCode.DOCUMENT_EMPTY, max_bytes)
    if status.st_size > max_bytes:
        raise _error(ViolationCode.DOCUMENT_TOO_LARGE, max_bytes)


def _resolve(root: Path, relative: str, max_bytes: int) -> str:
    """Return the real path of a document below the real root, refused when it is not there."""
    base = Path(os.path.realpath(root))
    try:
        path = Path(os.path.realpath(base / relative))
    except (OSError, ValueError):  # too long, a NUL, a loop of links: no such file, whatever it meant
        raise _error(ViolationCode.DOCUMENT_NOT_FOUND, max_bytes) from None
    if not path.is_relative_to(base):
        raise _error(ViolationCode.DOCUMENT_OUTSIDE_ROOT, max_bytes)
    return str(path.relative_to(base))


def _may_be_absolute(path: str) -> bool:
    """Tell whether a path may be absolute, here or on Windows."""
    return path[:1] in ("/", "\\") or path[1:2] == ":"


def _mime_type(head: bytes) -> str | None:
    return next((kind for signature, kind in _SIGNATURES.items() if head.startswith(signature)), None)


def _error(code: ViolationCode, max_bytes: int) -> DocumentError:
    return DocumentError(code, code.message.format(max_bytes=max_bytes))
