"""Time zones by their names, as settings and profiles state them."""

from zoneinfo import ZoneInfo


def checked_zone(value: str) -> str:
    """Return the name of a time zone, or nothing. Raises ``ValueError`` for one that is not known."""
    try:
        if value:
            ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("is no time zone such as Europe/Berlin") from None
    return value
