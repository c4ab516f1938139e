"""A conclusion that was drawn waits for its quality review (D36); what it sends back is reported again in time (D10)."""

from shared.migrations.run import script

revision = "0070"
down_revision = "0069"

_STATEMENTS = """
alter table leads drop constraint ck_leads_status;
alter table leads add constraint ck_leads_status check (status in ('received', 'not_accepted', 'classified', 'redirected', 'assigned',
    'disputed', 'verifying', 'taskforce', 'in_signoff', 'in_review', 'concluded', 'parked', 'transferred', 'fed_back', 'closed',
    'reopened', 'sealed', 'expunged'));
alter table deadlines drop constraint ck_deadlines_kind;
alter table deadlines add constraint ck_deadlines_kind check (kind in ('classify', 'assign', 'sign', 'first-report', 'conclude', 'rule',
    'redirect', 'feedback', 'meet', 'objection', 'review', 'rework'));
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
