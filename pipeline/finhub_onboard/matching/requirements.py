"""What the settings require of a journey and its rows, for runs, plans and reports.

A joiner of settings, intake and journey. Knows no ledger and no bank.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

from finhub_onboard.config.settings import Settings
from finhub_onboard.journey.move_kinds import JourneyRules
from finhub_onboard.model import Phase


def journey_rules(settings: Settings) -> JourneyRules:
    """The settings that decide a customer's next move."""
    approval = settings.approval
    return JourneyRules(
        until=settings.journey.until,
        auto_levels=frozenset(approval.auto_levels) if approval.mode == "auto" else frozenset(),
        evidence_required=settings.consents.evidence == "required",
        verification_needs_document=settings.api.verification_path == "customer",
        verification_by_admin=settings.api.verification_path == "verifications",
        webhooks=bool(settings.api.webhook_subscription_id),
        max_tries=settings.retry.max_attempts,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a row must contain; ``reject``: an incomplete row is rejected, and not only reported."""

    rules: JourneyRules
    reject: bool = False

    def to_json(self) -> dict[str, Any]:
        """The form that the ledger stores."""
        return {"reject": self.reject, **asdict(self.rules), "auto_levels": sorted(self.rules.auto_levels)}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """Parse the form that the ledger stores."""
        rules = {name: value for name, value in kept.items() if name != "reject"}
        rules |= {"until": Phase(kept["until"]), "auto_levels": frozenset(kept["auto_levels"])}
        return cls(rules=JourneyRules(**rules), reject=kept["reject"])


def asked_by(settings: Settings) -> Asked:
    """What these settings require of each row."""
    return Asked(rules=journey_rules(settings), reject=settings.intake.incomplete == "reject")
