"""By how much the bank's clock is ahead of ours, from the ``Date`` of its answers (RFC 9110, section 6.6.1).

Promise: the figure is never more than the truth, and less by about a second and the time that an answer travels. An
instant of ours plus this figure is thus never later than the same instant by the bank's clock.
"""

from datetime import UTC
from email.utils import parsedate_to_datetime
from math import inf


class BankClock:
    """Measures one bank's clock; times are seconds since the epoch by our clock."""

    def __init__(self) -> None:
        self._seen = ""
        self._least, self._most = -inf, inf

    @property
    def ahead_s(self) -> float:
        """Seconds by which the bank's clock is ahead at least; 0 while nothing is known."""
        return 0.0 if self._least == -inf else self._least

    def note(self, date: str | None, *, sent_at: float, received_at: float) -> None:
        """Learn from the ``Date`` of an answer to a request of ``sent_at``."""
        if not date or date == self._seen:  # the first answer of each second tells the most
            return
        self._seen = date
        try:
            at = parsedate_to_datetime(date).replace(tzinfo=UTC).timestamp()  # it is always in GMT
        except (ValueError, OverflowError, TypeError, IndexError):
            return
        # The header is cut to seconds, and was written between the two instants.
        least, most = at - received_at, at + 1 - sent_at
        if least > self._most or most < self._least:  # somebody set a clock
            self._least, self._most = least, most
        else:
            self._least, self._most = max(self._least, least), min(self._most, most)
