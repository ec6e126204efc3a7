"""The only way for words of the bank into our files: every word that is not known to be harmless becomes ``…``.

A bank echoes its input: names, e-mails, numbers, whole rows. A search for these values would miss other spellings, so
this redactor uses an allowlist: the vocabulary of error messages. Of these words it masks values of the customer, and
words that are also names (Will, May, Long, Do) where they are written as names. A number passes only if it measures
something ("at least 8 characters"). Promise 6; knows no HTTP.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from finhub_onboard.finhub.calls import Redacted

MASK = "…"
_MAX_CHARS = 240
_MAX_READ = 2000
_MAX_DIGITS = 3
_MAX_DIGITS_IN_ALL = 6
_MOST_JOINED = 4
_ACRONYM = 3
_EDGES = "\"'`.,;:!?()[]{}<>«»“”‘’"  # noqa: RUF001 - quotation marks as banks write them
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_COMPOUND = re.compile(r"[A-Za-z]+(?:[_/-][A-Za-z]+)*")
_LETTERS = re.compile(r"[^\W\d_]+")
_WORDS = frozenset(  # the words of API.md and openapi.yaml, and those in which errors are written
    """
    a about above accept accepted access account accounts activate activated activation active actor address
    admin after again against age all allowed already also an and another any api applicable approval approve
    approved approving are array as assigned at attempt attempts authentication authorization authorized
    available b2b b2c bad bank be because been before being below beneficial between blank body both but by
    bytes call called can cannot categories categorisation categorization category certificate change changed character
    characters chars check client code combination comment completed compliance conditions conflict connection
    consent consents contact contain containing contains content correct could country created creation
    credentials currently customer customercategory customerid customername customers data database date
    dateofbirth day days declaration declined default denied describe details device deviceid did digit digits
    disabled do document documentnumber documents documenttype does domain done driver drivers due duplicate
    during e-mail each either email empty enabled encoding end enhanced entity error errors exceed exceeded
    exceeds exist existing exists expected expired expires expiry failed failure false family feature field
    fields file filecontent filename files first firstname following for forbidden form format forwarded found
    free from full funds future gateway gender given government granted greater had has have header headers high
    hour hours http id identical identification identifier identity if image in inactive income incomplete
    incorrect individual initial initiated input insufficient integer internal invalid invalid_request is issue
    issued it its job json kb key keys known large last lastname later least length less letter letters level
    levels license limit limits list locked lockout login long longer low lower lowercase made maintenance
    malformed mandatory many match matching matchingpassword max maximum may mb medium message method mime
    mimetype min minimum minutes missing mode monitoring month months more most multiple must name names
    national nationality needed next no non none not null number numeric object occurred of officer on one only
    open operation or organization other out outdated over overloaded owner ownership page parameter parse
    parsed passport password pattern payload pdf pending pep pep_declaration per percent permission permissions
    person phone pincode place placeofbirth platform please policy positive possible power present previous
    privacy problem processed processing profile proof property provide provided quota rate read read-only
    readable reason received recognised recognized record refused registered registration rejected request
    requested requests require required requirement requirements requires resource response result retry risk
    risklevel role roleids roles rule same sanctions screening sec-ch-ua-platform second seconds secret see send
    sent server service session sessions set shorter should simplified size small some source special standard
    start started state statement status stored string submitted succeeded success successful successfully
    supported system temporarily temporary tenant tenantid terms than that the their then there this time
    timeout timestamp to token too transaction try twice type unable unauthorized unavailable under unexpected
    unique unknown unprocessable unsupported until upload uploaded upper uppercase upstream use used user
    user-agent userid username users utility valid validated validation value values verification verificationid
    verified verify version via violation wait wallet was were when which while will with within without wrong
    x-forwarded-for x-forwarded-from x-tenant-id year years yet you your zero
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
_ALSO_NAMES = frozenset(  # of these, words that are also names
    """
    an bad bank blank body can day days do done driver drivers due each field fields free full given had has in
    job key keys large less list long low lower made many match max may min more most next no on one open page
    pep per person place power proof read same see set small start time to too try under wait while will
    year yet you your
    """.split()  # noqa: SIM905 - as above
)
_SURELY_NAMES = frozenset(  # and of these, words that never follow each other in an error message
    """
    bad bank blank day days done driver drivers field fields free full given job key keys large list long low lower
    made max may min more page pep person place power proof read small wait will
    """.split()  # noqa: SIM905 - as above
)
_BEFORE_NUMBERS = frozenset({"least", "most", "than", "maximum", "minimum", "exceeds", "limit", "between", "status"})
_AFTER_NUMBERS = frozenset(
    {
        "characters",
        "chars",
        "digits",
        "letters",
        "minutes",
        "seconds",
        "hours",
        "years",
        "attempts",
        "bytes",
        "mb",
        "kb",
    }
)


def redact_all(texts: Iterable[str], values: Iterable[str] = ()) -> Redacted:
    """Return each text redacted, each once, with semicolons between them."""
    own = tuple(values)
    redacted = (redact(text, own) for text in texts)
    return Redacted("; ".join(dict.fromkeys(text for text in redacted if text)))


def redact(text: str, values: Iterable[str] = ()) -> Redacted:
    """Return ``text`` with every unknown word masked, and every word that occurs in one of ``values``.

    One line, at most 240 characters; empty if nothing meaningful is left.
    """
    own = set(_own(values))
    chunks = text[:_MAX_READ].split()
    bare = [chunk.strip(_EDGES).removesuffix("(s") for chunk in chunks]
    good = [_harmless(word, own) for word in bare]
    _mask_runs(bare, good, own)
    _mask_titles(chunks, bare, good)
    _admit_numbers(bare, good, own)
    kept: list[str] = []
    for chunk, passes in zip(chunks, good, strict=True):
        word = "".join(c for c in chunk if c.isprintable()) if passes else MASK
        if kept[-1:] != [word]:
            kept.append(word)
    if not any(c.isalnum() for word in kept for c in word):
        return Redacted("")
    line = " ".join(kept)
    return Redacted(line if len(line) <= _MAX_CHARS else line[: _MAX_CHARS - 1] + MASK)


def known_words(text: str, values: Iterable[str] = ()) -> str:
    """Return ``text`` in lower case, reduced to the vocabulary of errors; those of ``values`` are masked.

    For classifying errors, not for people: a word that is also a name stays unless it is one of ``values``.
    """
    own = set(_own(values))
    words = [_known(chunk.strip(_EDGES).removesuffix("(s"), own) for chunk in text[:_MAX_READ].split()]
    for start, end in _own_runs(words, own):
        words[start:end] = [MASK] * (end - start)
    return " ".join(words)


def _known(word: str, own: set[str]) -> str:
    lower, parts = word.lower(), _parts(word)
    if (
        not word
        or _COMPOUND.fullmatch(word) is None
        or lower in own
        or own.intersection(parts)
        or "".join(parts) in own
    ):
        return MASK
    known = lower in _WORDS or _WORDS.issuperset(parts)
    return re.sub("[_/-]", " ", lower) if known else MASK


def _own(values: Iterable[str]) -> Iterator[str]:
    """The customer's words: as written, without accents, in pieces, and joined."""
    for value in values:
        plain = "".join(c for c in unicodedata.normalize("NFKD", value) if not unicodedata.combining(c))
        for text in {value.casefold(), plain.casefold()}:
            yield from re.findall(r"\w+", text)
            yield from (pieces := _LETTERS.findall(text))
            yield "".join(pieces)


def _harmless(word: str, own: set[str]) -> bool:
    if not word:
        return True
    lower = word.lower()
    if _COMPOUND.fullmatch(word) is None or lower in own:
        return False
    parts = _parts(word)
    if own.intersection(parts) or "".join(parts) in own:
        return False
    if lower in _WORDS:
        usual = word in (lower.upper(), lower.capitalize()) or "-" in word or all(len(part) > 1 for part in parts)
        return lower == word or (usual and lower not in _ALSO_NAMES)
    return len(parts) > 1 and all(len(part) > 1 and part in _WORDS and part not in _ALSO_NAMES for part in parts)


def _parts(word: str) -> list[str]:
    """The words of a compound such as ``ADMIN_USER`` or ``missingConsents``, in lower case."""
    return [part.lower() for piece in re.split(r"[_/-]", word) for part in _PARTS.findall(piece)]


def _own_runs(lower: list[str], own: set[str]) -> Iterator[tuple[int, int]]:
    """The runs of words that, joined, are a value of the customer."""
    for start in range(len(lower)):
        for end in range(start + 2, min(start + _MOST_JOINED, len(lower)) + 1):
            if "".join(lower[start:end]) in own:
                yield start, end


def _mask_runs(bare: list[str], good: list[bool], own: set[str]) -> None:
    """Mask names of several known words: the customer's own, and sequences typical of names."""
    lower = [word.lower() for word in bare]
    names = (
        (start, start + 2) for start in range(len(lower) - 1) if _SURELY_NAMES.issuperset(lower[start : start + 2])
    )
    for start, end in (*names, *_own_runs(lower, own)):
        good[start:end] = [False] * (end - start)


def _mask_titles(chunks: list[str], bare: list[str], good: list[bool]) -> None:
    """Mask a capitalised word beside a masked one inside a sentence, such as the High of a High Street."""
    for place, word in enumerate(bare):
        inside = place > 0 and chunks[place - 1][-1] not in ".:;"
        beside = not all(good[max(0, place - 1) : place + 2])
        if inside and beside and word[:1].isupper() and not (word.isupper() and len(word) <= _ACRONYM):
            good[place] = False


def _admit_numbers(bare: list[str], good: list[bool], own: set[str]) -> None:
    """Keep short numbers that measure something; grouped digits may be a phone number, a date or a card."""
    left = _MAX_DIGITS_IN_ALL
    for place, word in enumerate(bare):
        if not (word.isascii() and word.isdigit() and len(word) <= min(left, _MAX_DIGITS)) or word in own:
            continue
        before, after = " ".join(bare[:place][-1:]).lower(), " ".join(bare[place + 1 : place + 2]).lower()
        alone = not (before.isdigit() or after.isdigit())
        if alone and (before in _BEFORE_NUMBERS or after in _AFTER_NUMBERS):
            good[place] = True
            left -= len(word)
