"""Damaged texts are known, and names that people have are not."""

import csv

import polars as pl
import pytest

from finhub_onboard.intake.checking.damage import find_damage, is_misread
from finhub_onboard.intake.checking.violation_codes import ViolationCode
from tests.intake.helpers import CORPORA

NAMES = (
    *(
        "José",
        "Müller",
        "Šimkus",
        "Łukasz",
        "Ünal",
        "Ökmen",
        "Žukas",
        "Rūta",
        "Ñuñez",
        "Àlex",
        "Żaneta",
        "Lucía",
        "Ayşe",
    ),
    *("Nguyễn", "Đặng", "Анна", "Μαρία", "محمد", "שרה", "太郎", "지민", "นภา", "अर्जुन", "SÓLJA", "MÜLLER", "MARTÍ"),
)
CODECS = ("latin-1", "cp1252", "cp1250", "cp1254", "iso8859-2", "iso8859-15")


def taken_for(text: str, codec: str) -> str:
    """Return how UTF-8 reads in another encoding; bytes without a letter stay as controls, as browsers do."""
    return "".join(bytes([byte]).decode(codec, "ignore") or chr(byte) for byte in text.encode())


@pytest.mark.parametrize("codec", CODECS)
def test_utf_8_in_another_encoding_is_known(codec: str) -> None:
    """Taken for it once, and twice."""
    for name in NAMES:
        assert not is_misread(name)
        once = taken_for(name, codec)
        assert is_misread(once), name
        assert is_misread(taken_for(once, codec)), name
        assert find_damage(pl.Series(["Ana", once])) == {1: ViolationCode.MISREAD_TEXT}, name


@pytest.mark.parametrize(
    "name",
    [
        *(
            "RÓŻA",
            "BĂŞESCU",
            "MÍŠA",
            "Tomáš",
            "ŻÓŁĆ",
            "GÓŹDŹ",
            "Сё",
            "Щёлков",
            "O\u2019Neill",
            "D\u2019Artagnan",
            "\u02bbAlohilani",
        ),
        *("MacÉan", "Ólafsdóttir", "ÂNGELA", "JOÃO", "São João", "Åse", "ÄÄNIS", "İbrahim", "ŞAHİN", "Ğ", "Þór", "ß"),
    ],
)
def test_names_that_look_odd_are_names(name: str) -> None:
    """Their letters would be UTF-8 of something, too, or nearly."""
    assert not is_misread(name)


@pytest.mark.skipif(not CORPORA.exists(), reason="the public data are not here")
def test_names_of_the_world_are_not_damaged() -> None:
    """No forename of the corpus, in any case, is taken for damaged text."""
    with (CORPORA / "names-forenames-by-country.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = {row[column] for row in rows for column in ("Localized Name", "Romanized Name")} - {""}
    assert len(names) > 1500
    ways = [way for name in sorted(names) for way in (name, name.upper(), name.lower(), name.title())]
    assert find_damage(pl.Series(ways)) == {}


@pytest.mark.parametrize("text", ["Jos&eacute;", "O&#39;Neil", "O&#x27;Neil", "B&amp;B", "Jos&amp;eacute;", "a &lt; b"])
def test_entities_are_known(text: str) -> None:
    """By name or number."""
    assert find_damage(pl.Series([text, "Marks & Spencer", "A&B;", "&nothing;", "R&D"])) == {
        0: ViolationCode.HTML_ENTITY
    }
