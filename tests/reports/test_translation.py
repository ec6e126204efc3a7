from string import Formatter

import pytest

from finhub_onboard.intake.checking.violation_codes import ViolationCode, make_violation
from finhub_onboard.model.languages import LANGUAGES
from finhub_onboard.reports.translation import language

OTHERS = [name for name in LANGUAGES if name != "en"]


def names_in(*templates: str) -> set[str]:
    """The placeholders of these texts."""
    return {name for text in templates for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("name", OTHERS)
def test_every_code_is_there_with_its_placeholders(name: str) -> None:
    """A code that is added must be translated, and a fact that the English message tells is told in every language."""
    words = language(name)
    assert set(words.codes) == set(ViolationCode)
    for code in ViolationCode:
        assert names_in(words.codes[code][0]) == names_in(code.message), code
        assert names_in(words.codes[code][1]) == names_in(code.hint), code
        assert code.message not in words.codes[code]


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_label_is_there(name: str) -> None:
    """The data-quality page has the same words in every language."""
    assert language(name).labels.keys() == language("en").labels.keys()


@pytest.mark.parametrize("name", LANGUAGES)
def test_facts_are_kept(name: str) -> None:
    """What the message tells of the row stands in the translation, whatever it holds."""
    facts = {names: f"<{names}> of {{x}} (1)" for code in ViolationCode for names in names_in(code.message, code.hint)}
    for code in ViolationCode:
        made = make_violation(code, source="a", row_number=1, external_id="", field="", facts=facts)
        message, hint = language(name).of(code, made.message, made.hint)
        for names in names_in(code.message):
            assert facts[names] in message
        for names in names_in(code.hint):
            assert facts[names] in hint


def test_what_is_not_of_the_intake_stays_as_it_is() -> None:
    """A refusal of the bank has no translation, and neither has a message of another version."""
    assert language("de").of("refused", "no", "ask") == ("no", "ask")
    assert language("de").of("too_long", "something else", "") == ("something else", "")
