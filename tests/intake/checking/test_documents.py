import errno
import os
from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.intake.checking import documents
from finhub_onboard.intake.checking.documents import (
    DocumentError,
    DocumentsTroubleError,
    known_problems,
    open_document,
    problems,
)
from tests.intake.helpers import SAMPLES, a_row, judged, rules, told, write

PDF = b"%PDF-1.4\n%%EOF\n"
LIMIT = 100


def problem(root: Path, relative: str, max_bytes: int) -> str | None:
    """Return the problem of one document."""
    return problems(root, [relative], max_bytes)[0]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a documents folder with a good file, and something to steal beside it."""
    (tmp_path / "secret.pdf").write_bytes(PDF)
    folder = tmp_path / "documents"
    (folder / "deep").mkdir(parents=True)
    (folder / "good.pdf").write_bytes(PDF)
    (folder / "deep" / "good.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    (folder / "empty.pdf").write_bytes(b"")
    (folder / "text.pdf").write_bytes(b"just text")
    (folder / "page.pdf").write_bytes(b"<html>%PDF-1.4</html>")
    (folder / "gif.png").write_bytes(b"GIF89a" + bytes(20))
    (folder / "limit.pdf").write_bytes(PDF.ljust(LIMIT))
    (folder / "large.pdf").write_bytes(PDF.ljust(LIMIT + 1))
    (folder / "inside.pdf").symlink_to("good.pdf")
    (folder / "outside.pdf").symlink_to("../secret.pdf")
    (folder / "absolute.pdf").symlink_to(tmp_path / "secret.pdf")
    (folder / "up").symlink_to(tmp_path)
    (folder / "dangling.pdf").symlink_to("nowhere.pdf")
    (folder / "loop.pdf").symlink_to("loop.pdf")
    os.mkfifo(folder / "pipe.pdf")
    return folder


@pytest.mark.parametrize(
    ("relative", "code"),
    [
        ("good.pdf", None),
        ("./deep/../good.pdf", None),
        ("deep/good.txt", None),
        ("inside.pdf", None),
        ("limit.pdf", None),
        ("large.pdf", "document_too_large"),
        ("empty.pdf", "document_empty"),
        ("text.pdf", "document_kind"),
        ("page.pdf", "document_kind"),
        ("gif.png", "document_kind"),
        ("deep", "document_not_a_file"),
        (".", "document_not_a_file"),
        ("pipe.pdf", "document_not_a_file"),
        ("missing.pdf", "document_not_found"),
        ("good.pdf/x", "document_not_found"),
        ("dangling.pdf", "document_not_found"),
        ("loop.pdf", "document_not_found"),
        ("x" * 300, "document_not_found"),
        ("a\0b", "document_not_found"),
        ("../secret.pdf", "document_outside_root"),
        ("deep/../../secret.pdf", "document_outside_root"),
        ("outside.pdf", "document_outside_root"),
        ("absolute.pdf", "document_outside_root"),
        ("up/secret.pdf", "document_outside_root"),
        ("../documents2/x.pdf", "document_outside_root"),
        ("/etc/passwd", "document_path_absolute"),
        ("C:\\scans\\a.pdf", "document_path_absolute"),
        ("\\\\server\\a.pdf", "document_path_absolute"),
    ],
)
def test_each_problem_has_its_code(root: Path, relative: str, code: str | None) -> None:
    """What is judged and what is opened agree, and no path leads out of the folder."""
    assert problem(root, relative, LIMIT) == code
    if code is None:
        content, mime_type = open_document(root, relative, LIMIT)
        assert content
        assert mime_type in {"application/pdf", "image/png"}
    else:
        with pytest.raises(DocumentError) as caught:
            open_document(root, relative, LIMIT)
        assert caught.value.code == code
        assert "secret" not in caught.value.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(root: Path) -> None:
    """Permissions are a problem of their own."""
    (root / "good.pdf").chmod(0)
    assert problem(root, "good.pdf", LIMIT) == "document_unreadable"


def test_many_documents_have_the_problems_that_each_has_by_itself(root: Path) -> None:
    """In whatever order they come: a path that leads nowhere changes nothing for the next."""
    paths = [path.relative_to(root).as_posix() for path in root.rglob("*")]
    paths += ["deep/none/x.pdf", "good.pdf", "up/documents/good.pdf", "inside.pdf", "deep/../good.pdf", "../secret.pdf"]
    for order in (paths, paths[::-1], sorted(paths)):
        assert problems(root, order, LIMIT) == [problem(root, path, LIMIT) for path in order]


def test_a_link_that_appears_after_a_path_was_resolved_is_not_followed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever exchanges a folder for a link out of the root between the look and the opening gains nothing."""
    (root / "theirs").mkdir()
    (root / "theirs" / "secret.pdf").write_bytes(PDF)
    resolve = documents._resolve

    def exchange(*given: Any) -> str:
        path = resolve(*given)
        (root / "theirs").rename(root / "before")
        (root / "theirs").symlink_to(root.parent)
        return path

    monkeypatch.setattr(documents, "_resolve", exchange)
    with pytest.raises(DocumentError, match="no such document"):
        open_document(root, "deep/../theirs/secret.pdf", LIMIT)


def test_judging_leaves_no_descriptor_open(root: Path) -> None:
    """Neither of good documents nor of others."""
    before = sorted(Path("/dev/fd").iterdir())
    problems(root, ["deep/good.txt", "good.pdf", "missing/x", "text.pdf", "up/secret.pdf", "deep/none/x", "."], LIMIT)
    assert sorted(Path("/dev/fd").iterdir()) == before


def test_a_document_may_vanish_before_it_is_sent(root: Path) -> None:
    """Everything is checked again when the file is opened for sending."""
    assert problem(root, "good.pdf", LIMIT) is None
    (root / "good.pdf").unlink()
    with pytest.raises(DocumentError, match="no such document"):
        open_document(root, "good.pdf", LIMIT)


def test_a_link_as_root_is_followed(root: Path) -> None:
    """The folder itself may be a link; what counts is where it leads."""
    link = root.parent / "link"
    link.symlink_to(root)
    assert problem(link, "good.pdf", LIMIT) is None


@pytest.mark.parametrize(
    ("name", "mime_type"),
    [("identity.pdf", "application/pdf"), ("address.jpg", "image/jpeg"), ("funds.png", "image/png")],
)
def test_the_three_kinds_are_told_by_content(name: str, mime_type: str) -> None:
    """The samples are what they say."""
    assert open_document(SAMPLES / "documents", name, 100_000)[1] == mime_type


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"%PDF-1.7", None),
        (b"\r\n%PDF-1.4", None),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", None),
        (b"\xff\xd8\xff\xe1\0\x10Exif", None),
        (b"\xff\xd8\xff\xdb\0\x43", None),
        (b"\x89PNG\r\n\x1a\n", None),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "document_kind"),  # JPEG 2000, which is another format
        (b"\x89PNG\n\x1a\n", "document_kind"),  # its line ends were converted
        (b"\xff\xd8", "document_kind"),
        (b" %PDF-1.4", "document_kind"),
    ],
)
def test_a_kind_is_told_by_its_first_bytes(root: Path, content: bytes, code: str | None) -> None:
    """Of PDF, JPEG in all its kinds and PNG; what only resembles them is refused."""
    (root / "scan").write_bytes(content)
    assert problem(root, "scan", LIMIT) == code


def test_rows_are_told_about_each_document(root: Path, tmp_path: Path) -> None:
    """Each of the three columns is judged on its own."""
    row = a_row(identity_document="good.pdf", address_document="text.pdf", funds_document="../secret.pdf")
    _, found = judged(write(tmp_path / "x.csv", [row]), by=rules(root))
    assert told(found) == [(1, "address_document", "document_kind"), (1, "funds_document", "document_outside_root")]


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOTCONN, errno.ENOMEM])
@pytest.mark.parametrize("where", ["open", "read"])
def test_trouble_of_the_machine_is_no_rows_fault(
    root: Path, code: int, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails and descriptors that ran out stop the pass; reports go on without a look."""

    def fails(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, where, fails)
    with pytest.raises(DocumentsTroubleError, match=os.strerror(code)):
        problem(root, "good.pdf", LIMIT)
    assert known_problems(root, ["good.pdf"], LIMIT) == [None]
    if where == "open":
        with pytest.raises(DocumentsTroubleError, match=os.strerror(code)):
            open_document(root, "good.pdf", LIMIT)


def test_a_root_that_went_away_is_no_rows_fault(root: Path) -> None:
    """A mount that is gone takes every document with it."""
    root.rename(root.with_name("elsewhere"))
    with pytest.raises(DocumentsTroubleError, match="cannot be read"):
        problem(root, "good.pdf", LIMIT)
