"""Kafka in: which event does what."""

from services.discipline.db.report_tables import report_holds
from services.discipline.usecases.answer_report import follow_read, keep_letter
from services.discipline.usecases.follow_lead import (
    destroy_facts,
    follow_merged,
    follow_resumed,
    follow_sealed,
    follow_suspended,
    follow_unmerged,
)
from services.discipline.usecases.keep_facts import keep_facts
from services.discipline.usecases.keep_retention import relearn_expunged
from services.discipline.usecases.open_leg import open_leg
from services.discipline.usecases.register_report import register_report
from services.discipline.usecases.relearn_leg import relearn_opened, relearn_step
from services.discipline.usecases.relearn_report import (
    relearn_accepted,
    relearn_ended,
    relearn_numbered,
    relearn_sent,
)
from shared import departures
from shared.audit_witness import witness
from shared.contracts.directory import StaffRecorded
from shared.contracts.discipline import (
    LegEnded,
    LegOpened,
    LegReceived,
    LetterSent,
    ReportAccepted,
    ReportEnded,
    ReportExpunged,
    ReportNumbered,
)
from shared.contracts.intake import (
    DisciplineFactsSealed,
    DualAssignmentCreated,
    LeadExpunged,
    LeadMerged,
    LeadResumed,
    LeadSealed,
    LeadSuspended,
    LeadUnmerged,
)
from shared.contracts.passed import LetterPassed, LetterRead, ReportPassed
from shared.inbox import Handlers
from shared.restore import Own

HANDLERS: Handlers = {
    DualAssignmentCreated: open_leg,
    DisciplineFactsSealed: keep_facts,
    StaffRecorded: departures.follow,
    LeadSuspended: follow_suspended,
    LeadResumed: follow_resumed,
    LeadMerged: follow_merged,
    LeadUnmerged: follow_unmerged,
    LeadSealed: follow_sealed,
    LeadExpunged: destroy_facts,
    ReportPassed: register_report,
    LetterPassed: keep_letter,
    LetterRead: follow_read,
    **witness("discipline"),
}

OWN: Own = {
    LegOpened: relearn_opened,
    LegReceived: relearn_step,
    LegEnded: relearn_step,
    ReportAccepted: relearn_accepted,
    ReportEnded: relearn_ended,
    LetterSent: relearn_sent,
    ReportExpunged: relearn_expunged,
    ReportNumbered: relearn_numbered,
    **report_holds.own,
}
"""What discipline said itself, for the way back after a restore."""
