"""Answers about somebody else: nothing of a customer ever goes to another, and each is onboarded or in doubt."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from finhub_onboard.sandbox import demo
from tests.acceptance.support import Bank, Desk, assert_no_traceback, disagreements, sandbox
from tests.acceptance.test_fault_matrix import (
    ACTIVATE,
    APPROVE,
    CHECK,
    CONSENT,
    REGISTER,
    SESSION,
    SETTINGS,
    UPLOAD,
    VERIFICATION,
    WAYS,
)
from tests.benchmarks.bench_job import customers
from tests.sandbox.support import Wire
from tests.support import typical

STRANGER = "stranger@example.com"


def stranger_at(bank: Bank) -> str:
    """Register somebody who is not of the job, with an open verification: the bank's first customer; his id."""
    wire = Wire(urlsplit(bank.base_url).port or 0)
    person = wire.log_in().register(STRANGER)
    person.verify()
    wire.connection.close()
    return person.id


@pytest.mark.parametrize("webhooks", [False, True], ids=["no-webhooks", "webhooks"])
def test_two_registrations_whose_answers_were_exchanged(webhooks: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """Each names the other's e-mail and no user: neither id is believed; deliveries give the right ones."""
    source, scenario = customers(2, tmp_path / "customers.csv"), tmp_path / "scenario.toml"
    scenario.write_text(
        f'[[fault]]\nkind = "mixed_up"\non = ["{REGISTER}"]\nnth = [1, 2]\nover_s = 20\n', encoding="utf-8"
    )
    api = {"webhook_subscription_id": demo.SUBSCRIPTION_ID} if webhooks else {}
    with sandbox("--scenario", str(scenario)) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(SETTINGS, **api)
        for onboarded in ("onboarded", "unchanged"):
            done = desk.run(source)
            assert_no_traceback(done)
            assert desk.counts() == ({onboarded: 2} if webhooks else {"in_doubt": 2}), done.stderr
            record = bank.record()
            assert record["faults"] == {"mixed_up": 2}
            assert disagreements(record, desk.table("results.csv"), source) == []
            assert webhooks or [who["verificationIds"] for who in record["customers"]] == [[], []]


@pytest.mark.parametrize(
    ("shapes", "path", "webhooks"),
    typical(((*way, told) for way in WAYS for told in (False, True)), (*WAYS[0], True), (*WAYS[1], False)),
)
def test_nothing_of_a_customer_goes_to_the_stranger_whom_an_answer_names(
    shapes: str,
    path: str,
    webhooks: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    """Each call once answered about somebody whom the job has never met: his record stays as it was."""
    calls = (REGISTER, SESSION, VERIFICATION[path], UPLOAD, APPROVE, CONSENT, CHECK, ACTIVATE)
    source, scenario = customers(len(calls), tmp_path / "customers.csv"), tmp_path / "scenario.toml"
    scenario.write_text(
        "".join(
            f'[[fault]]\nkind = "others_echo"\non = ["{call}"]\nof = ["bench{row}@example.com"]\nnth = [1]\n'
            for row, call in enumerate(calls)
        ),
        encoding="utf-8",
    )
    api = {"verification_path": path} | ({"webhook_subscription_id": demo.SUBSCRIPTION_ID} if webhooks else {})
    with sandbox("--scenario", str(scenario), "--shapes", shapes) as bank:
        his = stranger_at(bank)
        before = bank.record()["customers"][0]
        desk = Desk(folder=tmp_path, bank=bank).configure(SETTINGS, **api)
        done = desk.run(source)
        assert_no_traceback(done)
        record, results = bank.record(), desk.table("results.csv")
    assert record["customers"][0] == before
    assert record["faults"] == {"others_echo": len(calls)}
    assert [row["disposition"] for row in results if his in row.values()] == []
    ours = {**record, "customers": record["customers"][1:]}
    assert disagreements(ours, results, source) == []
    # Without deliveries nothing tells the id of a registration, and in older shapes nothing tells of an activation.
    waits = set() if webhooks else {0} | ({len(calls) - 1} if shapes == "older" else set())
    assert {row for row, line in enumerate(results) if line["disposition"] != "onboarded"} == waits
