from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from finhub_onboard.commands.validate import validate
from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.events import Event
from finhub_onboard.model import Disposition
from finhub_onboard.reports.files.folder import ReportFolder
from finhub_onboard.reports.files.rows import Result
from tests.intake.helpers import a_row, write

KEYS = st.lists(
    st.text(st.sampled_from("aZ9 ,;\"'=+-@é"), min_size=1, max_size=5).map(str.strip), min_size=1, max_size=5
)

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
        written = validate(order, Settings.model_validate({"api": {"base_url": "sandbox:"}}), ignore)
        assert written.dispositions[Disposition.PENDING] == len(keys)
        found = (Path(folder) / "out" / "results.csv").read_bytes()
        with ReportFolder(Path(folder) / "again") as again:
            for number, key in enumerate(keys, start=1):
                line = Result(source=name, row_number=number, external_id=key, disposition=Disposition.PENDING)
                again.feed_result(line)
            assert found == _read(again)


def _read(folder: ReportFolder) -> bytes:
    """Return the results that were fed so far."""
    table = folder._tables["results.csv"]
    table._file.flush()
    return table.path.read_bytes()
