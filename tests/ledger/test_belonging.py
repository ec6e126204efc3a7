"""Whose a ledger is, by the entries that it keeps: any database may hold them."""

import pytest

from finhub_onboard.config.seeds import quick_check
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.belonging import CHECK, entries_of_new, recognise
from finhub_onboard.ledger.ports import AnotherSeedError


def test_a_new_ledger_is_recognised_by_its_tenant_and_seed() -> None:
    """The same keys each time, another ledger's are others, and nothing is to be replaced."""
    entries, other = entries_of_new("tenant", "seed"), entries_of_new("tenant", "seed")
    found = [recognise(each, "l", tenant_id="tenant", seed="seed") for each in (entries, entries, other)]
    one, again, another = [opened.keys.customer("L-1") for opened in found if opened.keys]
    assert one == again != another
    assert {opened.harder_check for opened in found} == {""}
    assert recognise(entries, "l", tenant_id="", seed="").keys is None


def test_who_is_refused_is_told_which_ledger_it_is() -> None:
    """Another tenant or seed, and entries that say nothing of either."""
    entries = entries_of_new("tenant", "seed")
    with pytest.raises(ConfigurationError, match="ledger l belongs to another tenant"):
        recognise(entries, "l", tenant_id="other", seed="seed")
    with pytest.raises(AnotherSeedError, match="ledger l belongs to another seed"):
        recognise(entries, "l", tenant_id="tenant", seed="other")
    with pytest.raises(ConfigurationError, match="ledger l does not say whose it is"):
        recognise({}, "l", tenant_id="tenant", seed="seed")


def test_an_older_ledger_gets_a_harder_check_and_keeps_its_keys() -> None:
    """The check that is to replace the quick one tells the same seed, and the keys stay those of the seed itself."""
    entries = entries_of_new("tenant", "seed") | {CHECK: quick_check("seed")}
    opened = recognise(entries, "l", tenant_id="tenant", seed="seed")
    again = recognise(entries | {CHECK: opened.harder_check}, "l", tenant_id="tenant", seed="seed")
    assert again.harder_check == ""
    for found in (opened, again):
        assert found.keys is not None
        assert found.keys.customer("L-1") == Keys("seed", "tenant").customer("L-1")
    with pytest.raises(AnotherSeedError):
        recognise(entries, "l", tenant_id="tenant", seed="other")
