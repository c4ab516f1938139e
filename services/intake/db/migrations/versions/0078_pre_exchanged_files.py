"""Files that a reporter and the office exchange are sealed for these two (docs/decisions/0115)."""

from shared.migrations.run import script

revision = "0078"
down_revision = "0077"

_BOXES = """
alter table attachments
    add column for_reporter bytea,
    add column for_office bytea,
    add column office_key text,
    drop constraint ck_attachments_unreadable_when_over,
    drop constraint ck_attachments_name_goes_with_key,
    add constraint ck_attachments_unreadable_when_over
        check ((state in ('refused', 'gone', 'shredded')) = (coalesce(wrapped_key, for_office) is null)) not valid,
    add constraint ck_attachments_name_goes_with_key
        check (coalesce(wrapped_key, for_office) is not null or name_box is null) not valid,
    add constraint ck_attachments_for_both check (num_nonnulls(for_reporter, for_office, office_key) in (0, 3)) not valid,
    add constraint ck_attachments_sealed_when_kept check (state <> 'kept' or for_office is null or wrapped_key is null) not valid,
    add constraint ck_attachments_sealed_for_two
        check (for_office is null or (lead_id is not null and door in ('reporter', 'mailbox'))) not valid;
alter table attachments
    validate constraint ck_attachments_unreadable_when_over,
    validate constraint ck_attachments_name_goes_with_key,
    validate constraint ck_attachments_for_both,
    validate constraint ck_attachments_sealed_when_kept,
    validate constraint ck_attachments_sealed_for_two;
comment on column attachments.wrapped_key is 'under a key of the service: who has it reads the file';
comment on column attachments.for_reporter is 'the key once more: for the code';
comment on column attachments.for_office is 'the key once more: for MAILBOX_KEYS';
comment on column attachments.office_key is 'which of MAILBOX_KEYS';
drop index ix_attachments_left_over;
create index ix_attachments_left_over on attachments (id)
    where state in ('refused', 'gone', 'shredded') and (pieces <> '[]'::jsonb or shared <> '[]'::jsonb);
grant update (for_reporter, for_office, office_key) on attachments to intake;
"""

_DESTROYED = """
update expunge_plan set statement = $$
    update attachments set state = 'shredded', wrapped_key = null, for_reporter = null, for_office = null, office_key = null,
        name_box = null, media_type = null, sha256 = null, refusal = null where lead_id = $1
$$ where statement like 'update attachments set%';
"""


def upgrade() -> None:
    """Forward only."""
    script(_BOXES)
    script(_DESTROYED)
