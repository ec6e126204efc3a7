"""How fast is the intake, and how much memory does it take? Beside plain polars doing bare checks, in the same run.

    python -m tests.benchmarks.bench_intake [ROWS [ROWS_OF_THE_LARGE_FILE]]
    python -m tests.benchmarks.bench_intake dirt [ROWS]

Makes a file of 22 columns with 1 % rejects, times ``onboard validate`` on it in a process of its own, and beside it
plain polars: the file read, and the same checks as bare expressions. With a second number the memory of a larger file
is measured, too. Prints rows per second, peak memory and the ratios; then what an input costs: a thousand files of ten
rows beside one file of all of them. ``dirt``: what dirty files cost beside a clean one, in runs in turn.
"""

import json
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pycountry

from finhub_onboard.intake.checking import schema
from finhub_onboard.intake.checking.normalise import INSTANT_COLUMNS
from finhub_onboard.model import Risk
from finhub_onboard.model.columns import DOCUMENT_COLUMNS, REQUIRED_COLUMNS
from tests.acceptance.support import ROOT, SAMPLE
from tests.benchmarks.dirt import give_documents, make_dirty

_BLOCK = 100_000
_FILES, _ROWS_OF_A_FILE = 1000, 10
_RUNS = 3
_DAYS_BEFORE_1970 = 7300  # birth dates from 1950 on
_MEASURED = """
import json, resource, sys, time
started = time.perf_counter()
{code}
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([time.perf_counter() - started, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime]))
"""
_VALIDATE = """
from finhub_onboard.cli.main import cli
try:
    cli(["validate", sys.argv[1], "--config", sys.argv[2], "--out", sys.argv[3]], standalone_mode=False)
except SystemExit as end:
    assert end.code in (0, 3), end.code
"""
_PLAIN = """
import polars as pl
from tests.benchmarks.bench_intake import bare_checks
started = time.perf_counter()  # what the expressions are imported with is not theirs
frame = pl.read_csv(sys.argv[1], infer_schema=False).fill_null("")
rejects = frame.lazy().filter(~bare_checks()).select(pl.len()).collect().item()
assert rejects == frame.height // 100, rejects
"""
_PHONE = r"^\+[0-9]{7,15}$"
_INSTANT = r"^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$"
_SOON = datetime(2030, 1, 1)  # noqa: DTZ001 - texts are read without a zone
_TYPES = ["", "PASSPORT", "IDCARD", "NATIONALID", "DRIVERSLICENSE", "DRIVERSLICENCE"]


def make(rows: int, target: Path, *, rejects: bool = True) -> Path:
    """Write so many invented rows: keys, e-mails, phones and documents all different, one in a hundred a reject."""
    # Names and birth dates vary so that hardly two rows are probably one person.
    sample = pl.read_csv(SAMPLE, infer_schema=False).fill_null("")
    header = True
    with target.open("wb") as sink:
        for first in range(0, rows, _BLOCK):
            number = pl.int_range(first, min(first + _BLOCK, rows), eager=True)
            text = number.cast(pl.String).str.zfill(8)
            others = sample[(number * 7 // sample.height % sample.height).to_list()]
            frame = sample[(number % sample.height).to_list()].with_columns(
                others["last_name"],
                external_id="BENCH-" + text,
                email="bench" + text + "@example.com",
                phone="+3706" + (number % 10_000_000).cast(pl.String).str.zfill(7),
                date_of_birth=pl.lit(number % 19_013 - _DAYS_BEFORE_1970, dtype=pl.Int32).cast(pl.Date).cast(pl.String),
                document_number=pl.when(pl.col("document_number") != "").then("X" + text).otherwise(pl.lit("")),
            )
            bad = ((number % 100 == 7) & rejects).alias("bad")
            kind = (number // 100 % 4).alias("kind")
            frame = frame.with_columns(
                email=pl.when(bad & (kind == 0)).then(pl.lit("not an address")).otherwise(pl.col("email")),
                phone=pl.when(bad & (kind == 1)).then(pl.lit("+37012")).otherwise(pl.col("phone")),
                date_of_birth=pl.when(bad & (kind == 2)).then(pl.lit("1990-02-31")).otherwise(pl.col("date_of_birth")),
                last_name=pl.when(bad & (kind == 3)).then(pl.lit("")).otherwise(pl.col("last_name")),
            )
            # polars would write '' as "", and quotes on every line: other programs do not.
            frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
            frame.write_csv(sink, include_header=header)
            header = False
    return target


def cut_up(book: Path, folder: Path) -> tuple[Path, Path]:
    """Write the first rows of a file to one file, and to many small ones; return the one and a pattern of the many."""
    parts = folder / "parts"
    parts.mkdir(exist_ok=True)
    with book.open(encoding="utf-8") as stream:
        header, *lines = [stream.readline() for _ in range(1 + _FILES * _ROWS_OF_A_FILE)]
    one = folder / "one.csv"
    one.write_text("".join([header, *lines]), encoding="utf-8")
    for number in range(_FILES):
        own = lines[number * _ROWS_OF_A_FILE : (number + 1) * _ROWS_OF_A_FILE]
        (parts / f"{number:04}.csv").write_text("".join([header, *own]), encoding="utf-8")
    return one, parts / "*.csv"


def bare_checks() -> pl.Expr:
    """The same rules as bare expressions, true for a good row, without a word about what is broken.

    What libraries and folders judge for the job is a pattern or a list here; nothing is normalised but case. Probable
    duplicates have no bare expression.
    """
    checks = [pl.col(name) != "" for name in REQUIRED_COLUMNS]
    for name, longest in schema.LONGEST.items():
        value = pl.col(name)
        checks += [value.str.len_chars() <= longest, ~value.str.contains(r"[\p{Cc}\x{2028}\x{2029}\x{fffd}]")]
    checks += [pl.col(name).str.contains(r"\p{L}") for name in ("first_name", "last_name")]
    checks += [pl.col("email").str.contains(r"^[^@\s]+@[^@\s]+\.[^@\s]+$"), pl.col("phone").str.contains(_PHONE)]
    birth = pl.col("date_of_birth").str.to_date("%Y-%m-%d", strict=False)
    checks += [pl.col("date_of_birth").str.contains(r"^\d{4}-\d\d-\d\d$"), birth.is_not_null()]
    checks += [birth >= date(1900, 1, 1), birth <= date(2008, 1, 1)]
    checks += [
        pl.col("nationality").str.to_lowercase().is_in([spelling.casefold() for spelling in _countries()]),
        pl.col("risk_level").str.to_uppercase().is_in(["", *Risk]),
        pl.col("document_type").str.to_uppercase().str.replace_all(r"[ _'.-]", "").is_in(_TYPES),
    ]
    for name in DOCUMENT_COLUMNS:
        checks.append(pl.col(name).is_in(["", *(path.name for path in (ROOT / "sample_data" / "documents").iterdir())]))
    for name in INSTANT_COLUMNS:
        instant = pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False, time_unit="us")
        checks.append((pl.col(name) == "") | (pl.col(name).str.contains(_INSTANT) & (instant <= _SOON)))
    number = pl.col("document_number")
    checks += [
        pl.col("external_id").is_unique(),
        pl.col("email").str.to_lowercase().is_unique(),
        pl.concat_str("phone", "date_of_birth").is_unique(),
        (number == "") | pl.concat_str(pl.col("document_type").str.to_uppercase(), number).is_unique(),
    ]
    return pl.all_horizontal(checks)


def _countries() -> list[str]:
    """All codes and names of countries."""
    kinds = ("alpha_2", "alpha_3", "name", "common_name", "official_name")
    names = [getattr(country, kind) for country in pycountry.countries for kind in kinds if hasattr(country, kind)]
    return [*names, "Turkey"]  # ISO has another name for it by now


def measured(code: str, *arguments: Path) -> tuple[float, float, float]:
    """Run code in a process of its own: seconds, peak megabytes, seconds of processor time."""
    command = [sys.executable, "-c", _MEASURED.format(code=code), *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    seconds, megabytes, processor = json.loads(done.stdout.splitlines()[-1])
    return seconds, megabytes, processor


def compare_dirty(folder: Path, config: Path, rows: int) -> None:
    """Measure dirty files beside a clean one; of each the run with the least processor time counts."""
    book = make(rows, folder / "clean.csv", rejects=False)
    files = {"clean": book, **make_dirty(book, folder)}
    runs: dict[str, list[float]] = {name: [] for name in files}
    for _ in range(_RUNS):
        for name, path in files.items():
            runs[name].append(measured(_VALIDATE, path, config, folder / "out")[2])
    for name, seconds in runs.items():
        least = min(seconds)
        say(f"{name:28} {least:6.2f} s of processor time, {least / min(runs['clean']):.2f} times the clean file")
    scans = folder / "scans"
    own = give_documents(make(rows // 10, book, rejects=False), folder, scans)
    config.write_text(f'[api]\nbase_url = "sandbox:"\n[documents]\nroot = "{scans}"\n', encoding="utf-8")
    least = min(measured(_VALIDATE, own, config, folder / "out")[2] for _ in range(_RUNS))
    say(f"{rows // 10:,} rows with three documents of their own: {rows / 10 / least:,.0f} rows/s of processor time")


def main() -> None:
    """Make the files, measure, print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "onboard.toml"
        config.write_text(
            f'[api]\nbase_url = "sandbox:"\n[documents]\nroot = "{ROOT / "sample_data" / "documents"}"\n',
            encoding="utf-8",
        )
        if sys.argv[1:2] == ["dirt"]:
            compare_dirty(folder, config, int(sys.argv[2]) if sys.argv[2:] else 1_000_000)
            return
        peaks = []
        for rows in [int(size) for size in sys.argv[1:]] or [1_000_000]:
            started = time.perf_counter()
            book = make(rows, folder / "book.csv")
            say(f"{rows:,} rows, {book.stat().st_size / 1e6:,.0f} MB, made in {time.perf_counter() - started:.0f} s")
            plain, _, plain_processor = measured(_PLAIN, book)
            seconds, peak, processor = measured(_VALIDATE, book, config, folder / "out")
            peaks.append(peak)
            say(f"plain polars and bare checks: {plain:.1f} s, {plain_processor:.1f} s of processor time")
            say(f"onboard validate: {seconds:.1f} s, {processor:.1f} s of processor time, {rows / seconds:,.0f} rows/s")
            say(
                f"ratio {seconds / plain:.1f}, of processor time {processor / plain_processor:.1f}; peak {peak:,.0f} MB"
            )
        one, many = (measured(_VALIDATE, given, config, folder / "out") for given in cut_up(book, folder))
        say(
            f"an input costs {(many[0] - one[0]) / _FILES * 1e3:.1f} ms, "
            f"{(many[2] - one[2]) / _FILES * 1e3:.1f} ms of processor time"
        )
    if len(peaks) > 1:
        say(f"memory of the largest file beside the smallest: {peaks[-1] / peaks[0]:.2f}")


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201 - a benchmark's output


if __name__ == "__main__":
    main()
