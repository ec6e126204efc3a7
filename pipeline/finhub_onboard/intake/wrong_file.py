"""Tells a wrong file from a file with bad rows: by the share of malformed records, before the whole of it is read.

Promises: fewer than :data:`ENOUGH` records never count, so that small files are reported row by row. Knows no rules.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.reading.files import Batch, Table
from finhub_onboard.intake.reading.records import Fault

ENOUGH = 10_000
"""From how many records on the share of malformed ones counts."""


def refuse_wrong_files(table: Table, batches: Iterable[Batch]) -> Iterator[Batch]:
    """Yield the batches of a table; raise :class:`UnreadableInputError` as soon as too many records were malformed."""
    records = malformed = 0
    faults: list[Fault] = []
    for batch in batches:
        records += batch.height
        malformed += len(batch.faults)
        faults = list(batch.faults.values()) or faults
        if records >= ENOUGH and malformed * 100 > records * table.reading.max_malformed_percent:
            raise _wrong(table, f"{malformed:,} of its first {records:,} records", faults)
        yield batch


def _wrong(table: Table, share: str, faults: Sequence[Fault]) -> UnreadableInputError:
    """Describe a wrong file, with the commonest of some faults."""
    most = f"{table.reading.max_malformed_percent:g}"
    ((common, _),) = Counter(code for fault in faults for code in fault.codes).most_common(1)
    example = next(fault for fault in faults if common in fault.codes)
    message = common.message.format(**table.facts(example))
    return UnreadableInputError(
        f"{table.name} seems to be a wrong file: {share} are malformed, for example: {message}",
        hint="check that it is the file that you mean, and complete; if so, state its delimiter, quote and "
        f"encoding in a profile ([source]), or raise intake.max_malformed_percent ({most}; 100 is never)",
    )
