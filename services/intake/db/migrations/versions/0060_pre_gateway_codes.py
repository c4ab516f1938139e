"""A gateway that the operator lets may send its sender a code (docs/decisions/0102)."""

from shared.migrations.run import script

revision = "0060"
down_revision = "0059"

_CODES = """
alter table gateway_messages add column code_mark bytea;
alter table gateway_messages add column receipt_mark bytea;
alter table gateway_messages add column mailbox_key bytea;
comment on column gateway_messages.code_mark is 'keyed hash of the code that was sent back, until a lead has it';
comment on column gateway_messages.receipt_mark is 'keyed hash of its receipt''s number';
comment on column gateway_messages.mailbox_key is 'X25519, made of the code';
alter table gateway_messages add constraint uq_gateway_messages_code_mark unique (code_mark);
alter table gateway_messages add constraint uq_gateway_messages_receipt_mark unique (receipt_mark);
alter table gateway_messages add constraint ck_gateway_messages_code_whole check (
    num_nonnulls(code_mark, receipt_mark, mailbox_key) in (0, 3) and (code_mark is null or wrapped_key is not null)
);
grant update (code_mark, receipt_mark, mailbox_key) on gateway_messages to intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_CODES)
