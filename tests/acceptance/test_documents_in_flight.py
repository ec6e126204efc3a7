"""Memory while large documents are sent: bounded by a setting, however many calls are under way."""

import csv
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.acceptance.support import ROOT, SAMPLE, Bank, Desk, head

_SIZE = 8 * 1024 * 1024
_CUSTOMERS = 40


@pytest.mark.skipif(sys.platform != "linux", reason="the unit of a process's memory is that of Linux")
@pytest.mark.exhaustive  # the bound itself is tested in virtual time
def test_large_documents_do_not_take_memory_for_each_call_in_flight(tmp_path: Path, bank: Bank) -> None:
    """40 customers with 8 MB each and 64 calls in flight: they would hold 320 MB, and several copies of that."""
    shutil.copytree(ROOT / "sample_data" / "documents", tmp_path / "documents")
    (tmp_path / "documents" / "large.pdf").write_bytes(b"%PDF-1.4\n".ljust(_SIZE))
    source = head(SAMPLE, _CUSTOMERS, tmp_path / "customers.csv")
    with source.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    with source.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerow(header)
        for row in rows:
            cells = dict(zip(header, row, strict=True))
            csv.writer(stream).writerow({**cells, "identity_document": "large.pdf"}.values())
    desk = Desk(folder=tmp_path, bank=bank).configure(
        "[limits]\ncalls_per_second = 1000\nmax_in_flight = 64\nmax_document_bytes_in_flight = 16777216\n"
    )
    text = desk.config.read_text(encoding="utf-8").replace(str(ROOT / "sample_data" / "documents"), "documents")
    desk.config.write_text(text.replace("max_bytes = 1048576", "max_bytes = 10485760"), encoding="utf-8")
    with desk.start(source, fresh=True) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 3
    assert desk.counts() == {"parked": _CUSTOMERS}
    assert used.ru_maxrss / 1024 < 400
