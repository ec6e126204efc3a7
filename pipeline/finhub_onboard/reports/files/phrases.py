"""Phrases of the page and of the summary line: counts with their nouns, texts as sentences.

Promises: pure; plain English.
"""


def count_rows(count: int) -> str:
    """A number of rows in words."""
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def sentences(*texts: str) -> str:
    """Join texts as sentences; empty ones are left out. A path keeps its first letter."""
    return " ".join(f"{_capitalised(text).rstrip('.')}." for text in texts if text)


def _capitalised(text: str) -> str:
    is_path = "/" in text.partition(" ")[0]
    return text if is_path else text[0].upper() + text[1:]
