"""The violation codes: what each means, and how to correct it.

Promises: codes are stable; every message is one plain sentence without any value of the row (DESIGN, promise 6), and
has a hint. Knows no rules.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from finhub_onboard.model import Severity, Violation


class ViolationCode(StrEnum):
    """Why a row is rejected, or what a warning or notice is about; the value stands in reports and rejects files.

    The ``{names}`` in ``message`` and ``hint`` are filled with facts that are no personal data.
    """

    message: str
    hint: str

    def __new__(cls, value: str, message: str = "", hint: str = "") -> Self:
        """Make a member of a value and its words."""
        code = str.__new__(cls, value)
        code._value_ = value
        code.message, code.hint = message, hint
        return code

    # The record as a whole: it has no cells that could be judged.
    RECORD_SHORT = (
        "record_short",
        "the record on line {line} has {found} fields, the header has {expected}",
        "add the missing fields; a line break inside a field needs quotes around the field",
    )
    RECORD_LONG = (
        "record_long",
        "the record on line {line} has {found} fields, the header has {expected}",
        "put quotes around fields that hold the delimiter, or remove the extra ones",
    )
    RECORD_ENCODING = (
        "record_encoding",
        "the record on line {line} holds bytes that are no {encoding} text",
        "save the file as UTF-8, or state its encoding in a profile",
    )
    RECORD_QUOTING = (
        "record_quoting",
        "the record on line {line} is badly quoted",
        "close every opening quote; a quote inside a quoted field is written twice",
    )
    FOOTER = ("footer", "this is no customer but a total or a note below the rows", "remove it: nothing is lost")
    RECORD_NUL = ("record_nul", "the record on line {line} holds a NUL byte", "remove it; the file may be damaged")
    # A spreadsheet's: of a workbook's row, or of a column of a file that a spreadsheet wrote.
    CELL_ERROR = (
        "cell_error",
        "a spreadsheet shows an error in place of the value, such as #N/A",
        "correct the formula or type the value",
    )
    NUMBER_IMPRECISE = (
        "number_imprecise",
        "the value is a number as a spreadsheet or another tool rewrites it: digits or zeros may be lost",
        "take the value from its origin again, as text",
    )
    # Any column.
    REQUIRED_MISSING = ("required_missing", "a required value is missing", "fill it in")
    TOO_LONG = ("too_long", "the value is longer than {longest} characters", "shorten it")
    CONTROL_CHARACTERS = (
        "control_characters",
        "the value holds a control character such as a tab or a line break",
        "remove it; it does not always show",
    )
    GARBLED_TEXT = (
        "garbled_text",
        "the value holds the replacement character U+FFFD: its text was damaged before",
        "take the value from the original again",
    )
    # One column each.
    NAME_WITHOUT_LETTER = (
        "name_without_letter",
        "the name has no letter",
        "write the name as in the identity document",
    )
    EMAIL_INVALID = ("email_invalid", "the e-mail address is not valid", "write one address such as name@example.com")
    PHONE_WITHOUT_COUNTRY_CODE = (
        "phone_without_country_code",
        "the phone number has no country code",
        "start it with + or 00 and the country code",
    )
    PHONE_INVALID = (
        "phone_invalid",
        "the phone number is not valid in its country",
        "check the digits and the country code",
    )
    BIRTH_DATE_FORMAT = (
        "birth_date_format",
        "the birth date is not written {format}",
        "write it so, or state its format in a profile",
    )
    BIRTH_DATE_WITH_TIME = (
        "birth_date_with_time",
        "the birth date has a time of day that is not midnight, the trace of a lost time zone: the day may be wrong",
        "take the date from its origin again, without a time",
    )
    BIRTH_DATE_IMPOSSIBLE = ("birth_date_impossible", "the birth date is not in the calendar", "check month and day")
    BIRTH_DATE_FUTURE = ("birth_date_future", "the birth date is in the future", "check the year")
    BIRTH_DATE_BEFORE_1900 = ("birth_date_before_1900", "the birth date is before 1900", "check the year")
    BIRTH_DATE_UNDER_AGE = (
        "birth_date_under_age",
        "the person is younger than {min_age}",
        "only adults can be onboarded",
    )
    NATIONALITY_UNKNOWN = (
        "nationality_unknown",
        "the nationality is neither an ISO 3166 code nor an English country name",
        "write it as LT, LTU or Lithuania",
    )
    NATIONALITY_AMBIGUOUS = (
        "nationality_ambiguous",
        "the nationality is a name of several countries: {candidates}",
        "write one of these, or its ISO 3166 code",
    )
    EXTERNAL_ID_PERSONAL = ("external_id_personal", "an e-mail or phone that stands in every report", "use another key")
    COUNTRY_UNKNOWN = ("country_unknown", "the country is no ISO 3166 code or English name", "write LT or Lithuania")
    IP_ADDRESS_INVALID = ("ip_address_invalid", "this is no IP address", "write it as 192.168.10.5 or 2001:db8::1")
    EXTRA_TYPE = ("extra_type", "{columns}: not of the profile's type", "correct it, or map it in values")
    CATEGORY_UNKNOWN = (
        "category_unknown",
        "the bank's hierarchy has no such category",
        "use a category's key, id or name; the nearest is {nearest}",
    )
    CATEGORY_PROHIBITED = ("category_prohibited", "the bank onboards nobody in this category", "correct the category")
    CATEGORY_OF_BUSINESS = ("category_of_business", "the category is not for individuals", "correct the category")
    RISK_LEVEL_UNKNOWN = (
        "risk_level_unknown",
        "the risk level is none of LOW, MEDIUM, HIGH",
        "use one of these, or leave it empty",
    )
    DOCUMENT_TYPE_UNKNOWN = (
        "document_type_unknown",
        "the document type is none of PASSPORT, ID_CARD, DRIVERS_LICENSE",
        "use one of these, or leave it empty",
    )
    DOCUMENT_DATE_INVALID = ("document_date_invalid", "the date is no day of the calendar", "write it as 2026-01-31")
    DOCUMENT_ISSUED_IN_FUTURE = ("document_issued_in_future", "the document is issued in the future", "check the year")
    DOCUMENT_EXPIRED = ("document_expired", "the document has expired", "ask the customer for a valid one")
    INSTANT_FORMAT = (
        "instant_format",
        "the instant is not an ISO 8601 date and time",
        "write it as 2026-01-31T12:00:00Z",
    )
    INSTANT_WITHOUT_OFFSET = (
        "instant_without_offset",
        "the instant has no time zone, so it proves no moment",
        "add Z for UTC or an offset such as +02:00",
    )
    INSTANT_IN_FUTURE = ("instant_in_future", "the instant is in the future", "check its date and its time zone")
    # Document files.
    DOCUMENT_PATH_ABSOLUTE = (
        "document_path_absolute",
        "the document's path is absolute",
        "write it relative to documents.root",
    )
    DOCUMENT_OUTSIDE_ROOT = (
        "document_outside_root",
        "the document's path leads out of documents.root",
        "put the file below that folder; .. and links must stay inside",
    )
    DOCUMENT_NOT_FOUND = (
        "document_not_found",
        "there is no such document below documents.root",
        "check the path: upper case, and / between folders",
    )
    DOCUMENT_NOT_A_FILE = ("document_not_a_file", "the document is not a regular file", "name a file, not a folder")
    DOCUMENT_UNREADABLE = ("document_unreadable", "the document may not be read by this user", "check its permissions")
    DOCUMENT_EMPTY = ("document_empty", "the document is empty", "scan or export it again")
    DOCUMENT_TOO_LARGE = ("document_too_large", "the document has more than {max_bytes} bytes", "make it smaller")
    DOCUMENT_KIND = (
        "document_kind",
        "the document is neither PDF, JPEG nor PNG by its content",
        "convert it; the file's extension does not count",
    )
    # Several rows.
    DUPLICATE_EXTERNAL_ID = (
        "duplicate_external_id",
        "the same external_id stands in {copies}",
        "keep one of these rows; each customer has an id of its own",
    )
    DUPLICATE_EMAIL = (
        "duplicate_email",
        "the same e-mail address stands in {copies}",
        "keep one of these rows; the bank wants a different address per customer",
    )
    DUPLICATE_PHONE_AND_BIRTH_DATE = (
        "duplicate_phone_and_birth_date",
        "the same phone number and birth date stand in {copies}",
        "keep one of these rows; it is one person",
    )
    DUPLICATE_DOCUMENT_NUMBER = (
        "duplicate_document_number",
        "the same document stands in {copies}",
        "keep one of these rows; a document belongs to one person",
    )
    PROBABLE_DUPLICATE = (
        "probable_duplicate",
        "nearly the same name and the same birth date stand in {copies}",
        "look whether it is one person; intake.reject_probable_duplicates refuses such rows",
    )
    # Customers of earlier runs.
    EARLIER_EMAIL = (
        "earlier_email",
        "an earlier customer with another external_id has the same e-mail address",
        "the person may be onboarded already; if not, correct the address",
    )
    EARLIER_PHONE_AND_BIRTH_DATE = (
        "earlier_phone_and_birth_date",
        "an earlier customer with another external_id has the same phone number and birth date",
        "the person may be onboarded already",
    )
    EARLIER_DOCUMENT_NUMBER = (
        "earlier_document_number",
        "an earlier customer with another external_id has the same document",
        "the person may be onboarded already",
    )
    # Warnings: what looks as if it were wrong.
    MISREAD_TEXT = (
        "misread_text",
        "the text looks as if it had been read in a wrong encoding, such as Ã© for é",
        "take the value from the original again, or have the file exported as UTF-8",
    )
    HTML_ENTITY = (
        "html_entity",
        "the text holds a letter as the code of a web page, such as &eacute;",
        "take the value from the original again",
    )
    PLACEHOLDER = ("placeholder", "the value looks like a word for no value", "leave the cell empty if there is none")
    QUOTED_VALUE = (
        "quoted_value",
        "the value stands in quotation marks, and is sent with them",
        "remove them if they are no part of it",
    )
    NAME_SPLIT_DOUBTFUL = (
        "name_split_doubtful",
        "the name has more than two words, and was cut between first and last name where the profile's order says",
        "check both; have the partner send them in columns of their own",
    )
    BIRTH_DATE_PLACEHOLDER = (
        "birth_date_placeholder",
        "the birth date is 1900-01-01, which systems write where they know none",
        "check that it is the person's",
    )
    # Notices: what was changed on the way in.
    SPREADSHEET_TEXT = (
        "spreadsheet_text",
        "the value was marked as text for a spreadsheet, and the mark was removed",
        "nothing to do",
    )
    INVISIBLE_CHARACTERS = (
        "invisible_characters",
        "the value holds invisible characters; a name or number is sent with them, a date or phone number without",
        "remove them at their origin",
    )
    EMAIL_REWRITTEN = (
        "email_rewritten",
        "the e-mail address was brought into its canonical form, which differs by more than case",
        "check that it is still the person's address",
    )
    PHONE_DIGITS_CHANGED = (
        "phone_digits_changed",
        "digits of the phone number were dropped, added or changed to bring it into E.164",
        "check the number",
    )
    NAME_CLEANED = (
        "name_cleaned",
        "invisible characters were removed from the name, or its letters were composed",
        "nothing to do, unless the name looks wrong",
    )


def make_violation(
    code: ViolationCode,
    *,
    source: str,
    row_number: int,
    external_id: str,
    field: str,
    facts: Mapping[str, object],
    severity: Severity = Severity.ERROR,
) -> Violation:
    """Make a violation with the message and hint of its code; ``facts`` fill their placeholders."""
    return Violation(
        source=source,
        row_number=row_number,
        external_id=external_id,
        field=field,
        code=code,
        message=code.message.format_map(facts) if "{" in code.message else code.message,
        hint=code.hint.format_map(facts) if "{" in code.hint else code.hint,
        severity=severity,
    )
