import pytest

from finhub_onboard.intake.proposing import vocabulary


@pytest.mark.parametrize(
    ("letters", "languages", "read"),
    [
        ("mw", (), {"m": "MALE", "w": "FEMALE"}),
        ("MF", (), {"M": "MALE", "F": "FEMALE"}),
        ("hf", (), {"h": "MALE", "f": "FEMALE"}),
        ("hm", (), {"h": "MALE", "m": "FEMALE"}),
        ("mv", (), {}),
        ("mv", ("nl",), {"m": "MALE", "v": "FEMALE"}),
        ("mv", ("lt",), {"v": "MALE", "m": "FEMALE"}),
        ("m", (), {}),
        ("m", ("de",), {"m": "MALE"}),
        ("mwd", ("de",), {"m": "MALE", "w": "FEMALE"}),
        ("mk", (), {"m": "MALE", "k": "FEMALE"}),
        ("12", (), {}),
    ],
)
def test_letters_of_genders_are_read_as_a_pair(letters: str, languages: tuple[str, ...], read: dict[str, str]) -> None:
    """Where two languages read a letter differently, the header's language decides, or nobody."""
    assert vocabulary.genders(letters, languages) == read
