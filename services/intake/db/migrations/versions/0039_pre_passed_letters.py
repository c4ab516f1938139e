"""Letters to and from reporters past the office, which the query code alone opens."""

from shared.migrations.run import script

revision = "0039"
down_revision = "0036"

_TABLES = """
create table passed_letters (
    report_id uuid not null,
    number integer not null,
    writer text not null,
    theirs integer,
    sent_on date not null,
    read_on date,
    box text not null,
    constraint pk_passed_letters primary key (report_id, number),
    constraint ck_passed_letters_writer check (writer in ('reporter', 'discipline')),
    constraint ck_passed_letters_theirs check ((writer = 'discipline') = (theirs is not null)),
    constraint fk_passed_letters_report_id_passed_reports foreign key(report_id) references passed_reports (id)
);
comment on column passed_letters.theirs is 'number of the letter at discipline; null: the reporter''s';
comment on column passed_letters.sent_on is 'the day only: the hour could tell who it was';
comment on column passed_letters.read_on is 'when the reporter first read it';
revoke update, delete, truncate on passed_letters from intake;
grant update (read_on) on passed_letters to intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
