"""Magic values: e-mail addresses whose customers meet a fate, in every scenario.

Promises that the part before the ``@`` decides, by its end: ``anna+declined@example.com``. Does not know what follows
from it.
"""

from typing import Final

DECLINED, HIGH, DOCS, SLOW = "+declined", "+high", "+docs", "+slow"
MAGIC: Final = {
    DECLINED: "the verification is refused",
    HIGH: "high risk: the power tenant must approve",
    DOCS: "the verification asks for one more document, a selfie, that no column holds",
    SLOW: "the approval counts only some calls later: the next run finds it",
}
"""What the part before the ``@`` ends with, and what that means."""


def is_magic(email: str, tag: str) -> bool:
    """Whether an address carries a tag."""
    return email.rpartition("@")[0].casefold().endswith(tag)
