"""Promise 6 against a bank that repeats everything: what was planted is nowhere but where it may be."""

import csv
import shutil
import stat
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from finhub_onboard.model.columns import CANONICAL_COLUMNS
from tests.acceptance.conftest import FAST
from tests.acceptance.echo_bank import TOKEN, echo_bank, forms
from tests.acceptance.processes import completed
from tests.acceptance.support import CREDENTIALS, ROOT, Desk
from tests.support import typical

MAY_HOLD = ("rejects", "incomplete", "parked.csv", "in_doubt.csv")
SECRETS = {
    "ONBOARD_CREDENTIALS__USERNAME": "zqusername@example.com",
    "ONBOARD_CREDENTIALS__PASSWORD": "correct-identity-document",  # of words that errors are written in
    "ONBOARD_CREDENTIALS__TENANT_KEY": "zqtenantkeyzq",
    "ONBOARD_CREDENTIALS__TENANT_SECRET": "zq tenant secret zq",
    "ONBOARD_CREDENTIALS__SEED": "zqseedzq-7f3b91c4d2e8a605-b9k2wq7m",
}
TOLERANT = """
[stop]
max_failed_percent = 100
min_rows = 1000
[consents]
evidence = "assumed"
"""
GOOD, BAD = 40, 12
LETTERS = "bcdfghjklmnprstvwz"


def canary(column: str, number: int) -> str:
    """A text that is nobody's and nowhere else: for each cell its own."""
    letters = LETTERS[number % 18] + LETTERS[number // 18] + LETTERS[len(column) % 18]
    return f"Zq{column.replace('_', '')[:9]}{letters}zq"


def good_row(number: int, documents: Path) -> dict[str, str]:
    """A row that is accepted, every cell a canary where the rules allow one."""
    name = f"{canary('identity', number)} passport.pdf"
    shutil.copy(ROOT / "sample_data" / "documents" / "identity.pdf", documents / name)
    row = dict.fromkeys(CANONICAL_COLUMNS, "")
    return row | {
        "external_id": f"C-{number:04}",
        "first_name": canary("first_name", number),
        "last_name": f"O'{canary('last_name', number)} {canary('second', number)} Žukėnė",
        "email": f"{canary('email', number)}@example.com",
        "phone": f"+3706{7120000 + number}",
        "date_of_birth": f"1987-{number % 12 + 1:02}-{number % 28 + 1:02}",
        "nationality": "LT",
        "category": "INDIVIDUAL_STANDARD",
        "gender": canary("gender", number),
        "place_of_birth": canary("place", number),
        "pincode": canary("pin", number),
        "document_type": "PASSPORT",
        "document_number": canary("docnum", number).upper(),
        "identity_document": name,
        "internal_note": canary("unmapped", number),
    }


BROKEN = (
    *("email", "phone", "date_of_birth", "nationality", "category", "risk_level", "document_type"),
    *("identity_document", "terms_accepted_at", "address_document"),
)


def bad_row(number: int, row: dict[str, str]) -> dict[str, str]:
    """The same with one rule broken by a canary."""
    column = BROKEN[number % len(BROKEN)]
    return row | {column: f"{'../' if column.endswith('document') else ''}{canary('bad', number)}"}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the input and its documents."""
    folder = tmp_path_factory.mktemp("planted")
    (folder / "documents").mkdir()
    rows = [good_row(number, folder / "documents") for number in range(GOOD + BAD)]
    rows[GOOD:] = [bad_row(number, row) for number, row in enumerate(rows[GOOD:], start=GOOD)]
    with (folder / "book.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=[*CANONICAL_COLUMNS, "internal_note"])
        writer.writeheader()
        writer.writerows(rows)
    twin = ",".join(rows[0].values()).replace("C-0000", "C-9999")
    with (folder / "book.csv").open("ab") as raw:
        raw.write(f"{twin}\nZqshortzq,Zqrecordzq\n{twin},Zqlongzq,Zqrecordzq\n".encode())
        broken = twin.replace("C-9999", "C-9998").encode().replace(b"Zqplace", b"Zq\xe9lace")
        raw.write(broken + b'\nZqnulzq\x00,Zqnulzq\nZqquotezq,"Zqunclosedzq\n')
    return folder


def needles(folder: Path) -> dict[str, tuple[str, str]]:
    """What must be found nowhere, in every form -> the value and the form."""
    with (folder / "book.csv").open(encoding="utf-8", errors="replace", newline="") as stream:
        cells = {cell for line in stream for cell in line.replace("\0", "").strip().replace('"', "").split(",")}
    header = {*CANONICAL_COLUMNS, "internal_note", ""}
    plain = {"LT", "PASSPORT", "INDIVIDUAL_STANDARD"}
    values = {cell for cell in cells - header - plain if not cell.startswith("C-")}
    values |= {word for value in values for word in value.replace("'", " ").split() if "zq" in word}
    values |= {value.removeprefix("+") for value in values if value.startswith("+")}
    values |= {value.replace("-", "") for value in values if value.startswith("1987-")}
    values |= {*SECRETS.values(), TOKEN, "Zqreasonzq"}
    found: dict[str, tuple[str, str]] = {}
    for value in values:
        found |= {form.casefold(): (value, name) for name, form in forms(value).items() if len(form) > 5}
        for shift in range(3):  # within a longer text that is base64 as a whole
            core = b64encode(b"\0" * shift + value.encode()).decode()[shift and 4 : -4]
            found |= {core.casefold(): (value, "inside base64")} if len(core) > 10 else {}
    return found


def searched(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file that a run left, but for those that may hold personal data; checks who may read them."""
    for path in folder.rglob("*"):
        if path.is_dir():
            assert path.stat().st_mode & 0o077 == 0, path
            continue
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        if not any(part in MAY_HOLD for part in path.parts):
            yield str(path.relative_to(folder)), path.read_bytes().decode("utf-8", "replace").casefold()


def leaks(said: Iterator[tuple[str, str]], wanted: dict[str, tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Where something was found."""
    return [(place, *what) for place, text in said for needle, what in wanted.items() if needle in text]


@pytest.fixture(params=typical(["", "dev"], ""), ids=["usual", "development mode"])
def mode(request: pytest.FixtureRequest) -> str:
    """A mode of Python; in the development mode it says more."""
    return str(request.param)


class Watched:
    """A desk whose command runs under umask 000, everything it says kept."""

    def __init__(self, tmp_path: Path, planted: Path, base_url: str, mode: str) -> None:
        self.mode = ("-X", mode) if mode else ()
        work = tmp_path / "work"
        work.mkdir(mode=0o700)
        self.work = work
        self.planted = planted
        config = tmp_path / "config"
        config.mkdir()
        self.desk = Desk(folder=config).configure(FAST + TOLERANT, base_url=base_url)
        text = self.desk.config.read_text(encoding="utf-8")
        text = text.replace(str(ROOT / "sample_data" / "documents"), str(planted / "documents"))
        text = text.replace(str(config / "ledger.db"), str(work / "deep" / "ledger.db"))
        self.desk.config.write_text(text, encoding="utf-8")
        self.said: list[tuple[str, str]] = []

    def onboard(self, *arguments: str | Path, config: bool = True) -> int:
        """Run a command; its exit code."""
        python, *rest = self.desk.command(*arguments, *(("--config", self.desk.config) if config else ()))
        words = (python, *self.mode, *rest)
        done = completed(words, cwd=self.work, env=self.desk.environment(SECRETS), timeout_s=120, umask=0)
        assert "Traceback" not in done.stderr, done.stderr
        self.said.append((f"{arguments[0]}: stdout", done.stdout.casefold()))
        self.said.append((f"{arguments[0]}: stderr", done.stderr.casefold()))
        return done.returncode

    def leaks(self) -> list[tuple[str, str, str]]:
        """What was found of what was planted, in all files and all that was said."""
        return leaks(iter([*self.said, *searched(self.work)]), needles(self.planted))


def test_the_search_finds_what_is_there(planted: Path) -> None:
    """The needles are what was planted: the input itself is full of them, in every form."""
    wanted = needles(planted)
    text = (planted / "book.csv").read_text(encoding="utf-8", errors="replace")
    found = {value for _, value, _ in leaks(iter([("book.csv", text.casefold())]), wanted)}
    assert len(found) > (GOOD + BAD) * 8
    for name in forms(""):
        coded = forms(canary("first_name", 3))[name]
        assert leaks(iter([("x", f"an {coded} echo".casefold())]), wanted), name
    whole = b64encode(f"of all people {canary('email', 7)}@example.com".encode()).decode()
    assert leaks(iter([("x", whole.casefold())]), wanted)


def test_nothing_that_was_planted_is_found(tmp_path: Path, planted: Path, mode: str) -> None:
    """Runs, their resumption, reports and looks, against the echoing bank: ledger, files, stderr, stdout."""
    with echo_bank() as base_url:
        watched = Watched(tmp_path, planted, base_url, mode)
        source = planted / "book.csv"
        assert watched.onboard("validate", source, "--out", "checked") == 3
        assert watched.onboard("run", source, "--out", "first") in (3, 4)
        assert watched.onboard("run", source, "--json-logs", "--out", "second") in (3, 4)
        assert watched.onboard("run", source, "--dry-run", "--out", "dry") in (3, 4)
        for words in (("status",), ("status", "--json"), ("report",), ("check",)):
            assert watched.onboard(*words) == 0
        assert watched.onboard("profile", source, config=False) in (0, 2)
    assert watched.leaks() == []
    assert (watched.work / "first" / "rejects" / "book.csv").exists()
    with (watched.work / "first" / "errors.csv").open(encoding="utf-8", newline="") as stream:
        assert {row["http_status"] for row in csv.DictReader(stream)} >= {"400", "409", "422", "500"}


def test_nothing_is_found_when_the_log_in_is_refused(tmp_path: Path, planted: Path, mode: str) -> None:
    """The bank repeats the credentials in its refusal: exit 5 and none of them."""
    with echo_bank(refuse=True) as base_url:
        watched = Watched(tmp_path, planted, base_url, mode)
        assert watched.onboard("run", planted / "book.csv", "--json-logs") == 5
        assert watched.onboard("check") == 5
    assert watched.leaks() == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[credentials]\npassword = "zqtenantkeyzq"\n', 2),
        ('[api]\ntimeout_s = "zqtenantkeyzq"\n', 2),
        ("zqtenantkeyzq\n", 2),
    ],
    ids=["secrets in the file", "a secret in the wrong place", "a secret alone"],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(
    tmp_path: Path, planted: Path, mode: str, text: str, code: int
) -> None:
    """The error names the key, not what stood there."""
    watched = Watched(tmp_path, planted, "sandbox:", mode)
    watched.desk.config.write_text(text, encoding="utf-8")
    assert watched.onboard("run", planted / "book.csv") == code
    assert watched.leaks() == []


@pytest.mark.parametrize("name", sorted(CREDENTIALS))
def test_a_file_of_a_secret_that_is_wrong_is_not_repeated(tmp_path: Path, planted: Path, mode: str, name: str) -> None:
    """A file with several lines, or one that cannot be read, is named without its content."""
    watched = Watched(tmp_path, planted, "sandbox:", mode)
    (tmp_path / "secret").write_bytes(b"zqtenantkeyzq\xff\n")
    before = dict(SECRETS)
    SECRETS.pop(name)
    SECRETS[f"{name}_FILE"] = str(tmp_path / "secret")
    try:
        watched.onboard("status")
    finally:
        SECRETS.clear()
        SECRETS.update(before)
    assert watched.leaks() == []


def test_an_input_without_a_header_is_not_repeated(tmp_path: Path, planted: Path, mode: str) -> None:
    """Its first line is a person, not names of columns."""
    watched = Watched(tmp_path, planted, "sandbox:", mode)
    with (planted / "book.csv").open(encoding="utf-8", errors="replace", newline="") as stream:
        rows = [[cell for cell in row if cell] for row in list(csv.reader(stream))[1:4]]
    bare = tmp_path / "bare.csv"
    with bare.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    assert watched.onboard("run", bare) == 7
    assert watched.onboard("validate", bare) == 7
    assert watched.leaks() == []
