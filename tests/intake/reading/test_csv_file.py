from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finhub_onboard.intake.reading import csv_file, lines, records
from finhub_onboard.intake.reading.cut import Cut
from finhub_onboard.intake.reading.dialect import Dialect
from finhub_onboard.intake.reading.encoding import Encoding

MOST = 1024 * 1024
WIDTH = 3
HEADER = ("a", "b", "c")

CELLS = st.sampled_from(["", "x", "é", " ", '"q"', '"d""q"', '"', 'x"y', "\\", "\ufeff", "\x1c", "\u2028", "\0"])
LINES = st.one_of(
    st.just("1,é,3"),
    st.lists(CELLS, min_size=WIDTH, max_size=WIDTH).map(",".join),
    st.sampled_from(["", " ", "\t", "x", ",", ",,", ",,,", "x,y", "1,2,3,4", '1,"2', '3",4', "\ufeff1,2,3"]),
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def dialect(cut: Cut = Cut(), codec: str = "utf-8") -> Dialect:  # noqa: B008 - frozen
    """Return how a file without a mark or a preamble is written."""
    return Dialect(encoding=Encoding(name=codec), cut=cut, skip_lines=0, packing="", sure=1.0)


def at_once(path: Path, rows: int) -> tuple[list[bytes], list[tuple[str, ...]], dict[int, records.Fault]]:
    """Read a file as the job does: raw records, cells and faults."""
    raws: list[bytes] = []
    cells: list[tuple[str, ...]] = []
    faults: dict[int, records.Fault] = {}
    for uncut in csv_file.uncut(path, path.name, HEADER, rows, dialect=dialect(), most=MOST):
        frame, batch = uncut(), uncut.records
        assert frame.height == batch.height
        faults |= {len(raws) + place: fault for place, fault in batch.faults.items()}
        raws += batch.raws(range(batch.height))
        cells += frame.rows()
    return raws, cells, faults


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.lists(st.tuples(LINES, ENDS).map("".join), min_size=1, max_size=12).map("".join),
    block=st.sampled_from([1, 6, 20, 1024]),
    rows=st.integers(1, 5),
    few=st.sampled_from([0, 3, lines.MIN_BLOCK_LINES]),
)
def test_records_cut_at_once_are_those_cut_one_by_one(
    tmp_path: Path, body: str, block: int, rows: int, few: int
) -> None:
    """However lines, ends and blocks fall, what is taken and cut at once is what one record after the other gives."""
    path = tmp_path / "a.csv"
    path.write_bytes((",".join(HEADER) + "\n" + body).encode())
    with csv_file.open_csv(path, path.name, dialect(), MOST) as file:
        single = list(records.records(file.lines, dialect().cut, width=WIDTH))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_BLOCK_BYTES", block)
        patch.setattr(lines, "MIN_BLOCK_LINES", few)
        raws, cells, faults = at_once(path, rows)
    assert raws == [record.raw for record in single]
    assert cells == [tuple(record.cells or [""] * WIDTH) for record in single]
    assert faults == {place: record.fault for place, record in enumerate(single) if record.fault}


@pytest.mark.parametrize("between", [" ", "\t", "xyz", "é"])
def test_a_cr_and_a_lf_that_are_apart_are_two_line_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, between: str
) -> None:
    """A line that ends in CR and one in LF after it are two, whatever is between them."""
    monkeypatch.setattr(lines, "MIN_BLOCK_LINES", 0)
    monkeypatch.setattr(lines, "_BLOCK_BYTES", 6)  # the header is a block, and so is what follows up to a LF
    path = tmp_path / "a.csv"
    path.write_bytes(f"a,b,c\r\n1,2,3\r{between}\n4,5,6\r\n".encode())
    raws, cells, faults = at_once(path, 10)
    assert b"1,2,3\r" in raws
    assert cells[0] == ("1", "2", "3")
    assert cells[-1] == ("4", "5", "6")
    assert [fault.codes for fault in faults.values()] == ([] if between.isspace() else [("record_short",)])
