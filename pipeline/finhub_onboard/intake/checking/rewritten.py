"""Numbers rewritten by tools: with an exponent, or with zeros after the point. Digits or zeros may be lost.

A tool that takes a post code, a document number or a key for a number writes ``1e+05``, ``1,23E+15``, ``60150001022E3``
or ``8014.0``. What can have no other meaning is *sure*. ``12E4`` is written by no tool (it would be ``1.2E5`` or
``120000``) and may be a real document number or a hexadecimal key: it is *doubtful*. ``12.000`` may be twelve thousand
with a separator, and is neither.
"""

import re

_EXPONENT = (
    r"[+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)[eE]\+[0-9]{1,3}"  # its sign tells it
    r"|[+-]?[0-9]*[.,][0-9]+[eE][+-]?[0-9]{1,3}"  # a point and an exponent
    r"|[0-9][eE][0-9]{1,3}|[0-9]{8,}[eE][0-9]{1,2}"  # one digit, or as many as fill a column's width
)
_ZEROS = r"[+-]?[0-9]+[.,](?:0{1,2}|0{4,})|[+-]?[0-9]{4,}[.,]000"
SURE = rf"^(?:{_EXPONENT}|{_ZEROS})$"
"""A number that a tool has certainly rewritten."""
DOUBTFUL = r"^[0-9]{2,7}[eE][0-9]{1,3}$"
"""A number that may or may not have been rewritten with an exponent."""

_SURE = re.compile(SURE)


def is_rewritten(text: str) -> bool:
    """Whether a text surely is a number that a tool has rewritten."""
    return _SURE.match(text) is not None
