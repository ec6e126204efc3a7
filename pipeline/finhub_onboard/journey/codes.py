"""The journey's codes: what each means, and what to do next.

Promises: codes are stable; each has one plain sentence without any value of a row, and a hint. Knows no rule.
"""

from enum import StrEnum
from typing import Self


class Code(StrEnum):
    """Why a journey stopped, waits or was refused; the value stands in the ledger, in reports and in ``--code``."""

    message: str
    """What it means, in plain words."""
    hint: str
    """What to do next."""

    def __new__(cls, value: str, message: str, hint: str) -> Self:
        """Make a member of a value and its words."""
        code = str.__new__(cls, value)
        code._value_ = value
        code.message, code.hint = message, hint
        return code

    NONE = ("", "", "")
    """Nothing is wrong."""
    CONNECTION_FAILED = (
        "connection_failed",
        "no connection to the bank",
        "check the network and api.base_url; run again",
    )
    NO_ANSWER = ("no_answer", "the request left and no answer came", "nothing to do: the job finds out what happened")
    UNREADABLE_ANSWER = (
        "unreadable_answer",
        "the bank accepted the request but its answer cannot be read",
        "nothing to do: the job finds out what happened",
    )
    ANOTHERS_ID = (
        "anothers_id",
        "the bank's answer is about another customer, or gives the id of one, and is not used",
        "nothing to do: the job finds out what happened; tell the bank",
    )
    PERSONAL_ID = (
        "personal_id",
        "the bank accepted the request, but the id in its answer is made of the customer's own data and is not kept",
        "nothing to do: the job finds out what happened; tell the bank that ids must not hold personal data",
    )
    GATEWAY_ANSWER = (
        "gateway_answer",
        "the answer is not the bank's: a gateway, proxy or firewall on the way wrote it",
        "nothing to do: the job tries again; tell whoever runs the gateway if it stays",
    )
    SERVER_ERROR = (
        "server_error",
        "the bank, or a gateway before it, reported a fault of its own",
        "run again later; tell the bank if it stays",
    )
    FALSE_SUCCESS = (
        "false_success",
        "the bank answered 200 with a body that says failure",
        "run again later; tell the bank if it stays",
    )
    UNEXPECTED_STATUS = (
        "unexpected_status",
        "the bank answered with a status that its contract does not have",
        "check api.base_url",
    )
    RATE_REFUSED = (
        "rate_refused",
        "the bank refused the call for its rate",
        "lower limits.calls_per_second if it happens often",
    )
    TOO_EARLY = ("too_early", "the bank asked to repeat the call later", "nothing to do")
    TOKEN_REFUSED = (
        "token_refused",
        "the bank refused a token that it had just issued",
        "check the admin user and the tenant",
    )
    MISSING_HEADER = (
        "missing_header",
        "the bank misses a required header: a defect of this program, or something between strips headers",
        "check proxies on the way; report it",
    )
    FORBIDDEN = (
        "forbidden",
        "the bank denies access for this tenant or user",
        "check api.tenant_id, the admin user's role and that categorization is enabled",
    )
    ROLE_REFUSED = (
        "role_refused",
        "the admin user lacks the role that this call needs",
        "give the user COMPLIANCE_OFFICER or ADMIN_USER in the Admin Portal",
    )
    CATEGORY_REFUSED = (
        "category_refused",
        "the bank does not take this category",
        "correct category; `onboard check` lists them",
    )
    CATEGORY_UNKNOWN = (
        "category_unknown",
        "the bank's hierarchy no longer has this category",
        "correct category; `onboard check` lists what the tenant has",
    )
    CATEGORY_PARAMETERS = (
        "category_parameters",
        "the category needs values that the configuration and the row do not give",
        'state them in [categories."…".parametrization]; `onboard check` lists what each category needs',
    )
    REFUSED = (
        "refused",
        "the bank refused the data of this row",
        "correct the field and run the rejects file; where the bank names none, ask it what it refuses",
    )
    DUPLICATE_EMAIL = (
        "duplicate_email",
        "the bank already has a customer with this e-mail, and this ledger knows of no registration by this job",
        (
            "look whether it is this person: a run with another ledger may have registered it, so go on with that "
            "ledger (if it was restored: `--ledger-restored`); else correct the e-mail"
        ),
    )
    DUPLICATE_PHONE = (
        "duplicate_phone",
        "the bank already has a customer with this phone number",
        "look whether it is this person, or one who shares the number; else correct the phone",
    )
    EXISTS_AFTER_DOUBT = (
        "exists_after_doubt",
        "an earlier registration of this customer did arrive, but its answer was lost and the id is unknown",
        "find the customer by e-mail in the Admin Portal and answer in in_doubt.csv (`onboard resolve`)",
    )
    REGISTRATION_IN_DOUBT = (
        "registration_in_doubt",
        "whether this customer was registered is unknown, and the one repeat is used up",
        "look for the e-mail in the Admin Portal and answer in in_doubt.csv (`onboard resolve`)",
    )
    OUTCOME_UNKNOWN = (
        "outcome_unknown",
        "whether the bank carried this step out is unknown: no read tells, and another repeat would be blind",
        "look at the customer in the Admin Portal and answer in in_doubt.csv (`onboard resolve`)",
    )
    OPERATOR_VOUCHES = (
        "operator_vouches",
        "the operator answered that the bank does not have this customer",
        "run the same command again: the customer is registered once more",
    )
    CLAIM_UNKNOWN = (
        "claim_unknown",
        "the id that the operator gave is not this customer's at the bank",
        "look again and answer in in_doubt.csv (`onboard resolve`); if only the log-in is refused, leave user_id empty",
    )
    ROW_CHANGED_IN_DOUBT = (
        "row_changed_in_doubt",
        "the row changed in what a step that is in doubt has sent, so it is not sent again",
        "restore the row, or find the customer in the Admin Portal and answer in in_doubt.csv (`onboard resolve`)",
    )
    ROW_CHANGED_AFTER_REGISTRATION = (
        "row_changed_after_registration",
        "the row changed in what the bank already registered, and the API has no update",
        "restore the row, or have the bank correct the customer",
    )
    NOT_FOUND = (
        "not_found",
        "the bank does not know the customer or the verification",
        "check the customer in the Admin Portal",
    )
    STATE_CONFLICT = (
        "state_conflict",
        "the bank says that this conflicts with the state it has",
        "settle in the Admin Portal what the customer waits for, then run again: the job reads first how it stands",
    )
    DOCUMENT_TOO_LARGE = ("document_too_large", "the bank refused a document for its size", "give a smaller file")
    DOCUMENT_MISSING = (
        "document_missing",
        "the bank asks for a document that the row does not have",
        "add the document to the row and run again",
    )
    DOCUMENT_REFUSED = (
        "document_refused",
        "the bank does not accept a document that was uploaded",
        "give a better one under another file name in the row, then run again: it is uploaded in place of this one",
    )
    DOCUMENT_NUMBER_MISSING = (
        "document_number_missing",
        "a verification needs document_type and document_number, and the row lacks one",
        "add both to the row and run again",
    )
    LOGIN_REFUSED = (
        "login_refused",
        "the customer's own log-in was refused",
        "the password was changed: continue by hand",
    )
    USER_LOCKED = (
        "user_locked",
        "the customer's user is locked",
        "wait 30 minutes, then finish the customer in the Admin Portal",
    )
    VERIFICATION_REFUSED = (
        "verification_refused",
        "the bank refused the verification",
        "ask the customer for other evidence: a row with another document or number opens a new verification",
    )
    VERIFICATION_EXPIRED = (
        "verification_expired",
        "the verification expired, and the one that was opened in its place did so, too",
        "run the same command again: it opens another one; tell the bank if it stays",
    )
    NOT_VERIFIED = (
        "not_verified",
        "the bank says that the customer is not verified",
        "look at the verification in the portal",
    )
    HIGH_RISK = (
        "high_risk",
        "a high-risk customer needs the approval of the power tenant (1 to 3 business days)",
        "have the power tenant approve, then run the same command again",
    )
    APPROVAL_NEEDED = (
        "approval_needed",
        "the verification waits for a person's approval",
        "approve it in the Admin Portal, then run the same command again",
    )
    APPROVAL_LOST = (
        "approval_lost",
        "the answers to the approval were lost twice, and the activation check says that it was not done",
        "approve it in the Admin Portal, then run the same command again",
    )
    APPROVAL_NOT_FINAL = (
        "approval_not_final",
        "the bank took the approval but does not call the verification approved",
        "look at the verification in the Admin Portal, then run the same command again",
    )
    CONSENT_EVIDENCE_MISSING = (
        "consent_evidence_missing",
        "the row does not prove a consent",
        'add the *_accepted_at columns, or set consents.evidence = "assumed" and answer for it',
    )
    CONSENT_VERSION_REFUSED = (
        "consent_version_refused",
        "the bank does not accept this version of a consent",
        "have customers accept the one in force: the row's *_version and *_accepted_at, else consents.*_version",
    )
    MISSING_CONSENTS = ("missing_consents", "the bank misses a consent", "run again; tell the bank if it stays")
    CONSENTS_NOT_RECORDED = (
        "consents_not_recorded",
        "the consents were sent but the activation check does not show them",
        "run again; tell the bank if it stays",
    )
    ACTIVATION_NOT_ALLOWED = (
        "activation_not_allowed",
        "the activation check says no without naming a reason that the job knows",
        "look at the customer in the Admin Portal, then run the same command again",
    )
