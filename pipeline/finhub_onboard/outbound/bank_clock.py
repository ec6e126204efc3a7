"""By how much the bank's clock is ahead of ours, from the ``Date`` of its answers (RFC 9110, section 6.6.1).

Each answer bounds the figure to about two seconds and the time that it travelled; many answers bound it closer. Clocks
that may be equal are taken for equal: two set clocks are nearer to each other than one header tells, and a customer
whom somebody else made just before must not be taken for ours. Promise: otherwise the figure is never more than the
truth, so that an instant of ours plus it is never later than the same instant by the bank's clock.
"""

from datetime import UTC
from email.utils import parsedate_to_datetime
from math import inf


class BankClock:
    """Measures one bank's clock; times are seconds since the epoch by our clock."""

    def __init__(self) -> None:
        self._seen, self._at = "", 0.0
        self._least, self._most = -inf, inf

    @property
    def ahead_s(self) -> float:
        """Seconds by which the bank's clock is ahead at least; 0 while it may be equal to ours."""
        return 0.0 if self._least <= 0 <= self._most else self._least

    def note(self, date: str | None, *, sent_at: float, received_at: float) -> None:
        """Learn from the ``Date`` of an answer to a request of ``sent_at``."""
        if not date:
            return
        if date != self._seen:
            try:
                self._at = parsedate_to_datetime(date).replace(tzinfo=UTC).timestamp()  # it is always in GMT
            except (ValueError, OverflowError, TypeError, IndexError):
                return
            self._seen = date
        at = self._at
        # The header is cut to seconds and was written between the two instants; servers renew it once a second.
        least, most = at - received_at, at + 2 - sent_at
        if least > self._most or most < self._least:  # somebody set a clock
            self._least, self._most = least, most
        else:
            self._least, self._most = max(self._least, least), min(self._most, most)
