"""All event classes by type: the list that readers, documents and tests share."""

from shared.contracts import (
    directory,
    discipline,
    intake,
    legal_holds,
    passed,
    publicity,
    rewards,
    screenings,
    verification,
)
from shared.contracts.checkpoint import Checkpoint
from shared.contracts.envelope import Event, SealedEvent

EVENT_CLASSES: tuple[type[Event], ...] = (
    intake.LeadReceived,
    intake.LeadClassified,
    intake.LeadAssigned,
    intake.VerificationFactsSealed,
    intake.DisciplineFactsSealed,
    intake.DualAssignmentCreated,
    intake.LegStatusChanged,
    intake.DualAssignmentCompleted,
    verification.WorkOpened,
    verification.WorkAccepted,
    verification.WorkConcluded,
    discipline.LegOpened,
    discipline.LegReceived,
    discipline.LegEnded,
    intake.IntakeCheckpointSigned,
    verification.VerificationCheckpointSigned,
    discipline.DisciplineCheckpointSigned,
    publicity.PublicityCheckpointSigned,
    intake.DeadlineColoured,
    intake.DeadlineEscalated,
    intake.DeadlineMoved,
    intake.LeadMerged,
    intake.LeadUnmerged,
    directory.UnitRecorded,
    directory.StaffRecorded,
    directory.PlacementRecorded,
    intake.LeadDeclined,
    intake.LeadRedirected,
    intake.LeadRedirectReturned,
    intake.LeadRuled,
    intake.LeadSuspended,
    intake.LeadResumed,
    intake.FeedbackDelivered,
    intake.FeedbackObjected,
    intake.LeadClosed,
    intake.LeadReopened,
    intake.LeadSealed,
    intake.LeadExpunged,
    intake.DualHoldSet,
    intake.DualHoldReleased,
    verification.WorkDisputed,
    verification.WorkFirstReported,
    verification.WorkTaskForceFormed,
    verification.WorkReportSubmitted,
    verification.WorkReportReturned,
    verification.WorkReturnedByReview,
    verification.WorkParked,
    verification.WorkWoken,
    verification.WorkTransferred,
    verification.WorkTransferUndone,
    intake.DailyDigestOpened,
    intake.DailyDigestClosed,
    screenings.ScreeningOpened,
    screenings.ScreeningReturned,
    passed.ReportPassed,
    discipline.ReportAccepted,
    discipline.ReportEnded,
    discipline.LetterSent,
    discipline.ReportExpunged,
    passed.LetterPassed,
    passed.LetterRead,
    rewards.RewardPaid,
    legal_holds.IntakeLegalHoldSet,
    legal_holds.IntakeLegalHoldReleased,
    legal_holds.DisciplineLegalHoldSet,
    legal_holds.DisciplineLegalHoldReleased,
    discipline.ReportNumbered,
)
BY_TYPE: dict[str, type[Event]] = {event.TYPE: event for event in EVENT_CLASSES}
SEALED_TOPICS = frozenset(event.TOPIC for event in EVENT_CLASSES if issubclass(event, SealedEvent))
"""Topics whose records carry a box for one receiver."""
DAY_TYPES = frozenset(event.TYPE for event in EVENT_CLASSES if event.DAY_PRECISION)
"""Events of which nothing may tell more than the day, on the broker neither."""
CHECKPOINTS: dict[str, type[Checkpoint]] = {
    event.TOPIC.split(".")[0]: event for event in EVENT_CLASSES if issubclass(event, Checkpoint)
}
"""Service → what it says when it signs its audit chain."""
