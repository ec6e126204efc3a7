from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.second_pass import judge_rows
from tests.intake.helpers import a_row, csv_text, judged, rules, write


def test_the_second_pass_can_be_made_again(tmp_path: Path) -> None:
    """Two second passes of one survey give the same rows, whatever the batches are."""
    path = write(tmp_path / "x.csv", [a_row(number, email=f"c{number % 7}@example.com") for number in range(20)])
    found = survey([path], batch_rows=6)
    passes = [[row for batch in judge_rows(found, rules(), batch_rows=size) for row in batch] for size in (20, 20, 7)]
    assert passes[0] == passes[1] == passes[2]
    assert [len(batch) for batch in judge_rows(found, rules(), batch_rows=40)] == [12, 8]


LINES = st.lists(
    st.sampled_from(["good", "short", "long", "quote", "bytes", "nul", "blank", "bad value"]), min_size=1, max_size=9
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=LINES, batch_rows=st.sampled_from([4, 100]))
def test_every_record_is_accepted_or_rejected(tmp_path: Path, kinds: list[str], batch_rows: int) -> None:
    """Accepted and rejected rows are the records of the file, in order, each with the verdict it deserves."""
    body = [csv_text([a_row(number)]).splitlines()[1] + "\n" for number in range(len(kinds))]
    spoil: dict[str, tuple[str, str]] = {
        "short": (",", ""),
        "long": (",", ",,"),
        "quote": (",", ',"'),
        "bytes": (",", ",\udcff"),
        "nul": (",", ",\0"),
        "bad value": ("1990-10-03", "1990-10-33"),
    }
    codes = {
        "short": "record_short",
        "long": "record_long",
        "quote": "record_quoting",
        "bytes": "record_encoding",
        "nul": "record_nul",
        "bad value": "birth_date_impossible",
    }
    lines = [
        "\n" if kind == "blank" else line.replace(*spoil.get(kind, ("", "")), 1)
        for kind, line in zip(kinds, body, strict=True)
    ]
    path = tmp_path / "x.csv"
    path.write_bytes((csv_text([]) + "".join(lines)).encode(errors="surrogateescape"))
    records = [kind for kind in kinds if kind != "blank"]
    if not records:
        with pytest.raises(UnreadableInputError):
            survey([path], batch_rows=batch_rows)
        return
    found = judged(path, batch_rows=batch_rows)[1]
    assert [row.row_number for row in found] == list(range(1, len(records) + 1))
    assert [row.violations[0].code if row.violations else None for row in found] == [
        codes.get(kind) for kind in records
    ]
    assert all((row.customer is None) == bool(row.violations) for row in found)
