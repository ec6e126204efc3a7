"""Phrases of the page and of the summary line: counts with their nouns, texts as sentences.

Promises: pure; plain English.
"""


def count_rows(count: int) -> str:
    """A number of rows in words."""
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def sentences(*texts: str) -> str:
    """Join texts as sentences; empty ones are left out."""
    return " ".join(f"{text[0].upper()}{text[1:].rstrip('.')}." for text in texts if text)
