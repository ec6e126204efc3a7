"""What a plan says: to people, and to programs. Pure."""

import json
from collections.abc import Iterator
from math import ceil, floor, log10

from finhub_onboard.commands.plan_result import Deadline, Plan
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.levels import ASSUMED, Source
from finhub_onboard.model import Disposition, Phase
from finhub_onboard.texts import duration

_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_THOUSAND = 1000
_WORTH_SAYING_S = 5.0
_MANY_PER_S = 100


def as_rows(forecast: Plan) -> Iterator[tuple[str, str]]:
    """Return the plan for people: labels and facts."""
    states = ", ".join(f"{count:,} {what}" for what, count in forecast.ledger_states.most_common())
    yield "rows", f"{forecast.rows:,}: {states}" if states else "0"
    yield "calls", f"{forecast.calls.total():,}, without repeats"
    yield from (("", f"{forecast.calls[phase]:>11,} {phase}") for phase in Phase if forecast.calls[phase])
    took = duration(forecast.seconds) if round(forecast.seconds) else "less than a second"
    yield "time", f"{took}, at {_few_digits(forecast.reached)} calls per second"
    if forecast.beside_s >= _WORTH_SAYING_S:
        yield "", f"and about {duration(forecast.beside_s)} to read the inputs and write the reports on this machine"
    yield "bottleneck", _why(forecast)
    if forecast.documents:
        yield "documents", f"{forecast.documents:,} to upload, {_size(forecast.document_bytes)}"
    if forecast.deadline:
        yield from (
            ("deadline" if not at else "", text) for at, text in enumerate(_deadline(forecast, forecast.deadline))
        )
    least, most = forecast.calls_range
    if least < most:
        yield "range", f"{least:,} to {most:,} calls"
    yield from (("assumed", text) for text in assumptions(forecast))
    yield "then", "if all goes well"
    for (disposition, code), count in forecast.ends.most_common():
        if count:
            yield "", f"{count:>11,} {disposition}" + (f": {code}{_meaning(disposition, code)}" if code else "")


def as_json(forecast: Plan) -> str:
    """Return the plan for programs."""
    return json.dumps(
        {
            "rows": forecast.rows,
            "ledger": dict(forecast.ledger_states),
            "calls": {str(phase): forecast.calls[phase] for phase in Phase},
            "calls_total": forecast.calls.total(),
            "calls_range": dict(zip(("from", "to"), forecast.calls_range, strict=True)),
            "assumptions": assumptions(forecast),
            "dispositions": {str(name): forecast.dispositions[name] for name in Disposition},
            "seconds": round(forecast.seconds, 3),
            "seconds_beside": round(forecast.beside_s, 1),
            "rate": forecast.rate,
            "max_in_flight": forecast.in_flight,
            "latency_s": forecast.latency_s,
            "bottleneck": forecast.bottleneck,
            "documents": {"uploads": forecast.documents, "bytes": forecast.document_bytes},
            "deadline": forecast.deadline and _deadline_values(forecast, forecast.deadline),
            "parked": forecast.parked,
            "then": [
                {"disposition": str(disposition), "code": code, "rows": count}
                for (disposition, code), count in forecast.ends.most_common()
                if count
            ],
        },
        indent=2,
    )


def _meaning(disposition: str, code: str) -> str:
    """What a customer who is parked will wait for."""
    known = next((each for each in Code if each == code), None) if disposition == Disposition.PARKED else None
    return f" ({known.message})" if known else ""


def _few_digits(rate: float) -> str:
    """Write a rate that was computed: its first digits say enough."""
    return f"{rate:,.0f}" if rate >= _MANY_PER_S else f"{rate:.3g}"


def _size(count: int) -> str:
    """Write a number of bytes in the largest unit that it fills."""
    size, unit = float(count), 0
    while size >= _THOUSAND and unit < len(_UNITS) - 1:
        size, unit = size / _THOUSAND, unit + 1
    return f"{size:,.3g} {_UNITS[unit]}"


def _deadline(forecast: Plan, deadline: Deadline) -> Iterator[str]:
    """Say what fits until the deadline, and what it takes to fit all in."""
    at = deadline.at.astimezone().isoformat(sep=" ", timespec="minutes")
    if deadline.seconds <= 0:
        yield f"{at} is over"
        return
    left = f"{at}, in {duration(deadline.seconds)}"
    if forecast.seconds <= deadline.seconds:
        yield f"{left}: all of it fits"
    else:
        yield (
            f"{left}: {deadline.customers:,} of {forecast.customers:,} customers fit; the others stay pending until the"
            " next run"
        )
    takes = ", ".join(f"{name} = {_at_least(value)}" for name, value in forecast.needed.items())
    yield f"to be over by then it takes {takes}"


def _at_least(value: float) -> str:
    """Write a rate in three digits, rounded up; more digits only above that."""
    step = 10.0 ** max(-6, floor(log10(value)) - 2) if value > 0 else 1.0
    return f"{ceil(value / min(step, 1.0) - 1e-9) * min(step, 1.0):.6g}"


def _deadline_values(forecast: Plan, deadline: Deadline) -> dict[str, object]:
    fits = forecast.seconds <= deadline.seconds
    return {
        "at": deadline.at.isoformat(timespec="seconds"),
        "seconds": round(deadline.seconds, 3),
        "fits": fits,
        "customers": forecast.customers,
        "customers_in_time": deadline.customers,
        "needed": {name: round(value, 6) for name, value in forecast.needed.items()},
    }


def assumptions(forecast: Plan) -> list[str]:
    """List assumptions that neither the bank nor the ledger confirms."""
    sentences = []
    if count := forecast.sources[Source.ASSUMED]:
        sentences.append(
            f"the bank's risk level of {count:,} rows is not known: taken as the row says, else LOW; the range is that"
            f" of {ASSUMED[0]}..{ASSUMED[1]}, HIGH would park; `onboard check` asks the bank"
        )
    if count := forecast.sources[Source.LEDGER]:
        sentences.append(f"the bank decides on {count:,} rows as it mostly did on others of their category")
    if forecast.waiting:
        sentences.append(
            f"nobody approves meanwhile: {forecast.waiting:,} rows wait for a person; the range goes up to all approved"
        )
    return sentences


def _why(forecast: Plan) -> str:
    if phase := forecast.slow_phase:
        return f"limits.{phase} ({forecast.phase_rates[phase]:,.6g}) for {forecast.calls[phase]:,} calls of that phase"
    if forecast.lacks_places:
        return (
            f"limits.max_in_flight ({forecast.in_flight}): the bank took {forecast.latency_s:.2f} s of late, so that"
            f" {_few_digits(forecast.reachable)} of {forecast.rate:,.6g} calls per second can be reached"
        )
    if forecast.day:
        return f"limits.window, else limits.calls_per_second ({forecast.rate:,.6g})"
    slow = forecast.in_flight / forecast.rate
    return (
        f"limits.calls_per_second ({forecast.rate:,.6g}); from {slow:,.3g} s per answer on,"
        f" limits.max_in_flight ({forecast.in_flight})"
    )
