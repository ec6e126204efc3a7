"""The first pass over the inputs of a command, with its events, and the start of the deadline."""

from collections.abc import Callable
from datetime import datetime

from finhub_onboard.config.deadlines import deadline_at
from finhub_onboard.config.order import Order
from finhub_onboard.config.profile import Profile
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.documents_root import refuse_if_missing
from finhub_onboard.engine.stages import stage
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.events import Handler, Notice, Surveyed
from finhub_onboard.finhub.registration import is_own
from finhub_onboard.intake.first_pass import Survey, survey
from finhub_onboard.intake.header import list_names, showable
from finhub_onboard.intake.reading.files import Reading
from finhub_onboard.model.columns import EXTRA

_MANY_INPUTS, _INPUTS_IN_A_LINE = 20, 10
"""From how many inputs on they are told together, and how many at a time."""


def survey_inputs(
    order: Order, settings: Settings, emit: Handler, *, checkpoint: Callable[[], None] = lambda: None
) -> Survey:
    """Read every input through once: what cannot be read as a whole stops here, before anything is sent.

    ``checkpoint`` is called for each batch of this pass and of later ones; what it raises ends them. Raises
    :class:`UnreadableInputError`, and :class:`ConfigurationError` for a folder of documents that cannot be used.
    """
    _refuse_own_members(order.profile)
    reading = Reading.configured(order.profile, settings.intake, checkpoint)
    batch_rows = settings.intake.batch_rows
    with stage("survey", emit) as reached:
        inputs = survey(order.inputs, batch_rows=batch_rows, limit=order.limit, reading=reading, reached=reached)
    each = 1 if len(inputs.sources) < _MANY_INPUTS else _INPUTS_IN_A_LINE
    for first in range(0, len(inputs.sources), each):
        sources, tables = inputs.sources[first : first + each], inputs.tables[first : first + each]
        name = sources[0].name + (f" and {len(sources) - 1} more" if len(sources) > 1 else "")
        written = "; ".join(dict.fromkeys(table.written for table in tables if table.written))
        emit(Surveyed(source=name, rows=sum(source.rows for source in sources), written=written))
    if not inputs.compared:
        emit(Notice(message="too many rows share a birth date and parts of a name: not all were compared"))
    if lost := _unmapped(inputs):
        emit(Notice(message=f"{list_names(lost)}: no member in the profile's [extra], so nothing of it is sent"))
    refuse_if_missing(inputs, settings.documents.root, batch_rows=batch_rows)
    return inputs


def _refuse_own_members(profile: Profile) -> None:
    for name, extra in profile.extra.items():
        if is_own(extra.member):
            raise ConfigurationError(
                f"the profile's extra.{name} fills {extra.member}, which the job fills itself",
                hint="name another member of the registration's body, or use the canonical column",
            )


def _unmapped(inputs: Survey) -> list[str]:
    """The columns ``extra.*`` that are not sent; only names that can be shown."""
    mapped = inputs.reading.profile.named
    names: dict[str, None] = {}
    for table in inputs.tables:
        unmapped = {name for name in table.columns if name.startswith(f"{EXTRA}.") and name not in mapped}
        if unmapped:  # else the vocabulary of headers is not needed
            names |= dict.fromkeys(name for name in showable(table.columns) if name in unmapped)
    return list(names)


def announce_deadline(settings: Settings, began: datetime, emit: Handler) -> datetime | None:
    """Return the deadline of a run that began then, and emit it, because it may be tomorrow."""
    deadline = settings.stop.deadline
    at = deadline_at(deadline, began)
    if at is not None:
        local = at.astimezone()
        is_over = ":" in deadline[:3] and local.date() != began.astimezone().date()
        passed = f"today's {deadline} is over: " if is_over else ""
        emit(Notice(message=f"{passed}the run stops at {local.isoformat(timespec='seconds')} (stop.deadline)"))
    return at
