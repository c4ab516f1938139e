"""Kafka in: which event does what."""

from services.intake.db.life_tables import legal_holds
from services.intake.domain.lead_life import FOLLOWED, TOLD
from services.intake.usecases import screen
from services.intake.usecases.exchange_between_legs import relearn_hold
from services.intake.usecases.follow_leg import follow_ended, follow_received
from services.intake.usecases.follow_passed import (
    follow_report_accepted,
    follow_report_ended,
    follow_report_expunged,
    keep_letter,
    relearn_read,
)
from services.intake.usecases.follow_work import (
    follow_accepted,
    follow_concluded,
    follow_disputed,
    follow_first_report,
    follow_reviewed,
    follow_work,
)
from services.intake.usecases.open_digests import relearn_closed, relearn_opened
from services.intake.usecases.raise_level import relearn_raised
from services.intake.usecases.relearn_deadline import relearn_moved, relearn_said
from services.intake.usecases.relearn_ends import (
    relearn_review_date,
    relearn_transfer,
    relearn_transfer_received,
    relearn_transfer_undone,
)
from services.intake.usecases.relearn_entry import relearn_entry
from services.intake.usecases.relearn_lead import (
    relearn_dual,
    relearn_leg,
    relearn_merged,
    relearn_nothing,
    relearn_recalled,
    relearn_received,
    relearn_step,
    relearn_unmerged,
    relearn_urgency,
)
from services.intake.usecases.relearn_life import (
    relearn_objection,
    relearn_rest,
    relearn_ruled,
    relearn_suspended,
    relearn_told,
)
from services.intake.usecases.tell_reward import relearn_paid
from shared.audit_witness import witness
from shared.contracts.daily_digests import DailyDigestClosed, DailyDigestOpened
from shared.contracts.directory import PlacementRecorded, StaffRecorded, UnitRecorded
from shared.contracts.discipline import LegEnded, LegReceived, LetterSent, ReportAccepted, ReportEnded, ReportExpunged
from shared.contracts.ends import LeadReviewDateSet, LeadTransferReceived, LeadTransferred, LeadTransferUndone
from shared.contracts.intake import (
    DeadlineColoured,
    DeadlineEscalated,
    DeadlineMoved,
    DualAssignmentCompleted,
    DualAssignmentCreated,
    DualHoldReleased,
    DualHoldSet,
    FeedbackObjected,
    LeadAssigned,
    LeadClassified,
    LeadExpunged,
    LeadLevelRaised,
    LeadMerged,
    LeadRecalled,
    LeadReceived,
    LeadRuled,
    LeadSealed,
    LeadSuspended,
    LeadUnmerged,
    LeadUrgencySaid,
    LegStatusChanged,
)
from shared.contracts.passed import LetterRead
from shared.contracts.rewards import RewardPaid
from shared.contracts.screenings import ScreeningOpened, ScreeningReturned
from shared.contracts.verification import WorkAccepted, WorkConcluded, WorkDisputed, WorkFirstReported, WorkReviewed
from shared.inbox import Handlers
from shared.restore import Own

HANDLERS: Handlers = {
    WorkAccepted: follow_accepted,
    WorkConcluded: follow_concluded,
    WorkDisputed: follow_disputed,
    WorkFirstReported: follow_first_report,
    WorkReviewed: follow_reviewed,
    **{event: follow_work for event in FOLLOWED if event is not WorkDisputed},
    LegReceived: follow_received,
    LegEnded: follow_ended,
    ReportAccepted: follow_report_accepted,
    ReportEnded: follow_report_ended,
    ReportExpunged: follow_report_expunged,
    LetterSent: keep_letter,
    **witness("intake"),
}

OWN: Own = {
    LeadReceived: relearn_received,
    LeadClassified: relearn_step,
    LeadUrgencySaid: relearn_urgency,
    LeadAssigned: relearn_step,
    DualAssignmentCreated: relearn_dual,
    LegStatusChanged: relearn_leg,
    DualAssignmentCompleted: relearn_nothing,
    DeadlineColoured: relearn_said,
    DeadlineEscalated: relearn_said,
    DeadlineMoved: relearn_moved,
    LeadMerged: relearn_merged,
    LeadUnmerged: relearn_unmerged,
    UnitRecorded: relearn_entry,
    StaffRecorded: relearn_entry,
    PlacementRecorded: relearn_entry,
    **dict.fromkeys(TOLD, relearn_told),
    LeadLevelRaised: relearn_raised,
    LeadSuspended: relearn_suspended,
    LeadSealed: relearn_rest,
    LeadExpunged: relearn_rest,
    DualHoldSet: relearn_hold,
    DualHoldReleased: relearn_hold,
    LeadRuled: relearn_ruled,
    LeadRecalled: relearn_recalled,
    LeadReviewDateSet: relearn_review_date,
    LeadTransferred: relearn_transfer,
    LeadTransferReceived: relearn_transfer_received,
    LeadTransferUndone: relearn_transfer_undone,
    FeedbackObjected: relearn_objection,
    DailyDigestOpened: relearn_opened,
    DailyDigestClosed: relearn_closed,
    ScreeningOpened: screen.relearn_opened,
    ScreeningReturned: screen.relearn_returned,
    LetterRead: relearn_read,
    RewardPaid: relearn_paid,
    **legal_holds.own,
}
"""What intake said itself, for the way back after a restore."""
