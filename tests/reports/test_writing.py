import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finhub_onboard.commands.validate import validate
from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.events import Event
from finhub_onboard.model import Disposition, Phase
from finhub_onboard.reports import joining
from finhub_onboard.reports.files.folder import ReportFolder
from finhub_onboard.reports.files.rows import Result
from tests.intake.helpers import a_row, write

KEYS = st.lists(
    st.text(st.sampled_from("aZ9 ,;\"'=+-@é"), min_size=1, max_size=5).map(str.strip), min_size=1, max_size=5
)

PRACTICE = Settings.model_validate({"api": {"base_url": "sandbox:"}})
ANY_TIME = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")
TAKEN_AWAY = "' "
"""What is taken away from the beginning of an id: a spreadsheet's mark of a text, and space."""


def ignore(event: Event) -> None:
    """Nobody looks."""
    del event


@settings(deadline=None, max_examples=12)
@given(keys=KEYS, name=st.sampled_from(["a.csv", "=a,b.csv"]))
def test_lines_made_all_at_once_are_those_made_one_by_one(keys: list[str], name: str) -> None:
    """Rows with which nothing was done have the lines that each would have by itself, whatever stands in their keys."""
    keys = [f"{key.lstrip(TAKEN_AWAY)}k{number}" for number, key in enumerate(keys)]  # no number of a tool's
    with TemporaryDirectory() as folder:
        table = [a_row(n, external_id=key, last_name=f"Name{chr(97 + n) * 9}") for n, key in enumerate(keys, start=1)]
        order = Order(inputs=(write(Path(folder) / name, table),), out=Path(folder) / "out")
        written = validate(order, PRACTICE, ignore)
        assert written.dispositions[Disposition.PENDING] == len(keys)
        found = (Path(folder) / "out" / "results.csv").read_bytes()
        with ReportFolder(Path(folder) / "again") as again:
            for number, key in enumerate(keys, start=1):
                line = Result(source=name, row_number=number, external_id=key, disposition=Disposition.PENDING)
                again.feed_result(line)
            assert found == _read(again)


def test_what_the_intake_found_is_written_at_once_as_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that are rejected, warned of or incomplete have the same lines, rejects and counts either way."""
    table = [
        a_row(
            n, external_id=f"={n}", last_name=f"N{chr(97 + n) * 9}", document_type="PASSPORT", document_number=f"X{n}"
        )
        for n in range(8)
    ]
    table[1] |= {"email": "not an address", "place_of_birth": "n/a"}
    table[2] |= {"place_of_birth": "n/a"}
    table[3] |= {"phone": "+37012", "first_name": ""}
    table[4] |= {"document_number": "", "place_of_birth": "n/a"}
    table[6] |= {"last_name": "Same, Name"}
    table[7] |= {"last_name": "Same, Nam"}
    source = write(tmp_path / "a,b.csv", table)
    journey = PRACTICE.journey.model_copy(update={"until": Phase.VERIFICATION})
    settings = PRACTICE.model_copy(update={"journey": journey})

    def check(name: str) -> dict[str, str]:
        validate(Order(inputs=(source,), out=tmp_path / name), settings, ignore)
        files = [path for path in (tmp_path / name).rglob("*.*") if path.suffix == ".csv"]
        return {path.name: ANY_TIME.sub("", path.read_text(encoding="utf-8")) for path in files}

    at_once = check("at once")
    monkeypatch.setattr(joining, "any_weighed", lambda findings: True)  # noqa: ARG005
    assert check("row by row") == at_once
    assert {name: len(text.splitlines()) - 1 for name, text in at_once.items()} == {
        "results.csv": 8, "errors.csv": 9, "a,b.csv": 2
    }  # fmt: skip


def _read(folder: ReportFolder) -> bytes:
    """Return the results that were fed so far."""
    table = folder._tables["results.csv"]
    table._file.flush()
    return table.path.read_bytes()
