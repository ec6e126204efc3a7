"""What others wrote and what shows of it: a bank's names of categories, a partner's constants, names of files."""

import csv
import json
import os
from pathlib import Path

import pytest

from finhub_onboard.sandbox import demo
from tests.acceptance.interposed import Made, interposed
from tests.acceptance.support import SAMPLE, Desk, head, sandbox

ADDRESS = "canary.person@example.com"
ODD = f"Standard\x1b[2J\n\u202e{ADDRESS}"
FAST = '[limits]\ncalls_per_second = 400\n[approval]\nmode = "auto"\n'


def table(path: Path) -> list[dict[str, str]]:
    """Read the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    """Write these columns of the rows."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def everything(folder: Path) -> str:
    """All that a run left behind but the rejects, ledger included, byte for byte."""
    paths = [path for path in (*folder.glob("ledger.db*"), *(folder / "out").glob("*")) if path.is_file()]
    assert len(paths) >= 4
    return "".join(path.read_bytes().decode("utf-8", "surrogateescape") for path in paths)


def odd_hierarchy(path: str, _body: bytes) -> Made | None:
    """A hierarchy in which one name, and the key of another category, are not fit to be shown."""
    if "hierarchy" not in path:
        return None
    first, second = demo.CATEGORIES[:2]
    categories = {
        first.key: {"databaseId": first.id, "categoryName": first.name},
        second.key: {"databaseId": second.id, "categoryName": ODD},
        f"KEY\x1b[31m{ADDRESS}": {"databaseId": "odd-key-1", "categoryName": "Of an odd key"},
    }
    return 200, json.dumps({"code": 200, "message": "ok", "data": {"categories": categories}}).encode()


def test_a_banks_names_of_categories_move_no_terminal_and_are_not_kept(tmp_path: Path) -> None:
    """``check`` and ``run`` show and keep no control character and no address; rows find the category all the same."""
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    rows = table(source)
    for row, category in zip(rows, (demo.CATEGORIES[0].name, demo.CATEGORIES[0].id, "Standard canary"), strict=True):
        row["category"] = category
    write(source, list(rows[0]), rows)
    with sandbox() as bank, interposed(bank.root, odd_hierarchy) as way:
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST, base_url=way.base_url)
        checked = desk.onboard("check", "--config", desk.config)
        assert checked.returncode == 0, checked.stderr
        assert f"{demo.CATEGORIES[1].key}: its name is not fit to be shown" in checked.stdout
        assert "odd-key-1: Of an odd key" in checked.stdout
        done = desk.run(source)
        assert done.returncode == 3, done.stderr
        before = (desk.out / "results.csv").read_bytes()
        again = desk.onboard("report", "--config", desk.config)
        assert again.returncode == 0, again.stderr
    assert desk.counts() == {"onboarded": 2, "rejected": 1}
    assert (desk.out / "results.csv").read_bytes() == before
    for said in (checked.stdout, checked.stderr, done.stderr, again.stdout, again.stderr, everything(tmp_path)):
        assert not [words for words in (ADDRESS, "\x1b[2J", "\x1b[31m", "\u202e") if words in said]


def test_a_profiles_constants_and_value_maps_are_in_no_ledger_and_no_report(tmp_path: Path) -> None:
    """They may be somebody's; the reports can be written again all the same."""
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    rows = [row | {"gender": "canary-word"} for row in table(source)]
    write(source, [name for name in rows[0] if name != "place_of_birth"], rows)
    (tmp_path / "partner.toml").write_text(
        'name = "partner"\n[constants]\nplace_of_birth = "Canaryville"\n[values.gender]\ncanary-word = "FEMALE"\n',
        encoding="utf-8",
    )
    with sandbox() as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST)
        done = desk.run(source, "--profile", tmp_path / "partner.toml")
        assert done.returncode == 0, done.stderr
        before = (desk.out / "results.csv").read_bytes()
        (desk.out / "results.csv").unlink()
        again = desk.onboard("report", "--config", desk.config)
        assert again.returncode == 0, again.stderr
    assert (desk.out / "results.csv").read_bytes() == before
    assert "canary" not in (everything(tmp_path) + done.stderr + again.stdout + again.stderr).lower()


NAMES = {
    "escape": (b"esc\x1b[31m\x07.csv", r"esc\x1b[31m\x07.csv"),
    "lines": ("a\nb\x85c\u2028d.csv".encode(), r"a\nb\x85c\u2028d.csv"),
    "direction": ("cust\u202evsc.\u200fx\u2066.csv".encode(), r"cust\u202evsc.\u200fx\u2066.csv"),
    "no text": (b"bad\xff\xfe.csv", r"bad\xff\xfe.csv"),
}


@pytest.mark.parametrize("json_logs", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_files_name_is_printable_wherever_it_stands(name: str, tmp_path: Path, *, json_logs: bool) -> None:
    """Terminal, log lines, tables, summary and page; only the rejects file has the real name; no traceback."""
    real, shown = NAMES[name]
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    source.write_text(source.read_text(encoding="utf-8").replace("@", "", 1), encoding="utf-8")
    os.rename(source, os.path.join(os.fsencode(tmp_path), real))  # noqa: PTH104, PTH118 - a name in bytes
    desk = Desk(folder=tmp_path).configure()
    words: list[str | Path] = ["--config", desk.config, "--out", desk.out, *["--json-logs"][: int(json_logs)]]
    done = desk.onboard("validate", tmp_path / os.fsdecode(real), *words)
    said = done.stderr
    assert done.returncode == 3, said
    assert "Traceback" not in said
    assert (shown if not json_logs else json.dumps(shown)[1:-1]) in said
    assert {row["source"] for row in desk.table("results.csv") + desk.table("errors.csv")} == {shown}
    assert [given["source"] for given in desk.summary()["inputs"]] == [shown]
    assert [os.fsencode(path.name) for path in (desk.out / "rejects").iterdir()] == [real]
    tables = "".join(path.read_bytes().decode("utf-8") for path in desk.out.iterdir() if path.is_file())
    for text in (said, tables):
        assert all(letter.isprintable() or letter in "\n\t" for letter in text)


def test_names_that_look_alike_once_they_are_printable_stay_apart(tmp_path: Path) -> None:
    """Two inputs never share their ``source``."""
    first = head(SAMPLE, 2, tmp_path / "a\x1b.csv")
    lines = SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    second = tmp_path / r"a\x1b.csv"
    second.write_text(lines[0] + lines[4], encoding="utf-8")
    desk = Desk(folder=tmp_path).configure()
    done = desk.onboard("validate", first, second, "--config", desk.config, "--out", desk.out)
    assert "Traceback" not in done.stderr
    assert len({given["source"] for given in desk.summary()["inputs"]}) == 2
