"""Recognises what other programs write below the rows: a total, a count, a note. It is a record, and no customer.

Promises: only the last records of an input are looked at, and of these only such as have hardly any cells: a footer is
a reject in any case, and gets one plain name instead of the many rules that it breaks. Knows no rules.
"""

import re
from collections.abc import Iterator

from finhub_onboard.intake.findings import Piece
from finhub_onboard.model.columns import ERROR_COLUMNS, OUR_COLUMNS

_LAST = 5
"""So many records at the end of an input may be a footer."""
_MOST_CELLS = 3
_LONGEST = 500
_WORDS = (
    *("total", "totals", "grand total", "sub-?total", "sum", "count", "records?", "rows?", "customers?", "lines?"),
    *("trailer", "trl", "eof", "end of .*", "total general", "generated .*", "exported .*", "created .*"),
    *("summe", "gesamt", "gesamtsumme", "anzahl", "dateiende", "ende der .*", "erstellt .*", "exportiert .*"),
    *("totale", "somma", "conteggio", "fine .*", "somme", "nombre", "fin d.*", "suma", "recuento", "aantal", "totaal"),
    *("razem", "ogółem", "suma końcowa", "viso", "iš viso", "suma iš viso", "soma", "celkem", "összesen", "yhteensä"),
)
_COUNT = r"\d+ (?:rows?|records?|customers?|lines?|zeilen|sätze)\b.*"
_FOOTER = re.compile(rf"\W*(?:(?:{'|'.join(_WORDS)})[\W\d]*|{_COUNT})", re.IGNORECASE)
_BETWEEN = re.compile(r"[,;\t|]")
"""Delimiters; one within a cell makes two of it, which does no harm to a record with so few."""


def find(piece: Piece, rows: int) -> Iterator[int]:
    """Yield the places of footers in a batch of an input with so many ``rows``."""
    most = _MOST_CELLS + len(OUR_COLUMNS) * (ERROR_COLUMNS[0] in piece.table.columns)  # a rejects file has more
    first = max(0, rows - _LAST + 1 - piece.batch.first_row)
    places = range(first, piece.batch.height)
    for place, cells in zip(places, _cells(piece, places), strict=True):
        filled = [cell for cell in cells if cell]
        if 0 < len(filled) <= most and _FOOTER.fullmatch(filled[0]):
            yield place


def _cells(piece: Piece, places: range) -> Iterator[list[str]]:
    """The cells of records as the file has them; those of malformed ones, too."""
    if not places:
        return
    if piece.batch.raws:
        for raw in piece.batch.raws(places):
            text = raw[:_LONGEST].decode("utf-8", "replace")
            yield [cell.strip(" \"'\r\n") for cell in _BETWEEN.split(text)]
    else:
        for row in piece.batch.file()[list(places)].iter_rows():
            yield ["" if cell is None else str(cell).strip() for cell in row]
