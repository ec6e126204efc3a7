"""The one way for words of the bank into our files: every word that is not known to be harmless becomes ``…``.

A bank echoes what it was sent: names, e-mails, numbers, whole rows. Looking for such values would miss the one that
comes back in another spelling, so this redactor works the other way round: it lets through the words in which errors
are written and masks everything else, and it also masks a known word that happens to be a value of the customer.
Promise 6; knows no HTTP.
"""

import re
from collections.abc import Iterable

MASK = "…"
_MAX_CHARS = 240
_EDGES = "\"'`.,;:!?()[]{}<>«»“”‘’"  # noqa: RUF001 - quotation marks as banks write them
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_WORDS = frozenset(  # the words of API.md and openapi.yaml, and those in which errors are written
    """
    a about above accept accepted access account accounts active activate activated activation
    actor address
    admin     after again age against all allowed already also an and another any api applicable approval approve approved approving
    are array as assigned at attempt attempts authentication authorization authorized available b2b b2c bad be because
    been before being below beneficial between blank body both but by call called can cannot categories categorization
    category certificate change changed character characters check client code combination comment completed compliance
    conflict connection consent consents contact contain containing contains content correct could country created
    creation credentials currently customer customers data database date day days declaration declined default denied
    describe details device did digit digits disabled do document documents does domain done driver drivers due
    duplicate during each either email empty enabled encoding end enhanced entity error errors exceed exceeded exceeds
    exist existing exists expected expired expires failed failure false family feature field fields file filename files
    first following for forbidden form format forwarded found free from full funds future gateway gender given
    government granted greater had has have header headers high http id identical identification identifier identity
    if image in inactive incomplete incorrect individual initial initiated input insufficient integer internal invalid
    is issue issued it its job json key keys known large last later least length less letter letters level levels
    license limit limits list locked lockout login long longer low lower lowercase made maintenance malformed mandatory
    many match matching maximum may medium message method mime mimetype minimum minutes missing mode month more most
    must name names national nationality needed next no non none not null number numeric object occurred of officer on
    one only open operation or organization other out outdated over overloaded owner ownership page parameter parse
    parsed passport password pattern payload pdf pending pep per permission permissions person phone pincode place
    platform please policy positive possible power present previous privacy problem processed processing profile
    proof property provide provided quota rate read reason received record refused registered registration rejected
    request requested requests require required requirement requirements requires resource response result retry risk
    role roles rule same sanctions screening second seconds secret see send sent server service session sessions set
    should shorter simplified size small some source special standard start started state status stored string
    submitted succeeded success successful supported system temporarily temporary tenant terms than that the their
    then there this time timeout timestamp to token too transaction try twice type unable unauthorized unavailable
    under unexpected unique unknown unprocessable unsupported until upload uploaded upper uppercase upstream use used
    user username users valid validated validation value values verification verified verify version via violation
    wait wallet was were when which while will with within without wrong year years yet you your zero
    """.split()  # noqa: SIM905 - a list of words reads best as words
)


def redact(text: str, values: Iterable[str] = ()) -> str:
    """Return ``text`` with every unknown word masked, and every word that occurs in one of ``values``.

    One line, at most 240 characters; empty if nothing meaningful is left.
    """
    own = {part.casefold() for value in values for part in re.findall(r"\w+", value)}
    kept: list[str] = []
    after_number = False
    for chunk in text[:2000].split():
        number = chunk.strip(_EDGES).isascii() and chunk.strip(_EDGES).isdigit()
        # Groups of digits in a row may be a phone or a card number: only a lone short one passes.
        good = not after_number and len(chunk) <= 4 if number else _harmless(chunk.strip(_EDGES), own)  # noqa: PLR2004
        if number and after_number and kept:
            kept[-1] = MASK
        after_number = number
        if good and not (number and chunk.strip(_EDGES).casefold() in own):
            kept.append("".join(c for c in chunk if c.isprintable()))
        elif not kept or kept[-1] != MASK:
            kept.append(MASK)
    if all(word == MASK for word in kept):
        return ""
    line = " ".join(kept)
    return line if len(line) <= _MAX_CHARS else line[: _MAX_CHARS - 1] + MASK


def _harmless(word: str, own: set[str]) -> bool:
    if not word:
        return True
    if not word.isascii() or word.casefold() in own:
        return False
    if re.fullmatch(r"[A-Za-z]+(?:[_/-][A-Za-z]+)*", word) is None:
        return False
    parts = [part.lower() for piece in re.split(r"[_/-]", word) for part in _PARTS.findall(piece)]
    return all((part in _WORDS or word.lower() in _WORDS) and part not in own for part in parts)
