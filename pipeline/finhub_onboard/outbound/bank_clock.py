"""How far the bank's clock is ahead of ours, by the ``Date`` of its answers (RFC 9110, section 6.6.1).

Each answer bounds the offset to about two seconds plus its travel time; many answers bound it more tightly. Clocks that
may be equal count as equal: two synchronised clocks differ by less than one header can show, and a customer whom
somebody else created just before must not be taken for ours. Promise: the result is never more than the true offset, so
that our time plus it is never later than the same instant by the bank's clock.
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
        """The minimum offset in seconds; 0 while the clocks may be equal."""
        return 0.0 if self._least <= 0 <= self._most else self._least

    def note(self, date: str | None, *, sent_at: float, received_at: float) -> None:
        """Update from the ``Date`` of an answer to a request of ``sent_at``."""
        if not date:
            return
        if date != self._seen:
            try:
                self._at = parsedate_to_datetime(date).replace(tzinfo=UTC).timestamp()  # always GMT
            except (ValueError, OverflowError, TypeError, IndexError):
                return
            self._seen = date
        at = self._at
        # The header is truncated to seconds, refreshed once a second, and written between the two instants.
        least, most = at - received_at, at + 2 - sent_at
        if least > self._most or most < self._least:  # a clock was set
            self._least, self._most = least, most
        else:
            self._least, self._most = max(self._least, least), min(self._most, most)
