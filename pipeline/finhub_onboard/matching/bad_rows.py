"""Which rows need somebody, compared with the last run of the same inputs: new, known and solved ones.

A ledger keeps of the last run of some inputs, for each row that needed somebody, who it is, why, and what the row held,
as keyed hashes. A row is known if it needs somebody for the same cause as then, and new otherwise. A row that was
corrected in another file, such as its rejects, is solved although it stands here as it stood: its customer was finished
after this row was last found bad, and it holds what it held. A joiner of keys, ledger and intake. Promises: without the
seed nothing can be read from the hashes; memory: some bytes per bad row, of half a million at most. Does not know what
a disposition is.
"""

import zlib
from array import array
from base64 import b64decode, b64encode
from bisect import bisect_left
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import NamedTuple

from finhub_onboard.intake.judge import JudgedBatch
from finhub_onboard.keys import FINGERPRINT_COLUMNS, Keys, changed_columns
from finhub_onboard.ledger.ports import Ledger, Reader
from finhub_onboard.model import Journey, Standing
from finhub_onboard.model.nights import SinceLastRun

_NOTE = "bad_rows"
_MOST = 500_000
"""Bad rows that are remembered of some inputs; those beyond are new each time."""
_MOST_INPUTS = 20
"""Different inputs whose last run a ledger remembers."""
_UNTOLD = 0
"""In place of what a row holds: it cannot be solved in another file."""
_MORE_CORRECTED = 1
"""Columns that a person may have corrected beside the faulty ones; more, and it may be another person's row."""
_IDENTITY, _HASH, _FLAG = "Q", "I", "B"


class RowKey(NamedTuple):
    """Who a row is, and what it holds: parts of keyed hashes."""

    identity: int
    content: int
    cells: tuple[str, ...] = ()
    """The values of ``FINGERPRINT_COLUMNS``, where they were read."""


class _Memory:
    """The bad rows of a run, in the order of their identities; ``solved``: those that were corrected elsewhere."""

    def __init__(self, *, number: int = 0, run_id: str = "") -> None:
        self.number, self.run_id = number, run_id
        self.identities, self.causes, self.contents = array(_IDENTITY), array(_HASH), array(_HASH)
        self.solved = array(_FLAG)

    @classmethod
    def parse(cls, text: str) -> "_Memory":
        """Read what ``text`` wrote; nothing if it is not of this version."""
        memory = cls()
        with suppress(ValueError):
            number, run_id, *columns = text.split(" ")
            read = cls(number=int(number), run_id=run_id)
            for column, written in zip(read._columns, columns, strict=True):
                column.frombytes(b64decode(written, validate=True))
            if len({len(column) for column in read._columns}) == 1:
                memory = read
        return memory

    def text(self) -> str:
        """Write the memory, sorted."""
        order = sorted(range(len(self.identities)), key=self.identities.__getitem__)
        columns = (array(column.typecode, (column[place] for place in order)) for column in self._columns)
        return " ".join([str(self.number), self.run_id, *(b64encode(column.tobytes()).decode() for column in columns)])

    def add(self, key: RowKey, cause: int, *, solved: bool = False) -> None:
        if len(self.identities) < _MOST:
            for column, value in zip(self._columns, (key.identity, cause, key.content, solved), strict=True):
                column.append(value)

    def places(self, identity: int) -> range:
        """The entries of a row; several rows may have the same ``external_id``."""
        start = end = bisect_left(self.identities, identity)
        while end < len(self.identities) and self.identities[end] == identity:
            end += 1
        return range(start, end)

    @property
    def _columns(self) -> "tuple[array[int], array[int], array[int], array[int]]":
        return self.identities, self.causes, self.contents, self.solved


class BadRows:
    """Compares the bad rows of run ``run`` (0: a check) with those of the last run before it with these inputs.

    ``recorded``: what was found when the run ended; its reports are written again then.
    """

    def __init__(
        self,
        ledger: Reader,
        keys: Keys,
        inputs: Sequence[str],
        limit: int | None,
        *,
        run: int,
        recorded: SinceLastRun | None = None,
    ) -> None:
        self._keys = keys
        # What is read with a limit is another job: rows beyond it are neither bad nor solved.
        self._note = f"{_NOTE}_{keys.content_hash(str(limit or ''), chr(0).join(inputs).encode())}"
        self._last = _Memory.parse(ledger.noted(self._note))
        self._is_past = bool(run) and self._last.number >= run
        self._run = run
        self._recorded = recorded
        self._found = _Memory()
        self._seen = bytearray(len(self._last.identities))
        self._matched: set[int] = set()
        self._new = self._known = self._solved = 0

    def row_keys(self, batch: JudgedBatch, places: Sequence[int]) -> list[RowKey]:
        """The keys of the rows at some places, in their order.

        A row without ``external_id`` is known by its cells, and a record that could not be read by its text.
        """
        if not places:
            return []
        ids = batch.ids.gather(places).to_list()
        texts = [
            "\0".join(cells).encode() for cells in batch.frame.select(FINGERPRINT_COLUMNS)[list(places)].iter_rows()
        ]
        unread = [at for at, place in enumerate(places) if place in batch.batch.faults]
        if unread and batch.batch.raws:
            raws = batch.batch.raws([places[at] for at in unread])
            for at, raw in zip(unread, raws, strict=True):
                texts[at] = raw.rstrip(b"\r\n")
        keys = []
        cells = [*batch.frame.select(FINGERPRINT_COLUMNS)[list(places)].iter_rows()]
        for external_id, text, values in zip(ids, texts, cells, strict=True):
            content = self._keys.content_hash(external_id, text)
            identity = self._keys.customer(external_id)[:8].hex() if external_id else content
            keys.append(RowKey(int(identity, 16), int(content[:8], 16), values))
        return keys

    def key_of_customer(self, external_id: str) -> RowKey:
        """The key of a customer whom no row names."""
        return RowKey(int.from_bytes(self._keys.customer(external_id)[:8]), _UNTOLD)

    def is_solved(self, key: RowKey, journey: Journey, faulty: Collection[str] = ()) -> bool:
        """Whether a row that is bad, or differs from what was sent, was corrected in another file.

        Its customer was finished by a run between the last one and this, neither of which had a better row, and with
        the same person: what was sent differs only in ``faulty`` columns, in empty ones, and in one more at most.
        """
        if not self._is_correction(key, journey, faulty):
            return False
        if journey.standing is not Standing.COMPLETE or (self._run and journey.completed_run >= self._run):
            return False
        return any(
            self._last.contents[place] == key.content != _UNTOLD
            and (self._last.solved[place] or journey.completed_run > self._last.number)
            for place in self._last.places(key.identity)
        )

    def feed(self, key: RowKey, cause: str, *, differs: bool = False) -> None:
        """Count a row that needs somebody for some cause.

        One that ``differs`` from what was sent is not solved when the bank finishes its customer: it still differs.
        """
        hashed = zlib.crc32(cause.encode())
        self._see(key)
        place = self._unmatched(key, hashed)
        if place is not None:
            self._matched.add(place)
            self._known += 1
        else:
            self._new += 1
        self._found.add(RowKey(key.identity, _UNTOLD) if differs else key, hashed)

    def _unmatched(self, key: RowKey, cause: int) -> int | None:
        """An entry of this row and cause that no other row of this run was compared with; ``None`` if there is none."""
        for place in self._last.places(key.identity):
            if self._last.causes[place] == cause and not self._last.solved[place] and place not in self._matched:
                return place
        return None

    def _is_correction(self, key: RowKey, journey: Journey, faulty: Collection[str]) -> bool:
        """Whether what was sent for a customer may be a correction of this row, and not another person."""
        if not key.cells:
            return True
        cells = dict(zip(FINGERPRINT_COLUMNS, key.cells, strict=True))
        changed = changed_columns(journey.fingerprint, self._keys.fingerprint_of(journey.key, key.cells))
        return sum(bool(cells[column]) and column not in faulty for column in changed) <= _MORE_CORRECTED

    def feed_solved(self, key: RowKey) -> None:
        """Count a row that was corrected in another file."""
        places = self._see(key)
        self._solved += not any(self._last.solved[place] for place in places)
        self._found.add(key, 0, solved=True)

    def feed_pending(self, key: RowKey) -> None:
        """Note a row that the run did not reach: what it was, it is still."""
        for place in self._see(key)[:1]:
            solved = bool(self._last.solved[place])
            self._found.add(RowKey(key.identity, self._last.contents[place]), self._last.causes[place], solved=solved)

    def feed_nameless(self) -> None:
        """Count a customer in doubt whom an old ledger cannot name; none comes any more."""
        if self._last.run_id:
            self._known += 1
        else:
            self._new += 1

    @property
    def since(self) -> SinceLastRun | None:
        """What was found; ``None``: a later run of the same inputs took the place of the one to compare with."""
        if self._recorded or self._is_past:
            return self._recorded
        gone = sum(not seen for place, seen in enumerate(self._seen) if not self._last.solved[place])
        return SinceLastRun(run_id=self._last.run_id, new=self._new, known=self._known, solved=self._solved + gone)

    def remember(self, ledger: Ledger, run_id: str) -> None:
        """Store the bad rows for the next run of these inputs. Raises :class:`LedgerError`."""
        if self._is_past:
            return
        self._found.number, self._found.run_id = self._run, run_id
        ledger.note(self._note, self._found.text())
        names = list(dict.fromkeys((self._note, *ledger.noted(_NOTE).split())))
        for name in names[_MOST_INPUTS:]:
            ledger.note(name, "")
        ledger.note(_NOTE, " ".join(names[:_MOST_INPUTS]))

    def _see(self, key: RowKey) -> range:
        places = self._last.places(key.identity)
        for place in places:
            self._seen[place] = True
        return places
