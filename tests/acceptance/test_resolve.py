"""`onboard resolve` and `onboard explain`: an operator settles what no call can, and everybody sees that it was so."""

import csv
import io
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from finhub_onboard.keys import IdKind
from finhub_onboard.ledger.connect import open_ledger
from finhub_onboard.sandbox import demo
from tests.acceptance.conftest import FAST
from tests.acceptance.support import (
    CREDENTIALS,
    SAMPLE,
    Desk,
    assert_no_traceback,
    disagreements,
    emails,
    head,
    sandbox,
)
from tests.acceptance.test_stopping import SLOW, registered, until

ROWS = 5
LOST = "drop_after"
NEVER_CAME = "drop_before"


@contextmanager
def doubtful(tmp_path: Path, *faults: tuple[str, str, int]) -> Iterator[tuple[Desk, Path]]:
    """A desk whose run has ended in doubt, because calls met these faults: kind, operation, times."""
    tables = [f'[[fault]]\nkind = "{kind}"\non = ["{on}"]\nrate = 1.0\ntimes = {times}\n' for kind, on, times in faults]
    scenario = tmp_path / "scenario.toml"
    scenario.write_text("seed = 3\n" + "".join(tables), encoding="utf-8")
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    with sandbox("--scenario", str(scenario)) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST)
        done = desk.run(source)
        assert_no_traceback(done)
        assert done.returncode == 3, done.stderr
        yield desk, source


def at_the_bank(desk: Desk, source: Path) -> dict[str, dict[str, str]]:
    """What an operator finds in the portal: external_id -> ids, for the customers who exist."""
    assert desk.bank is not None
    known = {customer["email"].casefold(): customer for customer in desk.bank.record()["customers"]}
    return {
        external_id: {
            "customer_id": known[email]["customerId"],
            "user_id": known[email]["userId"],
            "verification_id": next(iter(known[email]["verificationIds"]), ""),
        }
        for external_id, email in emails(source).items()
        if email in known
    }


def fill(desk: Desk, answers: Mapping[str, Mapping[str, str]], target: Path | None = None) -> Path:
    """Write answers into in_doubt.csv, or into a copy of it: external_id -> columns."""
    rows = desk.table("in_doubt.csv")
    target = target or desk.out / "in_doubt.csv"
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(row | dict(answers.get(row["external_id"], {})) for row in rows)
    return target


def looked_up(desk: Desk, source: Path) -> dict[str, dict[str, str]]:
    """The honest answers about registrations in doubt."""
    found = at_the_bank(desk, source)
    return {
        row["external_id"]: {
            "answer": "exists",
            "customer_id": found[row["external_id"]]["customer_id"],
            "user_id": found[row["external_id"]]["user_id"],
        }
        if row["external_id"] in found
        else {"answer": "Does not exist"}
        for row in desk.table("in_doubt.csv")
    }


def resolve(desk: Desk, path: Path) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `onboard resolve`."""
    done = desk.onboard("resolve", path, "--config", desk.config)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def test_answers_about_registrations_finish_everybody(tmp_path: Path) -> None:
    """Who exists goes on with its ids, who does not is registered; the bank has each once; `explain` shows the answer.

    The same file once more is harmless before and after the next run.
    """
    faults = ((LOST, "registerIndividual", 3), (NEVER_CAME, "registerIndividual", 7))
    with doubtful(tmp_path, *faults) as (desk, source):
        assert desk.bank is not None
        assert desk.counts() == {"in_doubt": ROWS}
        answers = looked_up(desk, source)
        words = [row["answer"].lower() for row in answers.values()]
        assert 0 < words.count("exists") < ROWS
        path = fill(desk, answers, tmp_path / "answers.csv")
        before = desk.bank.record()["calls"]
        tried = desk.onboard("resolve", path, "--config", desk.config, "--dry-run")
        assert (tried.returncode, f"to answer   {ROWS}: " in tried.stdout) == (0, True)
        code, said, _ = resolve(desk, path)
        assert code == 0
        assert f"answered    {ROWS}: " in said
        assert desk.bank.record()["calls"] == before
        code, said, _ = resolve(desk, path)
        assert (code, "answered    0" in said, f"no change   {ROWS}" in said) == (0, True, True)

        done = desk.run(source)
        assert done.returncode == 0, done.stderr
        assert desk.counts() == {"onboarded": ROWS}
        assert disagreements(desk.bank.record(), desk.table("results.csv"), source) == []

        code, said, _ = resolve(desk, path)
        assert (code, f"no change   {ROWS}" in said) == (0, True)
        assert desk.run(source).returncode == 0
        assert desk.counts() == {"unchanged": ROWS}
        one_of_each = {answer["answer"]: external_id for external_id, answer in answers.items()}
        for external_id in one_of_each.values():
            answer = answers[external_id]
            told = desk.onboard("explain", external_id, "--config", desk.config).stdout
            assert f"the operator answered: {answer['answer'].lower()}" in told
            assert answer.get("customer_id", "") in told


def test_ids_that_an_operator_gives_are_remembered_with_the_answer(tmp_path: Path) -> None:
    """Before any run takes the customers up: nobody else can be given their ids; who does not exist is nobody."""
    with doubtful(tmp_path, (LOST, "registerIndividual", 3), (NEVER_CAME, "registerIndividual", 7)) as (desk, source):
        ledger = desk.folder / "ledger.db"
        seed = CREDENTIALS["ONBOARD_CREDENTIALS__SEED"]
        with open_ledger(f"sqlite:///{ledger}", tenant_id=demo.TENANT_ID, seed=seed) as opened:
            keys = opened.keys
        answers = looked_up(desk, source)
        assert resolve(desk, fill(desk, answers))[0] == 0
        with closing(sqlite3.connect(ledger)) as db:
            valid = set(db.execute("SELECT mark, key FROM identity WHERE until IS NULL"))
        ids = {
            (keys.id_hash(IdKind.CUSTOMER, answer["customer_id"]), keys.customer(external_id))
            for external_id, answer in answers.items()
            if answer["answer"] == "exists"
        }
        assert ids <= valid
        assert {key for _, key in valid} == {key for _, key in ids}


def test_an_answer_without_user_id_loses_only_the_session(tmp_path: Path) -> None:
    """With the customer's id alone the journey goes on with phase 4 on the admin token."""
    with doubtful(tmp_path, (LOST, "registerIndividual", 10)) as (desk, source):
        assert desk.bank is not None
        answers = looked_up(desk, source)
        resolve(desk, fill(desk, {key: answer | {"user_id": ""} for key, answer in answers.items()}))
        done = desk.run(source)
        assert done.returncode == 0, done.stderr
        assert desk.summary()["calls"]["session"]["sent"] == 0
        assert disagreements(desk.bank.record(), desk.table("results.csv"), source) == []


def test_an_operator_who_is_wrong_registers_nobody_twice(tmp_path: Path) -> None:
    """Who exists by the bank's word after all is in doubt again; the old file is stale; the right answer helps."""
    with doubtful(tmp_path, (LOST, "registerIndividual", 10)) as (desk, source):
        assert desk.bank is not None
        wrong = {row["external_id"]: {"answer": "does not exist"} for row in desk.table("in_doubt.csv")}
        stale = fill(desk, wrong, tmp_path / "stale.csv")
        assert resolve(desk, stale)[0] == 0
        done = desk.run(source)
        assert done.returncode == 3, done.stderr
        assert {row["code"] for row in desk.table("in_doubt.csv")} == {"exists_after_doubt"}
        assert disagreements(desk.bank.record(), desk.table("results.csv"), source) == []
        sent = desk.bank.record()["calls"]["registerIndividual"]["received"]

        # The old file is about an older doubt: it answers nothing any more.
        code, said, _ = resolve(desk, stale)
        assert (code, "answered    0" in said) == (0, True)
        desk.run(source)
        assert desk.counts() == {"in_doubt": ROWS}
        assert desk.bank.record()["calls"]["registerIndividual"]["received"] == sent

        assert resolve(desk, fill(desk, looked_up(desk, source)))[0] == 0
        assert desk.run(source).returncode == 0
        assert disagreements(desk.bank.record(), desk.table("results.csv"), source) == []


def test_answers_about_verifications(tmp_path: Path) -> None:
    """A verification in doubt goes on with the id that the operator found."""
    with doubtful(tmp_path, (LOST, "startIndividualVerification", 10)) as (desk, source):
        assert desk.bank is not None
        assert {row["phase"] for row in desk.table("in_doubt.csv")} == {"verification"}
        found = at_the_bank(desk, source)
        answers = {
            row["external_id"]: {"answer": "done", "verification_id": found[row["external_id"]]["verification_id"]}
            for row in desk.table("in_doubt.csv")
        }
        assert len(answers) == ROWS
        assert resolve(desk, fill(desk, answers))[0] == 0
        done = desk.run(source)
        assert done.returncode == 0, done.stderr
        assert desk.summary()["calls"]["verification"]["sent"] == 0
        assert disagreements(desk.bank.record(), desk.table("results.csv"), source) == []


def test_a_file_that_a_spreadsheet_saved_is_taken(tmp_path: Path) -> None:
    """Semicolons, another encoding and another order of columns do not matter; rows left out stay in doubt."""
    with doubtful(tmp_path, (LOST, "registerIndividual", 10)) as (desk, source):
        answers = looked_up(desk, source)
        left_out, *_ = answers
        del answers[left_out]
        fill(desk, answers)
        rows = desk.table("in_doubt.csv")
        text = io.StringIO()
        writer = csv.DictWriter(text, sorted(rows[0], reverse=True), delimiter=";", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
        saved = tmp_path / "in_doubt saved.csv"
        saved.write_bytes(text.getvalue().encode("utf-16"))
        code, said, _ = resolve(desk, saved)
        assert code == 3
        assert f"answered    {ROWS - 1}: " in said
        assert f"unanswered  1\n            row 1: {left_out}" in said
        done = desk.run(source)
        assert done.returncode == 3
        assert desk.counts() == {"onboarded": ROWS - 1, "in_doubt": 1}


def test_one_wrong_answer_takes_none(tmp_path: Path) -> None:
    """Every fault is named by row and field, exit 2, and nothing is applied."""
    with doubtful(tmp_path, (LOST, "registerIndividual", 10)) as (desk, source):
        first, second, third, fourth, last = [row["external_id"] for row in desk.table("in_doubt.csv")]
        honest = looked_up(desk, source)
        assert resolve(desk, fill(desk, {first: honest[first]}))[0] == 3
        answers = {
            first: honest[first],
            second: {"answer": "exists", "customer_id": honest[first]["customer_id"]},
            third: {"answer": "perhaps"},
            fourth: {"answer": "exists"},
            last: honest[last],
        }
        path = fill(desk, answers)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(path.read_text(encoding="utf-8").splitlines()[5].replace(last, "nobody") + "\n")
        code, said, errors = resolve(desk, path)
        assert (code, said) == (2, "")
        assert "row 2, customer_id: is another customer's in the ledger" in errors
        assert "row 3, answer: takes `exists` or `does not exist` for registration" in errors
        assert "row 4, customer_id: is needed with `exists`" in errors
        assert "row 6, external_id: the ledger does not know it" in errors
        told = json.loads(desk.onboard("explain", last, "--config", desk.config, "--json").stdout)
        assert [run["command"] for run in told["runs"] if run["left"]] == ["run"]


def test_nobody_answers_while_a_run_lives(desk: Desk, tmp_path: Path) -> None:
    """The run holds the lock: resolve and retry end with exit 6; looking is allowed."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW)
    source = SAMPLE  # long enough to be under way until it is killed, however busy the machine is
    answers = tmp_path / "in_doubt.csv"
    answers.write_text("external_id,answer\nCUST-000001,does not exist\n", encoding="utf-8")
    with desk.start(source) as process:
        until(lambda: registered(bank) >= 1, process)
        assert resolve(desk, answers)[0] == 6
        assert desk.onboard("retry", "--config", desk.config).returncode == 6
        first = next(iter(emails(source)))
        told = desk.onboard("explain", first, "--config", desk.config)
        assert (told.returncode, "running" in told.stdout) == (0, True)
        process.kill()
        process.wait()
    told = desk.onboard("explain", first, "--config", desk.config)
    assert (told.returncode, "died" in told.stdout) == (0, True)
    # Who was under way when the run was killed may be answered, too; whoever is not in doubt may not.
    code, _, errors = resolve(desk, answers)
    assert (code, "CUST-000001" in errors or "row 1" in errors) in ((0, False), (2, True))


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ("external_id,phase\nC-1,registration\n", 2, "no column answer"),
        ("", 7, "empty"),
        ("%PDF-1.4 no table", 7, "PDF"),
    ],
)
def test_what_is_no_file_of_answers_is_said(content: str, code: int, said: str, desk: Desk, tmp_path: Path) -> None:
    """A file without the columns is exit 2, one that cannot be read exit 7."""
    desk.run(head(SAMPLE, 1, tmp_path / "customers.csv"), "--until", "registration")
    path = tmp_path / "in_doubt.csv"
    path.write_text(content, encoding="utf-8")
    found, _, errors = resolve(desk, path)
    assert (found, said in errors) == (code, True), errors


def test_explain_tells_all_runs_in_order_and_no_personal_data(tmp_path: Path) -> None:
    """Attempts, codes and ids of every run; nothing of the row but its id; an unknown id is exit 2."""
    with doubtful(tmp_path, (LOST, "registerIndividual", 10)) as (desk, source):
        assert desk.run(source).returncode == 3
        assert desk.run(source, "--limit", "1").returncode == 3
        with source.open(encoding="utf-8", newline="") as stream:
            row = list(csv.DictReader(stream))[1]
        shown = desk.onboard("explain", row["external_id"], "--config", desk.config)
        told = json.loads(desk.onboard("explain", row["external_id"], "--config", desk.config, "--json").stdout)
        assert [(len(run["calls"]), bool(run["left"])) for run in told["runs"]] == [(2, True), (0, True), (0, False)]
        assert [call["attempt"] for call in told["runs"][0]["calls"]] == [1, 2]
        assert (told["stands"], told["in_doubt"]) == ("in_doubt", "register")
        assert "1 run had nothing to do for this customer" in shown.stdout
        assert "onboard resolve" in shown.stdout
        personal = [value for name, value in row.items() if name in ("first_name", "last_name", "email", "phone")]
        assert not any(value in shown.stdout + json.dumps(told, ensure_ascii=False) for value in personal)
        only_the_seed = dict.fromkeys(set(CREDENTIALS) - {"ONBOARD_CREDENTIALS__SEED"}, "")
        words = ("explain", row["external_id"], "--config", desk.config)
        assert desk.onboard(*words, env=only_the_seed).stdout == shown.stdout
        no_seed = desk.onboard(*words, env={"ONBOARD_CREDENTIALS__SEED": ""})
        assert (no_seed.returncode, "ONBOARD_CREDENTIALS__SEED" in no_seed.stderr) == (2, True)
        unknown = desk.onboard("explain", "nobody", "--config", desk.config)
        assert_no_traceback(unknown)
        assert (unknown.returncode, "does not know" in unknown.stderr) == (2, True)


def test_an_e_mail_of_somebody_else_is_corrected_after_the_answer(tmp_path: Path) -> None:
    """A row in doubt must not change until the operator says that nobody exists; then the new one is registered."""
    with doubtful(tmp_path, (NEVER_CAME, "registerIndividual", 10)) as (desk, source):
        assert desk.bank is not None
        source.write_text(source.read_text(encoding="utf-8").replace("@example.com", "@corrected.example.com"), "utf-8")
        assert desk.run(source).returncode == 3
        assert {row["code"] for row in desk.table("in_doubt.csv")} == {"row_changed_in_doubt"}
        assert desk.bank.record()["customers"] == []
        assert resolve(desk, fill(desk, looked_up(desk, source)))[0] == 0
        assert desk.run(source).returncode == 0
        assert disagreements(desk.bank.record(), desk.table("results.csv"), source) == []


def test_swapped_ids_are_found_out_and_swapped_back(tmp_path: Path) -> None:
    """Two answers hold each other's ids and a run takes them up: one file puts it right, given twice it is harmless."""
    with doubtful(tmp_path, (LOST, "registerIndividual", 10)) as (desk, source):
        assert desk.bank is not None
        right = looked_up(desk, source)
        one, two = list(right)[:2]
        wrong = right | {one: right[two], two: right[one]}
        file = fill(desk, right, tmp_path / "right.csv")
        assert resolve(desk, fill(desk, wrong, tmp_path / "wrong.csv"))[0] == 0
        assert_no_traceback(desk.run(source))
        assert desk.counts() == {"in_doubt": 2, "onboarded": ROWS - 2}
        assert {row["code"] for row in desk.table("in_doubt.csv")} == {"claim_unknown"}
        for _ in range(2):
            assert resolve(desk, file)[0] == 0
        done = desk.run(source)
        assert (done.returncode, desk.counts()) == (0, {"onboarded": 2, "unchanged": ROWS - 2})
        assert resolve(desk, file)[0] == 0
        assert disagreements(desk.bank.record(), desk.table("results.csv"), source) == []
