"""Transfers of partner units, screening tasks with their findings, what a file says of shielding officials; two doors of files."""

from shared.migrations.run import script

revision = "0027"
down_revision = "0026"

_TABLES = """
create table transfers (
    lead_id uuid not null,
    region_code text not null,
    unit text not null,
    letter_no text not null,
    sent_on date not null,
    reason text not null,
    evidence jsonb not null,
    receipt jsonb not null,
    received_on date not null,
    constraint pk_transfers primary key (lead_id),
    constraint fk_transfers_lead_id_leads foreign key (lead_id) references leads (id),
    constraint uq_transfers_unit_letter_no unique (unit, letter_no)
);
comment on column transfers.unit is 'that transferred it';
comment on column transfers.reason is 'why it belongs here';
comment on column transfers.evidence is 'name and SHA-256 of each piece';
create index ix_transfers_received_on_lead_id on transfers (received_on, lead_id);
create table screenings (
    id uuid not null,
    region_code text not null,
    title text not null,
    scope text not null,
    unit text not null,
    due_on date not null,
    state text not null,
    opened_by text not null,
    opened_at timestamp with time zone not null,
    returned_by text,
    returned_at timestamp with time zone,
    zero_return boolean,
    note text,
    constraint pk_screenings primary key (id),
    constraint ck_screenings_state check (state in ('open', 'returned')),
    constraint ck_screenings_returned_whole check (
        (state = 'returned') = (returned_by is not null) and (returned_by is null) = (returned_at is null)
        and (returned_by is null) = (zero_return is null))
);
comment on column screenings.zero_return is 'counted from the findings, never typed in';
create index ix_screenings_opened_at_id on screenings (opened_at, id);
create table screening_findings (
    lead_id uuid not null,
    screening_id uuid not null,
    minors boolean not null,
    constraint pk_screening_findings primary key (lead_id),
    constraint fk_screening_findings_lead_id_leads foreign key (lead_id) references leads (id),
    constraint fk_screening_findings_screening_id_screenings foreign key (screening_id) references screenings (id)
);
comment on column screening_findings.minors is 'somebody of 14 to 17 years is named: special handling (G19)';
create index ix_screening_findings_screening_id on screening_findings (screening_id);
create table lead_umbrellas (
    lead_id uuid not null,
    told text not null,
    constraint pk_lead_umbrellas primary key (lead_id),
    constraint fk_lead_umbrellas_lead_id_leads foreign key (lead_id) references leads (id)
);
comment on column lead_umbrellas.told is 'goes to discipline alone';
alter table attachments drop constraint ck_attachments_door;
alter table attachments add constraint ck_attachments_door check (door in ('reporter', 'office', 'unit', 'partner', 'letter'));
"""

_RIGHTS = """
revoke update, delete, truncate on transfers, screening_findings, lead_umbrellas from intake;
revoke update, delete, truncate on screenings from intake;
grant update (state, returned_by, returned_at, zero_return, note) on screenings to intake;
"""


_DESTROYED = (
    "update transfers set reason = '', evidence = '[]' where lead_id = $1",
    "update lead_umbrellas set told = '' where lead_id = $1",
)
"""What an expunged lead loses here."""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
    script(_RIGHTS)
    for statement in _DESTROYED:
        script(f"insert into expunge_plan select max(place) + 1, $step${statement}$step$ from expunge_plan")  # noqa: S608 - constants
