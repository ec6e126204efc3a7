"""What the user asked for on the command line, or the caller of :func:`finhub_onboard.run`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from finhub_onboard.config.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the user asked for.

    ``words`` is the command line as given, without the program's name; ``options`` are those that other commands on the
    same rows need too. Reports advise by them.
    ``same_bank``: the bank of the ledger has moved to the address in the settings.
    ``ledger_restored``: the ledger may be older than what was done with it. ``verify``: how many finished customers to
    look for at the bank before anything is sent. ``lang``: the language of who made the inputs.
    """

    inputs: Sequence[Path]
    profile: Profile = field(default_factory=Profile)
    out: Path | None = None
    limit: int | None = None
    options: str = ""
    words: Sequence[str] = ()
    same_bank: bool = False
    ledger_restored: bool = False
    verify: int = 0
    lang: str = ""
