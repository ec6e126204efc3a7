"""The redactor: personal data of any kind never gets through it, and the bank's own words do."""

import base64
import json
import string
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finhub_onboard.finhub.redact import MASK, redact
from tests.outbound.support import EXAMPLES

SENTENCES = (
    "The value {} is invalid",
    "{} already exists",
    "Customer {} not found",
    "email: {}",
    "Duplicate entry '{}' for key 'email'",
    "invalid format ({}), expected string",
    '"{}"',
    "{}",
    "{}: must not be blank",
    "the phone number <{}> is not valid; please check",
)
NAMES = (
    *(
        "Jonas",
        "Kazlauskaitė",
        "Müller",
        "O'Neill",
        "D\u2019Angelo",
        "Smith-Jones",
        "van der Berg",
        "José María",
        "Łukasz",
    ),
    *(
        "Иван Петров",
        "Δημήτρης",
        "محمد",
        "משה",
        "王小明",
        "山田太郎",
        "김철수",
        "สมชาย",
        "अमित",
        "Nguyễn Thị Ánh",
        "ßmann",
    ),
    *(
        "Ng",
        "Li",
        "X Æ A-12",
        "Jean\u2011Luc",
        "Mary-Jane",
        "MacDonald",
        "McLong",
        "al-Rashid",
        "Ó Súilleabháin",
        "İbrahim",
    ),
)
DOCUMENTED = sorted(path for path in EXAMPLES.glob("*.response.[45l]*.json"))

phones = st.integers(10**7, 10**13).map(str)
names = st.sampled_from(NAMES) | st.text(
    st.characters(categories=["Lu", "Ll", "Lo", "Lm"]), min_size=4, max_size=12
).filter(lambda name: name.lower() not in redact(name).lower() or not redact(name))
emails = st.builds(
    "{}.{}@example.{}".format,
    st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8),
    st.text(string.ascii_lowercase, min_size=1, max_size=8),
    st.sampled_from(["com", "org", "lt"]),
)
dates = st.dates().flatmap(
    lambda day: st.sampled_from(
        [
            f"{day:%Y-%m-%d}",
            f"{day.day:02}.{day.month:02}.{day.year:04}",
            f"{day.month}/{day.day}/{day.year}",
            f"{day.day} {day:%B} {day.year:04}",
            f"{day:%B} {day.day}, {day.year:04}",
            f"{day.day:02} {day.month:02} {day.year:04}",
            f"{day.year:04}{day.month:02}{day.day:02}",
            f"{day:%Y-%m-%dT00:00:00Z}",
        ]
    )
)
ibans = st.integers(10**17, 10**18 - 1).map(lambda number: f"LT{number}")
addresses = st.builds(
    "{} {} {}, {} {}".format,
    st.integers(1, 999),
    st.sampled_from(["Gedimino", "High", "Long", "Church"]),
    st.sampled_from(["Street", "pr.", "Lane"]),
    st.integers(10_000, 99_999),
    st.sampled_from(["Vilnius", "Kaunas", "Reading"]),
)
secrets = st.binary(min_size=9, max_size=40).flatmap(
    lambda raw: st.sampled_from(
        [
            raw.hex(),
            base64.b64encode(raw).decode(),
            base64.urlsafe_b64encode(raw).decode(),
            f"eyJhbGciOiJIUzI1NiJ9.{base64.urlsafe_b64encode(raw).decode()}.c2ln",
            str(uuid.UUID(bytes=(raw * 2)[:16])),
        ]
    )
)
personal = st.one_of(names, emails, dates, ibans, addresses, secrets, phones)

DISGUISES: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    str.lower,
    str.swapcase,
    lambda value: value[::-1],
    "name={}".format,
    "value:{}".format,
    lambda value: f"email={value};phone={value}",
    lambda value: json.dumps({"name": value, "value": [value]}),
    lambda value: json.dumps({"name": value}, ensure_ascii=False, separators=(",", ":")),
    "<name>{}</name>".format,
    "\x1b[31m{}\x1b[0m".format,
    "\u200b".join,
    "user/{}".format,
    "user-{}".format,
    "user_{}_name".format,
    lambda value: value.replace(" ", "\u00a0"),
    lambda value: value.replace(" ", "\n"),
)


def content(line: str) -> list[str]:
    """The words of a redacted line that are not masks, bare."""
    return [word.strip(string.punctuation + "\u2018\u2019\u201c\u201d«»") for word in line.split() if word != MASK]


@settings(max_examples=200, deadline=None)
@given(personal, st.sampled_from(SENTENCES), st.sampled_from(DISGUISES))
def test_personal_data_never_survives(value: str, sentence: str, disguise: Callable[[str], str]) -> None:
    """Of a message with a value in it, in any disguise, only the words of the sentence around it are left."""
    line = redact(sentence.format(disguise(value)))
    around = set(content(sentence.replace("{}", " "))) | {"name", "value", "email", "phone", "user", ""}
    # What the address "High Street" or a name shares with the vocabulary is let through only in lower case.
    left = {word for word in content(line) if word not in around}
    assert all(word.islower() and word.isascii() and word.isalpha() for word in left), (left, line)
    assert not any(c.isdigit() for c in line), line
    assert not left or disguise is not str, (left, line)


@settings(max_examples=200, deadline=None)
@given(
    st.text(string.digits, min_size=7, max_size=16),
    st.integers(1, 4),
    st.sampled_from(
        [" ", "-", " - ", ".", "/", ", ", " x ", " and ", ") (", "\u00a0", " code ", " of ", "; ", " least "]
    ),
)
def test_digits_in_groups_never_survive(digits: str, size: int, between: str) -> None:
    """A phone, card or document number cut into groups, by whatever, is not put together from what is left."""
    groups = [digits[start : start + size] for start in range(0, len(digits), size)]
    line = redact(f"the number {between.join(groups)} is not valid")
    assert len([c for c in line if c.isdigit()]) <= 6
    if between != " least ":
        assert not any(c.isdigit() for c in line), line


@settings(max_examples=100, deadline=None)
@given(st.text(string.ascii_letters, min_size=3, max_size=12), st.sampled_from([" ", ".", "-", "_", " . ", "/"]))
def test_letters_spelled_apart_never_survive(name: str, between: str) -> None:
    """A name spelled letter by letter leaves at most the article "a"."""
    assert set(content(redact(f"invalid: {between.join(name)}"))) <= {"invalid", "a", "A", ""}


@pytest.mark.parametrize("disguise", [str.lower, str.upper, str.title])
@pytest.mark.parametrize(
    "name", ["power", "standard", "tenant", "format", "given", "long", "will", "page", "limit", "person", "type"]
)
def test_a_known_word_that_is_the_customers_own_is_masked(name: str, disguise: Callable[[str], str]) -> None:
    """A surname that is a word of the vocabulary is masked in every spelling, alone and glued."""
    for values in ([name.title()], [f"Ana {name}-Sample"], [f"{name}_ana@example.com"], [f"{name}99@example.com"]):
        for text in ("{} is invalid", "user {}, not found", "value {}-user", "user_{}", "'{}'", "{}User", "(user/{})"):
            shown = redact(text.format(disguise(name)), values).lower()
            assert name not in shown, (text, values, shown)


def test_accents_do_not_hide_a_value() -> None:
    """A bank that drops the accents of a name still echoes the name."""
    assert redact("customer limit exists", ["Límit"]) == "customer … exists"


def test_a_name_put_together_from_known_words_is_masked() -> None:
    """The customer's name is masked also where the bank takes it apart, or runs it together."""
    for text in ("long field exists", "long-field exists", "Long_Field exists", "longField exists"):
        assert redact(text, ["Longfield"]) == "… exists"
    assert redact("type user page limit is invalid", ["Userpage"]) == "type … limit is invalid"


@pytest.mark.parametrize(
    "text",
    [
        "Will Long",
        "will long",
        "WILL LONG",
        "Long, Will",
        "Will Day-Long",
        "May Power",
        "Power, May",
        "Do, An",
        "Job Small",
        "Long/Day",
        "Long-Day",
        "Long_Day",
        "LongDay",
        "WILL_LONG",
        "Day",
        "Can",
        "May",
        "'Page'",
    ],
)
def test_names_of_others_that_are_known_words_are_masked(text: str) -> None:
    """Another row's customer may be called by words of the vocabulary: written as names are, they do not pass."""
    for sentence in ("{} already exists", "customer {} already exists", "email belongs to {}"):
        line = redact(sentence.format(text))
        assert not {word.lower() for word in content(line)} & {
            "will",
            "long",
            "may",
            "power",
            "do",
            "an",
            "job",
            "small",
            "day",
            "can",
            "page",
        }


@pytest.mark.parametrize(
    "text",
    [
        "12 May 1985",
        "born 1985",
        "12 may 1985",
        "May 12, 1985",
        "5 of 12 1985",
        "page 12 of 1985",
        "12 days 5 months 1985",
    ],
)
def test_dates_in_words_do_not_survive(text: str) -> None:
    """A date of birth written out leaves no number."""
    assert not any(c.isdigit() for c in redact(f"date {text} is not valid"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Password must be at least 8 characters long", "Password must be at least 8 characters long"),
        ("length must be between 8 and 64 characters", "length must be between 8 and 64 characters"),
        ("file may be at most 10 MB", "file may be at most 10 MB"),
        ("Please try again after 30 seconds", "Please try again after 30 seconds"),
        ("Account locked for 30 minutes", "Account locked for 30 minutes"),
        ("firstName: must not be blank", "firstName: must not be blank"),
        ("documentNumber is required", "documentNumber is required"),
        ("Missing required header(s): X-Tenant-ID, deviceId", "Missing required header(s): X-Tenant-ID, deviceId"),
        ("required document PEP_DECLARATION is missing", "required document PEP_DECLARATION is missing"),
        ("Verification is not approved yet.", "Verification is not approved yet."),
    ],
)
def test_what_helps_stays(text: str, shown: str) -> None:
    """What an operator needs to understand a refusal is still there."""
    assert redact(text, ["Ana", "Sample", "ana.sample@example.com", "44001"]) == shown


@pytest.mark.parametrize("path", DOCUMENTED, ids=lambda path: str(path.name))
def test_documented_messages_stay_readable(path: object) -> None:
    """Every message of the contract's error examples keeps all but at most one of its words."""
    body = json.loads((EXAMPLES / str(path)).read_text(encoding="utf-8"))
    data = body["data"] if isinstance(body.get("data"), dict) else {}
    legacy = body.get("error") or {}
    found = [body.get("message"), legacy.get("message"), *(data.get(name) for name in ("message", "error", "details"))]
    found += [f"{error['field']}: {error['message']}" for error in data.get("errors", ())]
    messages = [message for message in found if message]
    assert messages
    for message in messages:
        shown = redact(message, ["Ana", "Sample" if "legacy" not in str(path) else "", "ana.sample@example.com"])
        assert shown.count(MASK) <= 1, shown
        assert len(content(shown)) >= len(message.split()) - 1


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=400), st.lists(st.text(max_size=20), max_size=4))
def test_any_text_becomes_one_short_line(text: str, values: list[str]) -> None:
    """Whatever comes in, out comes one printable line of bounded length that is stable under a second pass."""
    line = redact(text, values)
    assert len(line) <= 240
    assert line.isprintable()
    assert "\n" not in line
    assert line == "" or content(line)


def test_long_texts_are_cut() -> None:
    """A message of megabytes costs no more than its beginning and says that it was cut."""
    line = redact("value is invalid " * 100_000)
    assert len(line) == 240
    assert line.endswith(MASK)


def test_nothing_but_masks_is_nothing() -> None:
    """A message of which no word is left is no message."""
    assert redact("Žofia Müller") == ""
    assert redact("") == ""
    assert redact(" ... ") == ""
