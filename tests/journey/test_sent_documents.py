"""Which documents left: the mark that the ledger keeps of each, and the one that counts for a column."""

from finhub_onboard.journey.sent_documents import SentDocument, is_replaced_in_doubt, latest_of
from finhub_onboard.model import Journey
from tests.journey.world import KEYS, a_customer
from tests.values import replace

BASE = Journey(key=b"k", fingerprint=KEYS.fingerprint(a_customer()))


def test_a_mark_is_read_back_as_it_was_written() -> None:
    """As ledgers of all versions keep it."""
    document = SentDocument("PASSPORT", "aa", "1f-2e")
    assert document.mark == "PASSPORT=aa@1f-2e"
    assert SentDocument.read(document.mark) == document


def test_the_latest_document_of_a_column_counts() -> None:
    """A mark is found by the column of its kind."""
    marks = (SentDocument("PASSPORT", "aa", "1-1").mark, SentDocument("GOVERNMENT_ID", "bb", "2-2").mark)
    journey = replace(BASE, documents=marks)
    assert latest_of(journey, "identity_document") == ("GOVERNMENT_ID", "bb", "2-2")
    assert latest_of(journey, "funds_document") is None


def test_a_document_in_doubt_is_only_sent_again_as_it_left() -> None:
    """Another time of the file is nothing; another content is; without a doubt nothing is asked."""
    held = replace(
        BASE, step="upload_document/PASSPORT", doubts=1, documents=(SentDocument("PASSPORT", "aa", "1").mark,)
    )
    assert not is_replaced_in_doubt(held, SentDocument("PASSPORT", "aa", "2").mark)
    assert is_replaced_in_doubt(held, SentDocument("PASSPORT", "bb", "1").mark)
    assert not is_replaced_in_doubt(replace(held, doubts=0), SentDocument("PASSPORT", "bb", "1").mark)
    assert not is_replaced_in_doubt(held, "")
