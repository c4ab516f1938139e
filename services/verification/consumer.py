"""Kafka in: which event does what."""

from services.verification.usecases.keep_facts import keep_facts
from services.verification.usecases.open_work import open_work
from shared.audit_witness import witness
from shared.contracts.intake import LeadAssigned, VerificationFactsSealed
from shared.inbox import Handlers

HANDLERS: Handlers = {
    LeadAssigned: open_work,
    VerificationFactsSealed: keep_facts,
    **witness("verification"),
}
