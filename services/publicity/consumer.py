"""Kafka in: which event does what."""

from services.publicity.usecases.record_fact import record_fact
from shared.audit_witness import witness
from shared.contracts.discipline import LegEnded, LegOpened, LegReceived
from shared.contracts.intake import (
    DualAssignmentCompleted,
    DualAssignmentCreated,
    LeadAssigned,
    LeadClassified,
    LeadReceived,
    LegStatusChanged,
)
from shared.contracts.verification import WorkAccepted, WorkConcluded, WorkOpened
from shared.inbox import Handlers

HANDLERS: Handlers = {
    LeadReceived: record_fact,
    LeadClassified: record_fact,
    LeadAssigned: record_fact,
    DualAssignmentCreated: record_fact,
    LegStatusChanged: record_fact,
    DualAssignmentCompleted: record_fact,
    WorkOpened: record_fact,
    WorkAccepted: record_fact,
    WorkConcluded: record_fact,
    LegOpened: record_fact,
    LegReceived: record_fact,
    LegEnded: record_fact,
    **witness("publicity"),
}
