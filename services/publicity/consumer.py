"""Kafka in: which event does what."""

from services.publicity.usecases.record_facts import record_facts
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
from shared.inbox import Handlers, InBatches

KEEP = InBatches(record_facts)
HANDLERS: Handlers = {
    LeadReceived: KEEP,
    LeadClassified: KEEP,
    LeadAssigned: KEEP,
    DualAssignmentCreated: KEEP,
    LegStatusChanged: KEEP,
    DualAssignmentCompleted: KEEP,
    WorkOpened: KEEP,
    WorkAccepted: KEEP,
    WorkConcluded: KEEP,
    LegOpened: KEEP,
    LegReceived: KEEP,
    LegEnded: KEEP,
    **witness("publicity"),
}
