import pytest

from finhub_onboard.keys import FINGERPRINT_COLUMNS, Keys
from finhub_onboard.matching.bad_rows import _MOST_INPUTS, BadRows, RowKey
from finhub_onboard.model import Journey, Standing
from finhub_onboard.model.nights import SinceLastRun
from tests.test_keys import filled
from tests.values import replace

KEYS = Keys("a seed for tests only, invented and long enough", "tenant")
FIRST = SinceLastRun(run_id="", new=2, known=0, solved=0)


class Notes:
    """What a ledger notes."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def noted(self, name: str) -> str:
        """Return a note."""
        return self.kept.get(name, "")

    def note(self, name: str, value: str) -> None:
        """Keep a note, or delete it."""
        self.kept[name] = value
        if not value:
            del self.kept[name]


def compare(notes: Notes, run: int, *inputs: str, recorded: SinceLastRun | None = None) -> BadRows:
    """Begin to compare a run with the one before."""
    return BadRows(notes, KEYS, inputs or ("a.csv",), None, run=run, recorded=recorded)  # type: ignore[arg-type]


def remember(notes: Notes, run: int, *rows: tuple[RowKey, str], name: str = "a.csv") -> SinceLastRun | None:
    """Compare a run that had these bad rows, and remember them."""
    bad = compare(notes, run, name)
    for key, cause in rows:
        bad.feed(key, cause)
    since = bad.since
    bad.remember(notes, f"r{run}")  # type: ignore[arg-type]
    return since


def test_rows_with_the_same_id_are_counted_each() -> None:
    """Duplicates share their identity, and none of them is lost in the comparison."""
    notes = Notes()
    twice = (RowKey(5, 1), "duplicate"), (RowKey(5, 2), "duplicate")
    assert remember(notes, 1, *twice) == FIRST
    assert remember(notes, 2, *twice) == SinceLastRun(run_id="r1", new=0, known=2, solved=0)
    assert remember(notes, 3) == SinceLastRun(run_id="r2", new=0, known=0, solved=2)


def test_one_more_row_under_a_known_id_is_new() -> None:
    """It may be another person, and nobody was told of it."""
    notes = Notes()
    remember(notes, 1, (RowKey(5, 1), "duplicate"), (RowKey(5, 2), "duplicate"))
    rows = [(RowKey(5, content), "duplicate") for content in (1, 2, 3)]
    assert remember(notes, 2, *rows) == SinceLastRun(run_id="r1", new=1, known=2, solved=0)


def test_another_person_under_the_same_id_is_no_correction() -> None:
    """What was sent may differ in the faulty columns, in empty ones and in one more; not in who it is."""
    notes = Notes()
    was = filled(phone="wrong", gender="")
    key = RowKey(5, 1, tuple(getattr(was, column) for column in FINGERPRINT_COLUMNS))
    remember(notes, 1, (key, "a"))
    for changes, solved in (
        ({"phone": "right", "gender": "FEMALE", "last_name": "Another"}, True),
        ({"phone": "right", "first_name": "Another", "last_name": "Person"}, False),
    ):
        sent = KEYS.fingerprint(replace(was, **changes))
        journey = Journey(
            key=KEYS.customer(was.external_id), fingerprint=sent, standing=Standing.COMPLETE, completed_run=2
        )
        assert compare(notes, 3).is_solved(key, journey, {"phone"}) is solved


def test_a_row_is_found_among_many() -> None:
    """Rows are remembered in any order."""
    notes = Notes()
    many = [(RowKey(n * 7919 % 1009, n), f"cause {n % 3}") for n in range(1000)]
    remember(notes, 1, *many)
    assert remember(notes, 2, *reversed(many[:-1])) == SinceLastRun(run_id="r1", new=0, known=999, solved=1)


@pytest.mark.parametrize(
    "damaged", ["", "x", "1 r1", "1 r1 AAAA BBBB CCCC DD==", "1 r1 ! ! ! !", "1 r1 AAAAAAAAAAA=   "]
)
def test_a_memory_that_cannot_be_read_is_none(damaged: str) -> None:
    """A note of another version, or a damaged one, costs the comparison and nothing else."""
    notes = Notes()
    remember(notes, 1, (RowKey(5, 1), "a"))
    (name,) = (name for name in notes.kept if name.startswith("bad_rows_"))
    notes.kept[name] = damaged
    assert remember(notes, 2, (RowKey(5, 1), "a"), (RowKey(6, 1), "b")) == FIRST


def test_inputs_have_memories_of_their_own_and_old_ones_are_forgotten() -> None:
    """A book and a rejects file are not compared; what was not run for long makes room."""
    notes = Notes()
    row = (RowKey(5, 1), "a")
    for number in range(_MOST_INPUTS + 5):
        remember(notes, number + 1, row, name=f"{number}.csv")
    assert len(notes.kept) == _MOST_INPUTS + 1
    assert remember(notes, 99, row, name="24.csv") == SinceLastRun(run_id="r25", new=0, known=1, solved=0)
    assert remember(notes, 100, row, name="0.csv") == SinceLastRun(run_id="", new=1, known=0, solved=0)


def test_what_a_run_did_not_reach_stays_what_it_was() -> None:
    """A row that a stopped run left pending is neither solved nor new when it fails again."""
    notes = Notes()
    remember(notes, 1, (RowKey(5, 1), "refused"))
    stopped = compare(notes, 2)
    stopped.feed_pending(RowKey(5, 9))
    assert stopped.since == SinceLastRun(run_id="r1", new=0, known=0, solved=0)
    stopped.remember(notes, "r2")  # type: ignore[arg-type]
    assert remember(notes, 3, (RowKey(5, 1), "refused")) == SinceLastRun(run_id="r2", new=0, known=1, solved=0)


def test_an_earlier_run_is_not_compared_with_a_later_one() -> None:
    """Reports that are written again say what was recorded, or nothing; the memory stays the later run's."""
    notes = Notes()
    row = (RowKey(5, 1), "a")
    remember(notes, 2, row)
    kept = dict(notes.kept)
    assert remember(notes, 1, row) is None
    assert notes.kept == kept
    recorded = SinceLastRun(run_id="r0", new=1, known=0, solved=0)
    assert compare(notes, 2, recorded=recorded).since == recorded


@pytest.mark.parametrize(
    ("completed", "content", "solved"), [(3, 1, True), (2, 1, False), (1, 1, False), (3, 2, False)]
)
def test_only_what_was_finished_after_it_was_bad_is_solved(completed: int, content: int, solved: bool) -> None:  # noqa: FBT001
    """A finished customer whose row broke later needs somebody, and so does a row that changed since."""
    notes = Notes()
    remember(notes, 2, (RowKey(5, 1), "a"))
    journey = Journey(key=b"k", fingerprint=b"", standing=Standing.COMPLETE, completed_run=completed)
    assert compare(notes, 4).is_solved(RowKey(5, content), journey) is solved
    assert not compare(notes, 4).is_solved(RowKey(6, content), journey)


def test_what_differed_from_what_was_sent_still_does() -> None:
    """The bank may finish a customer whose row changed under way: that row is changed, and nobody corrected it."""
    notes = Notes()
    bad = compare(notes, 1)
    bad.feed(RowKey(5, 1), "parked", differs=True)
    bad.remember(notes, "r1")  # type: ignore[arg-type]
    journey = Journey(key=b"k", fingerprint=b"", standing=Standing.COMPLETE, completed_run=2)
    assert not compare(notes, 3).is_solved(RowKey(5, 1), journey)
    assert not compare(notes, 3).is_solved(RowKey(5, 0), journey)


def test_what_this_very_run_finished_was_not_corrected_elsewhere() -> None:
    """It was finished with this row."""
    notes = Notes()
    remember(notes, 1, (RowKey(5, 1), "a"))
    journey = Journey(key=b"k", fingerprint=b"", standing=Standing.COMPLETE, completed_run=2)
    assert not compare(notes, 2).is_solved(RowKey(5, 1), journey)
    assert compare(notes, 3).is_solved(RowKey(5, 1), journey)


def test_what_is_solved_stays_solved() -> None:
    """It counts once, and is recognised in every later run."""
    notes = Notes()
    remember(notes, 1, (RowKey(5, 1), "a"))
    journey = Journey(key=b"k", fingerprint=b"", standing=Standing.COMPLETE, completed_run=2)
    counted = []
    for run in (3, 4, 5):
        bad = compare(notes, run)
        assert bad.is_solved(RowKey(5, 1), journey)
        bad.feed_solved(RowKey(5, 1))
        assert bad.since is not None
        counted.append(bad.since.solved)
        bad.remember(notes, f"r{run}")  # type: ignore[arg-type]
    assert counted == [1, 0, 0]


def test_the_memory_is_text_of_a_bounded_size() -> None:
    """A row takes some 23 characters, whoever it is."""
    notes = Notes()
    remember(notes, 1, *((RowKey(2**63 + n, n), "cause") for n in range(1000)))
    (text,) = (text for name, text in notes.kept.items() if name.startswith("bad_rows_"))
    assert len(text) < 24_000
