"""The words of reports for those who made a file: violations and labels in their language.

Promises: every code of the intake and every label in every language (a test compares them with English); what is not of
the intake, such as a refusal of the bank, stays as it is. Pure but for the files of words, one for each language.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Formatter

import msgspec

from finhub_onboard.intake.checking.violation_codes import ViolationCode


class Language(msgspec.Struct, frozen=True):
    """The words of one language: the labels of the data-quality page; by code the message and the hint."""

    labels: Mapping[str, str]
    codes: Mapping[str, tuple[str, str]]

    def of(self, code: str, message: str, hint: str) -> tuple[str, str]:
        """Translate the message and the hint of a violation; the facts in them are kept."""
        words = self.codes.get(code)
        if words is None:
            return message, hint
        patterns = _patterns(code)
        facts: dict[str, str] = {}
        for text, pattern in zip((message, hint), patterns, strict=True):
            if (found := pattern.fullmatch(text)) is None:
                return message, hint
            facts |= found.groupdict()
        translated, advice = (text.format_map(facts) for text in words)
        return translated, advice


@cache
def language(name: str) -> Language:
    """Return the language of this name, one of ``LANGUAGES``."""
    text = files(__package__).joinpath("languages", f"{name}.json").read_bytes()
    return msgspec.json.decode(text, type=Language)


@cache
def _patterns(code: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns that find the facts in the English message and hint of a code."""
    known = ViolationCode(code)
    return _pattern(known.message), _pattern(known.hint)


def _pattern(template: str) -> re.Pattern[str]:
    parts = (re.escape(text) + (f"(?P<{name}>.*)" if name else "") for text, name, _, _ in Formatter().parse(template))
    return re.compile("".join(parts), re.DOTALL)
