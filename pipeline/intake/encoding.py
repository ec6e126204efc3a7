"""Which encoding a text file is in: by its mark, by being UTF-8, or by what its letters would be.

Promises: UTF-8 that is damaged in places stays UTF-8, so that one bad byte spoils one record; another encoding is taken
only when no other plausible one would read a letter differently, because a garbled name is worse than a question.
Knows no table: it gets bytes. (The candidates are judged by charset-normalizer; it cannot tell Latin alphabets from a
few names, and would read Muñoz as Muńoz, so those are compared here.)
"""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LATIN = ("cp1252", "iso8859_15", "cp1250", "iso8859_2", "cp1254", "cp1257", "iso8859_13", "cp850", "mac_roman")
"""In order of preference: of those that read a file alike, the first is taken."""
_OTHER = (
    *("cp1251", "koi8_r", "cp1253", "cp1255", "cp1256"),
    *("cp932", "euc_jp", "gb18030", "big5", "euc_kr"),
)
_ENOUGH = 64 * 1024
"""Bytes of lines that are not ASCII, from which the encoding is judged."""
_MOSTLY = 0.5
_PLAUSIBLE = 0.97
_CHAOS = 0.1
_PUNCTUATION = frozenset("\u2019\u2018\u201a\u201c\u201d\u201e\u2013\u2014…«»°ºª§€\xb4·\xa0")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """A codec's name, the mark that the file starts with, how sure that is (0 to 1), and what else it might be."""

    name: str
    mark: bytes = b""
    confidence: float = 1.0
    rivals: tuple[str, ...] = ()


def of_mark(head: bytes) -> Encoding | None:
    """Return the encoding that the first bytes tell: by a byte order mark, or by the zeros of UTF-16 and UTF-32."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name=name, mark=mark)
    for width, kind in ((4, "utf-32"), (2, "utf-16")):
        head = head[: len(head) // width * width]
        zeros = [head[place::width].count(0) / max(1, len(head) // width) for place in range(width)]
        if len(head) >= 2 * width and min(zeros) < 1 - _MOSTLY and max(zeros) > _MOSTLY:
            if zeros[0] < _MOSTLY and all(share > _MOSTLY for share in zeros[1:]):
                return Encoding(name=f"{kind}-le", confidence=0.9)
            if zeros[-1] < _MOSTLY and all(share > _MOSTLY for share in zeros[:-1]):
                return Encoding(name=f"{kind}-be", confidence=0.9)
    return None


def detect(lines: Iterable[bytes]) -> Encoding:
    """Judge by lines of a file, read until enough of them are not ASCII."""
    sample: list[bytes] = []
    size = good = bad = 0
    for line in lines:
        if line.isascii():
            continue
        text = line.decode("utf-8", "replace")
        bad += text.count("\ufffd")
        good += len(text) - text.count("\ufffd") - len(text.encode("ascii", "ignore"))
        sample.append(line)
        size += len(line)
        if size > _ENOUGH:
            break
    if not bad or good / (good + bad) >= _MOSTLY:
        return Encoding(name="utf-8", confidence=round(good / (good + bad), 2) if bad else 1.0)
    return _other(b"\n".join(sample))


def _other(sample: bytes) -> Encoding:
    """Choose an encoding for bytes that are not UTF-8."""
    best = from_bytes(sample, cp_isolation=[*_LATIN, *_OTHER]).best()
    if best is not None and best.encoding in _OTHER and best.chaos <= _CHAOS:
        return Encoding(name=best.encoding, confidence=round(1 - best.chaos, 2))
    readings: dict[str, str] = {}
    for name in _LATIN:
        reading = _plausible(sample, name)
        if reading is not None:
            readings[name] = reading
    if not readings:
        fallback = best.encoding if best is not None else "cp1252"
        return Encoding(name=fallback, confidence=0.0, rivals=tuple(dict.fromkeys((fallback, "cp1252"))))
    first, *others = readings
    rivals = tuple(name for name in others if readings[name] != readings[first])
    return Encoding(name=first, confidence=round(1 / (1 + len(rivals)), 2), rivals=rivals)


def _plausible(sample: bytes, name: str) -> str | None:
    """Read bytes in an encoding; None when what comes out is not how names and addresses look."""
    try:
        text = sample.decode(name)
    except UnicodeDecodeError:
        return None
    foreign = [letter for letter in text if not letter.isascii()]
    fine = sum(letter.isalpha() or letter in _PUNCTUATION for letter in foreign)
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    cased = sum(word.islower() or word.isupper() or word.istitle() for word in words)
    if fine < _PLAUSIBLE * len(foreign) or cased < _PLAUSIBLE * len(words):
        return None
    return text
