"""Retry-After in every form of RFC 9110 and in no other."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finhub_onboard.finhub.retry_after import retry_after_s

NOW = datetime(2026, 5, 4, 9, 15, 0, tzinfo=UTC)
"""A Monday."""

FORMS = [
    # seconds
    ("0", 0),
    ("7", 7),
    ("120", 120),
    ("007", 7),
    ("86400", 86_400),
    ("  30", 30),
    ("30\t ", 30),
    ("999999999", 999_999_999),
    ("9999999999999999999999999999", 999_999_999),
    # not seconds
    ("", None),
    (" ", None),
    ("1.5", None),
    ("1,5", None),
    ("30.", None),
    (".5", None),
    ("-1", None),
    ("-0", None),
    ("+5", None),
    ("0x10", None),
    ("1e3", None),
    ("1_000", None),
    ("10s", None),
    ("10 seconds", None),
    ("PT30S", None),
    ("7, 30", None),
    ("7;30", None),
    ("7 30", None),
    ('"7"', None),
    ("soon", None),
    ("never", None),
    ("Infinity", None),
    ("NaN", None),
    ("null", None),
    ("\u0667", None),
    ("\uff13\uff10", None),
    ("\u00b2", None),
    ("\u2166", None),
    ("7\u00a0", None),
    ("7\n", None),
    ("\u200b7", None),
    # IMF-fixdate
    ("Mon, 04 May 2026 09:15:07 GMT", 7),
    ("Mon, 04 May 2026 09:15:00 GMT", 0),
    ("Mon, 04 May 2026 09:14:59 GMT", 0),
    ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
    ("Tue, 05 May 2026 09:15:00 GMT", 86_400),
    ("Fri, 05 May 2026 09:15:00 GMT", 86_400),  # the wrong day of the week: the date counts
    ("Mon, 04 May 2026 09:15:60 GMT", 59),  # a leap second is taken as the second before
    # RFC 850
    ("Monday, 04-May-26 09:16:00 GMT", 60),
    ("Sunday, 06-Nov-94 08:49:37 GMT", 0),
    ("Monday, 04-May-76 09:15:00 GMT", (datetime(2076, 5, 4, 9, 15, tzinfo=UTC) - NOW).total_seconds()),
    ("Monday, 04-May-76 09:15:01 GMT", 0),  # more than 50 years ahead: 1976
    ("Saturday, 06-Nov-76 08:49:37 GMT", 0),  # later in that year: 1976 too
    ("Saturday, 06-Nov-77 08:49:37 GMT", 0),
    ("Saturday, 03-Apr-76 08:49:37 GMT", (datetime(2076, 4, 3, 8, 49, 37, tzinfo=UTC) - NOW).total_seconds()),
    ("Saturday, 01-Jan-00 00:00:00 GMT", 0),
    ("Thursday, 29-Feb-96 00:00:00 GMT", 0),
    # asctime
    ("Mon May  4 09:15:30 2026", 30),
    ("Mon May 04 09:15:30 2026", 30),
    ("Thu May 14 09:15:00 2026", 864_000),
    ("Sun Nov  6 08:49:37 1994", 0),
    # not dates
    ("Mon, 04 May 2026 09:15:07 UTC", None),
    ("Mon, 04 May 2026 09:15:07 +0000", None),
    ("Mon, 04 May 2026 09:15:07 EST", None),
    ("Mon, 04 May 2026 09:15:07", None),
    ("Mon, 4 May 2026 09:15:07 GMT", None),
    ("Mon,04 May 2026 09:15:07 GMT", None),
    ("mon, 04 may 2026 09:15:07 gmt", None),
    ("Mo, 04 Mai 2026 09:15:07 GMT", None),
    ("Montag, 04-Mai-26 09:15:07 GMT", None),
    ("04 May 2026 09:15:07 GMT", None),
    ("Mon, 04-May-2026 09:15:07 GMT", None),
    ("Monday, 04 May 2026 09:15:07 GMT", None),
    ("Mon, 04 May 26 09:15:07 GMT", None),
    ("Mon May 4 09:15:30 2026", None),
    ("2026-05-04T09:15:07Z", None),
    ("1777886107.5", None),
    ("Tue, 31 Feb 2026 09:15:07 GMT", None),
    ("Sun, 29 Feb 2026 09:15:07 GMT", None),
    ("Mon, 00 May 2026 09:15:07 GMT", None),
    ("Mon, 04 May 0000 09:15:07 GMT", None),
    ("Mon, 04 May 2026 24:00:00 GMT", None),
    ("Mon, 04 May 2026 09:60:00 GMT", None),
    ("Mon, 04 May 2026 09:15:61 GMT", None),
    ("Mon, 04 May 2026 09:15:99 GMT", None),
    ("Mon, \u0660\u0664 May 2026 09:15:07 GMT", None),
    ("Mon, 04 May 2026 09:15:07 GMT, 30", None),
]


@pytest.mark.parametrize(("value", "seconds"), FORMS)
def test_forms(value: str, seconds: float | None) -> None:
    """Each form of the header means what RFC 9110 says, or nothing."""
    assert retry_after_s(value, NOW) == seconds


def test_absent() -> None:
    """No header asks for nothing."""
    assert retry_after_s(None, NOW) is None


@given(st.text(max_size=60))
def test_any_text_is_seconds_or_nothing(value: str) -> None:
    """No text raises, and what comes out is a wait that a clock can bear."""
    seconds = retry_after_s(value, NOW)
    assert seconds is None or 0 <= seconds < 10**12


@given(st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_every_date_counts_from_now(naive: datetime) -> None:
    """A date in the preferred form asks to wait until then, and a past one for nothing."""
    moment = naive.replace(tzinfo=UTC, microsecond=0)
    expected = max(0.0, (moment - NOW).total_seconds())
    assert retry_after_s(format_datetime(moment, usegmt=True), NOW) == expected


@given(st.datetimes(datetime(2027, 1, 1), datetime(2090, 1, 1)), st.integers(-49 * 365, 49 * 365))  # noqa: DTZ001
def test_two_digit_years_lie_within_fifty_years(naive: datetime, days: int) -> None:
    """A two-digit year is read as the year within 50 of now, also across the turn of a century backwards."""
    now = naive.replace(tzinfo=UTC, microsecond=0)
    moment = now + timedelta(days=days)
    if moment.year // 100 == now.year // 100:
        text = f"{moment:%A}, {moment.day:02}-{moment:%b}-{moment.year % 100:02} {moment:%H:%M:%S} GMT"
        assert retry_after_s(text, now) == max(0.0, (moment - now).total_seconds())


def test_the_present_may_stand_in_another_zone() -> None:
    """The difference counts, not the wall clock."""
    zoned = NOW.astimezone(datetime.strptime("+0530", "%z").tzinfo)
    assert retry_after_s("Mon, 04 May 2026 09:15:07 GMT", zoned) == 7
