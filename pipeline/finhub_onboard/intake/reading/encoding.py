"""Detects the encoding of a text file: by a byte order mark, as UTF-8, or by its letters.

Promises: damaged UTF-8 is still read as UTF-8, so that one bad byte spoils one record; another encoding is chosen only
if no other plausible one reads a letter differently, because a question is better than a garbled name. Knows bytes, no
table. (charset-normalizer proposes candidates; it cannot distinguish Latin alphabets by a few names, and would read
Muñoz as Muńoz, so those are compared here.)
"""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from charset_normalizer import from_bytes

_AS_LETTERS = codecs.BOM_UTF8.decode("latin-1").encode()
"""A byte order mark that a program decoded as letters."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (_AS_LETTERS, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LATIN = ("cp1252", "iso8859_15", "cp1250", "iso8859_2", "cp1254", "cp1257", "iso8859_13", "cp850", "mac_roman")
"""In order of preference: of encodings that decode a file alike the first is chosen."""
_OTHER = ("cp1251", "koi8_r", "cp1253", "cp1255", "cp1256")
_EASTERN = ("cp932", "euc_jp", "gb18030", "big5", "euc_kr")
_ENOUGH = 64 * 1024
"""How many bytes of non-ASCII lines are examined."""
_MOSTLY = 0.5
_PLAUSIBLE = 0.97
_MANY = 10
_PUNCTUATION = frozenset("\u2019\u2018\u201a\u201c\u201d\u201e\u2013\u2014…«»°ºª§€\xb4·\xa0")
_NO_UTF8 = re.compile("[\udc80-\udcff]")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """The name of a codec, the file's byte order mark, the confidence (0 to 1), and other candidates."""

    name: str
    mark: bytes = b""
    confidence: float = 1.0
    rivals: tuple[str, ...] = ()


def detect_mark(head: bytes) -> Encoding | None:
    """Detect an encoding by a byte order mark, or by the zero bytes of UTF-16 and UTF-32."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name=name, mark=_repeated(mark, head))
    for width, kind in ((4, "utf-32"), (2, "utf-16")):
        head = head[: len(head) // width * width]
        zeros = [head[place::width].count(0) / max(1, len(head) // width) for place in range(width)]
        if len(head) >= 2 * width and min(zeros) < 1 - _MOSTLY and max(zeros) > _MOSTLY:
            if zeros[0] < _MOSTLY and all(share > _MOSTLY for share in zeros[1:]):
                return Encoding(name=f"{kind}-le", confidence=0.9)
            if zeros[-1] < _MOSTLY and all(share > _MOSTLY for share in zeros[:-1]):
                return Encoding(name=f"{kind}-be", confidence=0.9)
    return None


def _repeated(mark: bytes, head: bytes) -> bytes:
    """Return all marks at the start: each program may add one, or take an earlier one for letters."""
    others = (codecs.BOM_UTF8, _AS_LETTERS) if mark in (codecs.BOM_UTF8, _AS_LETTERS) else (mark,)
    end = len(mark)
    while following := next((other for other in others if head.startswith(other, end)), None):
        end += len(following)
    return head[:end]


class Stream(Protocol):
    """Whatever gives bytes, so many at a time."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end."""


class _Utf8:
    """A stream in any encoding, transcoded to UTF-8."""

    def __init__(self, stream: BinaryIO, codec: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(codec)(errors(codec))

    def read(self, size: int, /) -> bytes:
        """Return about so many bytes, none at the end."""
        while chunk := self._stream.read(size):
            if text := self._decoder.decode(chunk):
                return text.encode("utf-8", "surrogatepass")
        return self._decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")


def as_utf8(stream: BinaryIO, codec: str) -> Stream:
    """Return the stream transcoded to UTF-8; undecodable bytes become invalid UTF-8."""
    return stream if codec == "utf-8" else _Utf8(stream, codec)


def original(raw: bytes, codec: str) -> bytes:
    """Turn transcoded UTF-8 back into the file's own bytes."""
    return raw if codec == "utf-8" else raw.decode("utf-8", "surrogatepass").encode(codec, errors(codec))


def errors(codec: str) -> str:
    """Return the error handler: undecodable bytes become surrogates, which encode back to the same bytes."""
    return (
        "surrogatepass"
        if codec.lower().replace("-", "").replace("_", "").startswith(("utf16", "utf32"))
        else ("surrogateescape")
    )


def detect(lines: Iterable[bytes]) -> Encoding:
    """Detect the encoding by lines of a file, reading until enough of them are not ASCII."""
    sample: list[bytes] = []
    size = good = bad = 0
    for line in lines:
        if line.isascii():
            continue
        text = line.decode("utf-8", "surrogateescape")
        spoilt = len(_NO_UTF8.findall(text))  # U+FFFD shows that a letter was lost before the file was written as UTF-8
        bad += spoilt
        good += len(text) - spoilt - len(text.encode("ascii", "ignore"))
        sample.append(line)
        size += len(line)
        if size > _ENOUGH:
            break
    if not bad or good / (good + bad) >= _MOSTLY:
        return Encoding(name="utf-8", confidence=round(good / (good + bad), 2) if bad else 1.0)
    return _other(b"\n".join(sample))


def _other(sample: bytes) -> Encoding:
    """Choose an encoding for bytes that are not UTF-8; equally likely ones are rivals."""
    every = (*_LATIN, *_OTHER, *_EASTERN)
    readings = {name: text for name in every if (text := _plausible(sample, name)) is not None}
    judged = [match.encoding for match in from_bytes(sample, cp_isolation=list(every))]
    if not readings:
        named = tuple(dict.fromkeys((*judged, "cp1252", "cp1250", "cp1251")))
        return Encoding(name=named[0], confidence=0.0, rivals=named[1:])
    first = next(iter(readings))
    if judged and judged[0] in readings and judged[0] not in _LATIN:
        first = judged[0]
    rivals = tuple(name for name, text in readings.items() if text != readings[first])
    if judged == [first] and first not in _LATIN and len(_foreign_words(readings[first])) >= _MANY:
        rivals = ()  # with this many words the library has excluded the others
    return Encoding(name=first, confidence=round(1 / (1 + len(rivals)), 2), rivals=rivals)


def _plausible(sample: bytes, name: str) -> str | None:
    """Read bytes in an encoding; None when what comes out is not how names and addresses look.

    Nearly all of what is not ASCII is letters; letters of other alphabets do not stand within words of Latin ones, and
    Latin words are hardly ever without a plain letter; capitals stand in front, or everywhere. Single bytes that are no
    text spoil their record and not the reading.
    """
    text = sample.decode(name, "replace")
    foreign = [letter for letter in text if not letter.isascii()]
    fine = sum(letter.isalpha() or letter in _PUNCTUATION for letter in foreign)
    words = _foreign_words(text)
    mixed = sum(any(letter.isascii() for letter in word) for word in words)
    odd = sum(word.lower() != word != word.upper() and not word.istitle() for word in words)
    latin = name in _LATIN
    if fine < _PLAUSIBLE * len(foreign) or odd > (1 - _PLAUSIBLE) * len(words):
        return None
    if mixed < _MOSTLY * len(words) if latin else mixed > (1 - _PLAUSIBLE) * len(words):
        return None
    return text


def _foreign_words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text) if not word.isascii()]
