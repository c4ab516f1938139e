"""Kafka in: which event does what."""

from services.discipline.usecases.keep_facts import keep_facts
from services.discipline.usecases.open_leg import open_leg
from shared import departures
from shared.audit_witness import witness
from shared.contracts.directory import StaffRecorded
from shared.contracts.intake import DisciplineFactsSealed, DualAssignmentCreated
from shared.inbox import Handlers

HANDLERS: Handlers = {
    DualAssignmentCreated: open_leg,
    DisciplineFactsSealed: keep_facts,
    StaffRecorded: departures.follow,
    **witness("discipline"),
}
