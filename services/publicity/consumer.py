"""Kafka in: which event does what."""

from services.publicity.usecases.follow_directory import follow_placement, follow_staff, follow_unit
from services.publicity.usecases.record_facts import record_facts
from shared.audit_witness import witness
from shared.contracts.directory import PlacementRecorded, StaffRecorded, UnitRecorded
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
    UnitRecorded: follow_unit,
    StaffRecorded: follow_staff,
    PlacementRecorded: follow_placement,
    **witness("publicity"),
}
