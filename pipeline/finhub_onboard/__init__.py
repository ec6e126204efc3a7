"""Bulk onboarding of individual customers to FinHub.

The house, from the door inwards; a package imports only what stands below it:

``cli``        click and the terminal
``api``        the job inside a program: ``from finhub_onboard import Job, Settings, sandbox``
``commands``   a module for each ``onboard ...`` that is not the job; ``rehearsal`` is ``onboard rehearse``
``job``        the story on one page: survey, open, carry eight phases, report
``subscribers`` metrics and notifications of a run
``engine``     what lives as long as a run: fan out, events, stopping, signals of a bank in trouble
``reports``    what became of each row, as files that a person can act on
``matching``   rows that meet the ledger: who is known, what differs, what is lacking
``intake``     files become judged rows: reading, mapping, checking, duplicates, proposing a profile
``journey``    what comes next for a customer, pure; ``journey.phases`` has a module for each of the eight
``ledger``     what was intended and what happened: ports, and SQLite as their first adapter
``outbound``   the way to the bank: client, transport, session, pacing
``finhub``     the bank's contract, pure: what is sent for each call and how answers are read
``config``     settings, profiles, what was asked for
``model``      the words; ``errors``, ``events``, ``keys``, ``texts`` and ``small_files`` stand beside it
``sandbox``    the other side: a bank to practise on, which shares nothing with the rest

The names of ``__all__`` are loaded when they are first used: importing the package loads nothing.
"""

import sys
from importlib import import_module
from types import ModuleType

TYPE_CHECKING = False  # type checkers take it for true; the module typing takes longer to load than all of this
if TYPE_CHECKING:
    from typing import Any

    from finhub_onboard.api.job import Job
    from finhub_onboard.api.practice import Bank, sandbox
    from finhub_onboard.api.results import Answer, Result
    from finhub_onboard.config.profile import Profile
    from finhub_onboard.config.settings import Settings
    from finhub_onboard.errors import NotAllDoneError, OnboardError

__version__ = "0.6.0"
__all__ = ["Answer", "Bank", "Job", "NotAllDoneError", "OnboardError", "Profile", "Result", "Settings", "sandbox"]
_HOMES = {
    "Answer": "api.results",
    "Bank": "api.practice",
    "Job": "api.job",
    "NotAllDoneError": "errors",
    "OnboardError": "errors",
    "Profile": "config.profile",
    "Result": "api.results",
    "Settings": "config.settings",
    "sandbox": "api.practice",
}


class _House(ModuleType):
    """This package. Its ``sandbox`` is the function, also once the package of that name was imported."""

    def __getattr__(self, name: str) -> "Any":
        if name not in _HOMES:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{self.__name__}.{_HOMES[name]}"), name)

    @property
    def sandbox(self) -> "Any":
        """``api.practice.sandbox``."""
        return self.__getattr__("sandbox")

    @sandbox.setter
    def sandbox(self, _package: ModuleType) -> None:
        """The import system binds the package ``finhub_onboard.sandbox`` here, which is found by its full name."""

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


sys.modules[__name__].__class__ = _House
