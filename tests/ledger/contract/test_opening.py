"""Opening a ledger: it keeps its name and its keys, and is refused to others."""

import pytest

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.ledger import connect
from finhub_onboard.ledger.ports import AnotherSeedError
from tests.ledger.contract.support import open_at, process


def test_a_ledger_keeps_its_name_and_its_keys(url: str) -> None:
    """Opened again it is the same ledger, and the seed gives the same keys."""
    with open_at(url) as ledger:
        name, key = ledger.ledger_id, ledger.keys.customer("L-1")
    with open_at(url) as ledger:
        assert (ledger.ledger_id, ledger.keys.customer("L-1")) == (name, key)


def test_a_ledger_that_must_not_be_made_is_refused(url: str) -> None:
    """Nothing is left behind."""
    with pytest.raises(ConfigurationError, match="there is no ledger"):
        open_at(url, create=False)
    with pytest.raises(ConfigurationError, match="there is no ledger"):
        open_at(url, seed="")
    assert not connect.exists(url)


def test_another_tenant_or_seed_is_refused(url: str) -> None:
    """Exit 2 with what belongs to whom; to look without a seed is allowed."""
    open_at(url).close()
    with pytest.raises(ConfigurationError, match="another tenant"):
        open_at(url, tenant_id="other")
    with pytest.raises(AnotherSeedError, match="another seed"):
        open_at(url, seed="other")
    with connect.look_into(url, tenant_id="tenant", seed="") as ledger:
        assert ledger.runs() == []


def test_many_first_runs_at_once_make_one_ledger(url: str) -> None:
    """Whoever is quickest makes it; the others open it."""
    code = "import sys; from tests.ledger.contract.support import open_at; print(open_at(sys.argv[1]).ledger_id)"
    with process(code, url) as one, process(code, url) as two, process(code, url) as three:
        names = {each.communicate(timeout=60)[0] for each in (one, two, three)}
    assert len(names) == 1
    assert names != {b""}


def test_notes_are_kept_for_later_runs(url: str) -> None:
    """The newest value of a name stays; an empty one is forgotten."""
    with open_at(url) as ledger:
        ledger.note("a", "1")
        ledger.note("a", "2")
        ledger.note("b", "3")
        ledger.note("b", "")
    with open_at(url) as ledger:
        assert [ledger.noted(name) for name in ("a", "b", "c")] == ["2", "", ""]
