"""Kafka in: which event does what."""

from services.intake.usecases.follow_leg import follow_ended, follow_received
from services.intake.usecases.follow_work import follow_accepted, follow_concluded
from shared.audit_witness import witness
from shared.contracts.discipline import LegEnded, LegReceived
from shared.contracts.verification import WorkAccepted, WorkConcluded
from shared.inbox import Handlers

HANDLERS: Handlers = {
    WorkAccepted: follow_accepted,
    WorkConcluded: follow_concluded,
    LegReceived: follow_received,
    LegEnded: follow_ended,
    **witness("intake"),
}
