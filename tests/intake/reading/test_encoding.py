"""Encodings: what is taken without a question is right, and what is stated is read and written back as it stood."""

from pathlib import Path

import pytest

from finhub_onboard.config.profile import Profile, Source
from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.reading import csv_file, encoding
from finhub_onboard.intake.reading.files import Reading, open_table
from finhub_onboard.intake.rejects import RejectMark, write_rejects
from finhub_onboard.model.columns import REQUIRED_COLUMNS

NAMES = {
    "German": "Jörg Müller,Käthe Weiß,Günther Schröder,Bärbel Böhm",
    "French": "Hélène Lefèvre,François Garçon,Chloé Benoît,Gaël Noël",
    "Spanish": "José Muñoz,María Núñez,Iñaki Peña,Ángel Gutiérrez",
    "Polish": "Łukasz Wiśniewski,Małgorzata Dąbrowska,Żaneta Święcicka,Michał Gołąb",
    "Czech": "Jiří Dvořák,Věra Černá,Tomáš Růžička,Žofie Nováková",
    "Lithuanian": "Rūta Šimkutė,Žydrūnas Čepaitis,Ąžuolas Įvanauskas,Jūratė Kęstaitė",
    "Turkish": "Gökhan Yıldız,Şule Çağlar,İsmail Öztürk,Ayşe Güneş",  # noqa: RUF001 - Turkish letters
    "Nordic": "Åse Sørensen,Bjørn Næss,Örjan Åkerström,Päivi Hämäläinen",
    "Russian": "Фёдор Щукин,Наталья Объедкова,Юрий Царёв,Эльвира Жданова",
    "Greek": "Νίκος Παπαδόπουλος,Ελένη Γεωργίου,Γιώργος Αγγελόπουλος,Χριστίνα Ψάλτη",
    "Japanese": "山田太郎,佐藤花子,ソラ能登,鈴木一郎",
    "Chinese": "王小明,李丽华,张伟国,陈建军",
    "Korean": "김민수,이영희,박지성,최수진",
}
USED = {
    "German": ("cp1252", "latin-1", "iso8859-15", "cp850", "mac_roman"),
    "French": ("cp1252", "latin-1", "iso8859-15", "cp850", "mac_roman"),
    "Spanish": ("cp1252", "latin-1", "iso8859-15", "cp850", "mac_roman"),
    "Polish": ("cp1250", "iso8859-2"),
    "Czech": ("cp1250", "iso8859-2"),
    "Lithuanian": ("cp1257", "iso8859-13"),
    "Turkish": ("cp1254", "iso8859-9"),
    "Nordic": ("cp1252", "latin-1", "iso8859-15", "cp850", "mac_roman"),
    "Russian": ("cp1251", "koi8-r"),
    "Greek": ("cp1253",),
    "Japanese": ("cp932", "shift_jis", "euc_jp"),
    "Chinese": ("gb18030", "gbk", "big5"),
    "Korean": ("euc_kr", "cp949"),
}
CASES = [(tongue, codec) for tongue, codecs in USED.items() for codec in codecs]
HEADER = ",".join(REQUIRED_COLUMNS)


def wrong(names: list[str], codec: str) -> str:
    """Tell how names are read wrongly without a question; nothing where they are not."""
    content = "\n".join(names).encode(codec)
    found = encoding.detect(content.splitlines())
    if found.rivals or content.decode(found.name, "replace") == "\n".join(names):
        return ""
    return f"{names} in {codec} are read as {found.name}: {content.decode(found.name, 'replace')!r}"


@pytest.mark.parametrize(("tongue", "codec"), CASES)
def test_a_few_names_are_read_rightly_or_asked_about(tongue: str, codec: str) -> None:
    """Four persons' names are never read in a wrong encoding without a rival being named."""
    names = [name for name in NAMES[tongue].split(",") if name.encode(codec, "ignore").decode(codec) == name]
    assert not wrong(names, codec)


@pytest.mark.parametrize(("tongue", "codec"), CASES)
def test_one_name_is_read_rightly_or_asked_about(tongue: str, codec: str) -> None:
    """So is a file in which one name is not ASCII."""
    names = [name for name in NAMES[tongue].split(",") if name.encode(codec, "ignore").decode(codec) == name]
    assert [told for name in names if (told := wrong([name], codec))] == []


@pytest.mark.parametrize("tongue", NAMES)
def test_utf8_is_utf8_even_when_damaged(tongue: str) -> None:
    """One record with a bad byte leaves the others what they are."""
    lines = [*(name.encode() for name in NAMES[tongue].split(",")), b"Ren\xe9"]
    assert encoding.detect(lines[:-1]) == encoding.Encoding(name="utf-8")
    assert encoding.detect(lines).name == "utf-8"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_encodings_are_told_by_their_zeros(codec: str) -> None:
    """With a mark for sure, without one nearly so."""
    head = f"{HEADER}\n1,Zoë\n".encode(codec)
    assert encoding.detect_mark(head) == encoding.Encoding(name=codec, confidence=0.9)
    mark = "\ufeff".encode(codec)
    assert encoding.detect_mark(mark + head) == encoding.Encoding(name=codec, mark=mark)
    assert encoding.detect_mark(HEADER.encode()) is None


def test_a_byte_that_is_no_text_does_not_turn_polish_into_arabic() -> None:
    """One damaged byte in names that are cp1250 is no reason to be sure of another alphabet."""
    found = encoding.detect(["Łukasz Wiśniewski".encode("cp1250") + b" \x81"])
    assert found.rivals or found.name == "cp1250"


def through(folder: Path, content: bytes, stated: str) -> tuple[list[tuple[str, ...]], bytes]:
    """Read a file in a stated encoding, and write all its records as rejects."""
    path = folder / "x.csv"
    path.write_bytes(content)
    reading = Reading(profile=Profile(source=Source(encoding=stated)))
    table = open_table(path, path.name, reading)
    assert table.dialect is not None
    frames = csv_file.frames(path, path.name, table.columns, 9, dialect=table.dialect, most=reading.max_unpacked)
    cells = [row for frame, _ in frames for row in frame.rows()]
    mark = RejectMark(field="", code="c", message="m")
    write_rejects(table, folder / "out.csv", {n + 1: [mark] for n in range(len(cells))}, 9)
    return cells, (folder / "out.csv").read_bytes()


@pytest.mark.parametrize(
    ("stated", "codec", "mark"),
    [
        *((name, "utf-8", b"") for name in ("utf-8", "UTF-8", "utf8", "utf_8")),
        *((name, "utf-8", b"\xef\xbb\xbf") for name in ("utf-8", "UTF-8", "utf8", "utf-8-sig", "utf_8_sig")),
        *((name, "utf-16-le", b"\xff\xfe") for name in ("utf-16", "UTF-16", "utf16", "utf-16-le", "utf_16_le")),
        *((name, "utf-16-be", b"\xfe\xff") for name in ("utf-16", "UTF-16", "utf16", "utf-16-be", "utf_16_be")),
        *((name, name, b"") for name in ("utf-16-le", "utf-16-be", "utf-32-le", "iso2022_jp", "hz", "utf-7", "cp932")),
    ],
)
def test_what_is_stated_is_read_and_written_back(tmp_path: Path, stated: str, codec: str, mark: bytes) -> None:
    """However an encoding is called, with its mark or without, rejects are the same bytes with one mark at most."""
    records = ["1,李,张,a@b.c,1,2,3,4", "2,Ann,Bee,b@b.c,1,2,3,4"]
    if codec in ("iso2022_jp", "cp932"):
        records[0] = records[0].replace("李,张", "山田,太郎")
    cells, rejects = through(tmp_path, mark + "".join(f"{line}\n" for line in (HEADER, *records)).encode(codec), stated)
    assert cells == [tuple(record.split(",")) for record in records]
    written = [f"{HEADER},_err_row,_err_field,_err_code,_err_message", f"{records[0]},1,,c,m", f"{records[1]},2,,c,m"]
    assert rejects == mark + "".join(f"{line}\n" for line in written).encode(codec)


@pytest.mark.parametrize("letter", [b"\xed\x40", b"\x87\x90", b"\x81\xe0", b"\xfa\x5c"])
def test_letters_with_two_codes_stay_the_same_letters(tmp_path: Path, letter: bytes) -> None:
    """cp932 has some letters twice: rejects hold the letter that the partner wrote, in one of its codes."""
    body = b"1," + letter + b",x,a@b.c,1,2,3,4"
    _, rejects = through(tmp_path, HEADER.encode() + b"\n" + body + b"\n", "cp932")
    assert rejects.splitlines()[1].decode("cp932") == (body + b",1,,c,m").decode("cp932")


def test_an_encoding_that_is_none_of_files_is_one_sentence(tmp_path: Path) -> None:
    """A codec that Python has for other purposes is refused, not a traceback."""
    with pytest.raises((UnreadableInputError, ValueError), match=r"encoding|text throughout"):
        through(tmp_path, f"{HEADER}\n1,a,b,c,1,2,3,4\n".encode(), "idna")


def test_a_letter_that_was_lost_before_is_utf8() -> None:
    """U+FFFD in a text says nothing about its encoding, however few other letters there are."""
    found = encoding.detect(["Ren\ufffd,Ana\n".encode()])
    assert (found.name, found.confidence, found.rivals) == ("utf-8", 1.0, ())
