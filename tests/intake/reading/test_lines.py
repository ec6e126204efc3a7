import io

from finhub_onboard.intake.reading.cut import Cut
from finhub_onboard.intake.reading.lines import Lines, line_end, without_line_end


def test_lines_come_once_in_order_and_can_be_taken_again() -> None:
    """From the marked line on; the number is that of the line taken last."""
    lines = Lines(io.BytesIO(b"a\nb\nc"))
    assert lines.take() == b"a\n"
    lines.mark()
    assert [lines.take(), lines.take(), lines.take()] == [b"b\n", b"c", b""]
    lines.rewind()
    assert (lines.number, lines.take()) == (1, b"b\n")


def test_records_beyond_doubt_come_as_one_run() -> None:
    """Once the width is known; the lines after them come one by one."""
    lines = Lines(io.BytesIO(b"h1,h2\na,b\nc,d\n"))
    lines.take()
    lines.expect(Cut(), 2)
    run = lines.run(10)
    assert run
    assert (run.body, run.lines) == (b"a,b\nc,d\n", 2)
    assert lines.take() == b""


def test_a_line_end_is_one_line_end() -> None:
    """Of a record that ends with two, the last belongs to it."""
    for raw, end in ((b"a\r\n", b"\r\n"), (b"a\n", b"\n"), (b"a\r", b"\r"), (b"a", b""), (b"a\n\n", b"\n")):
        assert line_end(raw) == end
        assert without_line_end(raw) + end == raw
