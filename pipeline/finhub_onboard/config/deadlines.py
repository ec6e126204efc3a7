"""When a run must stop, as the settings say it. Pure."""

import re
from datetime import datetime, time, timedelta


def deadline_at(deadline: str, now: datetime) -> datetime | None:
    """When a run that starts at ``now`` (aware) must stop: "HH:MM" is the next such local time, else an ISO instant.

    Raises ``ValueError`` for anything else; nothing is no deadline.
    """
    if not deadline:
        return None
    if re.fullmatch(r"[0-2]\d:[0-5]\d", deadline, re.ASCII):
        today, clock = now.astimezone().date(), time.fromisoformat(deadline)
        # By the local clock of that day: the night may be one in which it is set, and an hour may come twice.
        days = [datetime.combine(today + timedelta(days=day), clock) for day in (0, 1)]
        return next(at for day in days for fold in (0, 1) if (at := day.replace(fold=fold).astimezone()) > now)
    if re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", deadline, re.ASCII) is None:
        raise ValueError(deadline)
    at = datetime.fromisoformat(deadline)
    return at if at.tzinfo else at.astimezone()
