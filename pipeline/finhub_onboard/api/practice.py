"""``with sandbox(scenario="drops") as bank``: the practice bank for a test or a trial, with settings that lead to it.

Promises: a bank, a ledger and a folder of reports of its own, all gone afterwards; the environment and the user's
configuration are not read. The bank is a process on loopback, and ends with this one however that ends.
"""

import json
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any

from finhub_onboard.config.loading import load
from finhub_onboard.config.settings import SANDBOX_URL, Settings
from finhub_onboard.engine.embedded_sandbox import serving
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.sandbox import demo
from finhub_onboard.sandbox.scenario import shipped

_QUICK = {
    "limits.calls_per_second": 500,
    "limits.max_in_flight": 16,
    "retry.max_wait_s": 0.5,
    "approval.mode": "auto",
}
_RECORD_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """A practice bank that runs: its address, settings that lead to it, and what it has done."""

    settings: Settings

    @property
    def base_url(self) -> str:
        """Its address, as ``api.base_url`` has it."""
        return self.settings.api.base_url

    def record(self) -> dict[str, Any]:
        """What was really done, as the bank itself kept it: customers, calls, faults."""
        url = f"{self.base_url.removesuffix(demo.BASE_PATH)}/sandbox/record"
        with urllib.request.urlopen(url, timeout=_RECORD_S) as answer:  # noqa: S310 - our own process, on loopback
            found: dict[str, Any] = json.load(answer)
            return found


@contextmanager
def sandbox(scenario: str | PathLike[str] = "calm", **sections: Mapping[str, Any]) -> Iterator[Bank]:
    """Context manager: a practice bank. ``scenario``: the name of one that is shipped, or a file.

    ``sections`` are settings as for :meth:`Settings.load`, such as ``documents={"root": "documents"}``. What they do
    not say suits practice: 500 calls per second, short waits, approval by itself.
    """
    given = {f"{name}.{key}": value for name, section in sections.items() for key, value in section.items()}
    with tempfile.TemporaryDirectory(prefix="finhub-onboard-practice-") as name:
        own = {
            "api.base_url": SANDBOX_URL,
            "sandbox.scenario": str(_file_of(scenario)),
            "ledger.url": f"sqlite:///{name}/ledger.db",
            "reports.dir": str(Path(name) / "out"),
        }
        settings = load(None, flags=_QUICK | own | given | {"api.base_url": SANDBOX_URL}, environ={})
        with serving(settings) as reachable:
            yield Bank(settings=reachable)


def _file_of(scenario: str | PathLike[str]) -> Path:
    known = shipped()
    if isinstance(scenario, str) and scenario in known:
        return known[scenario]
    path = Path(scenario)
    if not path.is_file():
        near = get_close_matches(str(scenario), known, n=1, cutoff=0.0)
        raise ConfigurationError(
            f"the scenario {scenario} is not known; the nearest name is {near[0]}", hint=f"known: {', '.join(known)}"
        )
    return path
