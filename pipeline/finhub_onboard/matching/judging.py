"""How the rows of a run are read and judged, by what was fixed at its start: for the run, and for its reports later.

A joiner of run facts, intake and journey. Knows no ledger and no bank.
"""

from finhub_onboard.intake.findings import Lack
from finhub_onboard.intake.needs import Needs
from finhub_onboard.intake.reading.files import Reading
from finhub_onboard.intake.second_pass import Rules
from finhub_onboard.journey.completeness import DECISIVE_COLUMN, FILLED_COLUMNS, lacking
from finhub_onboard.matching.requirements import Asked
from finhub_onboard.matching.run_facts import RunFacts
from finhub_onboard.model import Category, Customer


def reading_of(facts: RunFacts) -> Reading:
    """How the run reads its inputs."""
    return Reading(profile=facts.profile, max_unpacked=facts.max_unpacked)


def rules_of(facts: RunFacts, categories: tuple[Category, ...] | None = None) -> Rules:
    """The rules that the run judges rows by; ``categories``: those of the bank, once they are known."""
    return Rules(
        now=facts.now,
        min_age=facts.min_age,
        documents_root=facts.documents_root,
        max_document_bytes=facts.max_document_bytes,
        categories=categories,
        reject_probable=facts.reject_probable,
        needs=_needs(facts.asked) if facts.asked else None,
    )


def _needs(asked: Asked) -> Needs:
    """What is asked, for the intake, which knows no ledger: customers who are finished lack things, too."""

    def lacks(customer: Customer) -> tuple[Lack, ...]:
        return tuple(
            Lack(field=rest.field, code=rest.code, message=rest.code.message, hint=rest.code.hint)
            for rest in lacking(customer, asked.rules)
        )

    return Needs(lacks=lacks, worth=(DECISIVE_COLUMN,), filled=FILLED_COLUMNS)
