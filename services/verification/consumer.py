"""Kafka in: which event does what."""

from services.verification.usecases.follow_directory import follow_placement, follow_staff
from services.verification.usecases.follow_lead import (
    destroy_facts,
    follow_dates,
    follow_hold,
    follow_merged,
    follow_raised,
    follow_release,
    follow_resumed,
    follow_sealed,
    follow_suspended,
    follow_unmerged,
    follow_urgency,
    take_back,
    withdraw_disputed,
)
from services.verification.usecases.keep_facts import keep_facts
from services.verification.usecases.open_work import open_work
from services.verification.usecases.relearn_work import relearn_opened, relearn_step
from shared.audit_witness import witness
from shared.contracts.directory import PlacementRecorded, StaffRecorded
from shared.contracts.intake import (
    DeadlineMoved,
    DualHoldReleased,
    DualHoldSet,
    LeadAssigned,
    LeadExpunged,
    LeadLevelRaised,
    LeadMerged,
    LeadRecalled,
    LeadResumed,
    LeadRuled,
    LeadSealed,
    LeadSuspended,
    LeadUnmerged,
    LeadUrgencySaid,
    VerificationFactsSealed,
)
from shared.contracts.verification import (
    WorkAccepted,
    WorkConcluded,
    WorkDisputed,
    WorkFirstReported,
    WorkOpened,
    WorkReturnedByReview,
    WorkReviewed,
)
from shared.inbox import Handlers
from shared.restore import Own

HANDLERS: Handlers = {
    LeadAssigned: open_work,
    VerificationFactsSealed: keep_facts,
    StaffRecorded: follow_staff,
    PlacementRecorded: follow_placement,
    LeadRuled: withdraw_disputed,
    LeadRecalled: take_back,
    DeadlineMoved: follow_dates,
    LeadLevelRaised: follow_raised,
    DualHoldSet: follow_hold,
    DualHoldReleased: follow_release,
    LeadSuspended: follow_suspended,
    LeadResumed: follow_resumed,
    LeadMerged: follow_merged,
    LeadUnmerged: follow_unmerged,
    LeadUrgencySaid: follow_urgency,
    LeadSealed: follow_sealed,
    LeadExpunged: destroy_facts,
    **witness("verification"),
}

OWN: Own = {
    WorkOpened: relearn_opened,
    WorkAccepted: relearn_step,
    WorkDisputed: relearn_step,
    WorkFirstReported: relearn_step,
    WorkConcluded: relearn_step,
    WorkReviewed: relearn_step,
    WorkReturnedByReview: relearn_step,
}
"""What verification said itself, for the way back after a restore."""
