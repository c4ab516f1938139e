"""Kafka in: which event does what."""

from services.verification.usecases.follow_directory import follow_placement, follow_staff
from services.verification.usecases.keep_facts import keep_facts
from services.verification.usecases.open_work import open_work
from shared.audit_witness import witness
from shared.contracts.directory import PlacementRecorded, StaffRecorded
from shared.contracts.intake import LeadAssigned, VerificationFactsSealed
from shared.inbox import Handlers

HANDLERS: Handlers = {
    LeadAssigned: open_work,
    VerificationFactsSealed: keep_facts,
    StaffRecorded: follow_staff,
    PlacementRecorded: follow_placement,
    **witness("verification"),
}
