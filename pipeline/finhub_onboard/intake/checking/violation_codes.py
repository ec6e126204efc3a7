"""The table of violation codes, with the message and the hint of each.

Promises: codes are stable; every message is one plain sentence without any value of the row (DESIGN, promise 6), and
has a hint. Knows no rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from finhub_onboard.model import Severity, Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Message and hint of a code; their ``{names}`` are filled with facts that are no personal data."""

    message: str
    hint: str


def _table(*rows: tuple[str, str, str]) -> Mapping[str, Explanation]:
    return MappingProxyType({code: Explanation(message=message, hint=hint) for code, message, hint in rows})


CODES = _table(
    # The record as a whole: it has no cells that could be judged.
    (
        "record_short",
        "the record on line {line} has {found} fields, the header has {expected}",
        "add the missing fields; a line break inside a field needs quotes around the field",
    ),
    (
        "record_long",
        "the record on line {line} has {found} fields, the header has {expected}",
        "put quotes around fields that hold the delimiter, or remove the extra ones",
    ),
    (
        "record_encoding",
        "the record on line {line} holds bytes that are no {encoding} text",
        "save the file as UTF-8, or state its encoding in a profile",
    ),
    (
        "record_quoting",
        "the record on line {line} is badly quoted",
        "close every opening quote; a quote inside a quoted field is written twice",
    ),
    ("record_nul", "the record on line {line} holds a NUL byte", "remove it; the file may be damaged"),
    # A spreadsheet's: of a workbook's row, or of a column of a file that a spreadsheet wrote.
    (
        "cell_error",
        "a spreadsheet shows an error in place of the value, such as #N/A",
        "correct the formula or type the value",
    ),
    (
        "number_imprecise",
        "the value is a number as a spreadsheet or another tool rewrites it: digits or zeros may be lost",
        "take the value from its origin again, as text",
    ),
    # Any column.
    ("required_missing", "a required value is missing", "fill it in"),
    ("too_long", "the value is longer than {longest} characters", "shorten it"),
    (
        "control_characters",
        "the value holds a control character such as a tab or a line break",
        "remove it; it does not always show",
    ),
    (
        "garbled_text",
        "the value holds the replacement character U+FFFD: its text was damaged before",
        "take the value from the original again",
    ),
    # One column each.
    ("name_without_letter", "the name has no letter", "write the name as in the identity document"),
    ("email_invalid", "the e-mail address is not valid", "write one address such as name@example.com"),
    (
        "phone_without_country_code",
        "the phone number has no country code",
        "start it with + or 00 and the country code",
    ),
    ("phone_invalid", "the phone number is not valid in its country", "check the digits and the country code"),
    ("birth_date_format", "the birth date is not written {format}", "write it so, or state its format in a profile"),
    (
        "birth_date_with_time",
        "the birth date has a time of day that is not midnight, the trace of a lost time zone: the day may be wrong",
        "take the date from its origin again, without a time",
    ),
    ("birth_date_impossible", "the birth date is not in the calendar", "check month and day"),
    ("birth_date_future", "the birth date is in the future", "check the year"),
    ("birth_date_before_1900", "the birth date is before 1900", "check the year"),
    ("birth_date_under_age", "the person is younger than {min_age}", "only adults can be onboarded"),
    (
        "nationality_unknown",
        "the nationality is neither an ISO 3166 code nor an English country name",
        "write it as LT, LTU or Lithuania",
    ),
    (
        "nationality_ambiguous",
        "the nationality is a name of several countries: {candidates}",
        "write one of these, or its ISO 3166 code",
    ),
    (
        "category_unknown",
        "the bank's hierarchy has no such category",
        "use a category's key, id or name; the nearest is {nearest}",
    ),
    ("risk_level_unknown", "the risk level is none of LOW, MEDIUM, HIGH", "use one of these, or leave it empty"),
    (
        "document_type_unknown",
        "the document type is none of PASSPORT, ID_CARD, DRIVERS_LICENSE",
        "use one of these, or leave it empty",
    ),
    (
        "instant_format",
        "the instant is not an ISO 8601 date and time",
        "write it as 2026-01-31T12:00:00Z",
    ),
    (
        "instant_without_offset",
        "the instant has no time zone, so it proves no moment",
        "add Z for UTC or an offset such as +02:00",
    ),
    ("instant_in_future", "the instant is in the future", "check its date and its time zone"),
    # Document files.
    ("document_path_absolute", "the document's path is absolute", "write it relative to documents.root"),
    (
        "document_outside_root",
        "the document's path leads out of documents.root",
        "put the file below that folder; .. and links must stay inside",
    ),
    (
        "document_not_found",
        "there is no such document below documents.root",
        "check the path: upper case, and / between folders",
    ),
    ("document_not_a_file", "the document is not a regular file", "name a file, not a folder"),
    ("document_unreadable", "the document may not be read by this user", "check its permissions"),
    ("document_empty", "the document is empty", "scan or export it again"),
    ("document_too_large", "the document has more than {max_bytes} bytes", "make it smaller"),
    (
        "document_kind",
        "the document is neither PDF, JPEG nor PNG by its content",
        "convert it; the file's extension does not count",
    ),
    # Several rows.
    (
        "duplicate_external_id",
        "the same external_id stands in {copies}",
        "keep one of these rows; each customer has an id of its own",
    ),
    (
        "duplicate_email",
        "the same e-mail address stands in {copies}",
        "keep one of these rows; the bank wants a different address per customer",
    ),
    (
        "duplicate_phone_and_birth_date",
        "the same phone number and birth date stand in {copies}",
        "keep one of these rows; it is one person",
    ),
    (
        "duplicate_document_number",
        "the same document stands in {copies}",
        "keep one of these rows; a document belongs to one person",
    ),
    (
        "probable_duplicate",
        "nearly the same name and the same birth date stand in {copies}",
        "look whether it is one person; intake.reject_probable_duplicates refuses such rows",
    ),
    # Customers of earlier runs.
    (
        "earlier_email",
        "an earlier customer with another external_id has the same e-mail address",
        "the person may be onboarded already; if not, correct the address",
    ),
    (
        "earlier_phone_and_birth_date",
        "an earlier customer with another external_id has the same phone number and birth date",
        "the person may be onboarded already",
    ),
    (
        "earlier_document_number",
        "an earlier customer with another external_id has the same document",
        "the person may be onboarded already",
    ),
    # Warnings: what looks as if it were wrong.
    (
        "misread_text",
        "the text looks as if it had been read in a wrong encoding, such as Ã© for é",
        "take the value from the original again, or have the file exported as UTF-8",
    ),
    (
        "html_entity",
        "the text holds a letter as the code of a web page, such as &eacute;",
        "take the value from the original again",
    ),
    ("placeholder", "the value looks like a word for no value", "leave the cell empty if there is none"),
    (
        "quoted_value",
        "the value stands in quotation marks, and is sent with them",
        "remove them if they are no part of it",
    ),
    (
        "name_split_doubtful",
        "the name has more than two words, and was cut between first and last name where the profile's order says",
        "check both; have the partner send them in columns of their own",
    ),
    (
        "birth_date_placeholder",
        "the birth date is 1900-01-01, which systems write where they know none",
        "check that it is the person's",
    ),
    # Notices: what was changed on the way in.
    (
        "spreadsheet_text",
        "the value was marked as text for a spreadsheet, and the mark was removed",
        "nothing to do",
    ),
    (
        "invisible_characters",
        "the value holds invisible characters; a name or number is sent with them, a date or phone number without",
        "remove them at their origin",
    ),
    (
        "email_rewritten",
        "the e-mail address was brought into its canonical form, which differs by more than case",
        "check that it is still the person's address",
    ),
    (
        "phone_digits_changed",
        "digits of the phone number were dropped, added or changed to bring it into E.164",
        "check the number",
    ),
    (
        "name_cleaned",
        "invisible characters were removed from the name, or its letters were composed",
        "nothing to do, unless the name looks wrong",
    ),
)


def make_violation(
    code: str,
    *,
    source: str,
    row_number: int,
    external_id: str,
    field: str,
    facts: Mapping[str, object],
    severity: Severity = Severity.ERROR,
) -> Violation:
    """Make a violation with the message and hint of its code; ``facts`` fill their placeholders."""
    words = CODES[code]
    return Violation(
        source=source,
        row_number=row_number,
        external_id=external_id,
        field=field,
        code=code,
        message=words.message.format_map(facts) if "{" in words.message else words.message,
        hint=words.hint.format_map(facts) if "{" in words.hint else words.hint,
        severity=severity,
    )
