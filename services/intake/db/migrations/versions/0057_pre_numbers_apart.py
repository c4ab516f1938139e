"""What stands apart of texts that came in elsewhere than in a report; boxes are found by the key that sealed them (domain.md §2.3 A)."""

from shared.migrations.run import script

revision = "0057"
down_revision = "0056"

_TABLE = """
create table subject_boxes (
    lead_id uuid not null,
    part text not null,
    box bytea not null,
    constraint pk_subject_boxes primary key (lead_id, part),
    constraint fk_subject_boxes_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_subject_boxes_part check (part ~ '^(told|transfer|(call|correction)-[0-9]+)$')
);
comment on column subject_boxes.part is 'which texts of the lead; those of a 110 call by its revision';
comment on column subject_boxes.box is 'sealed: the texts in which a number was written, whole';
create index ix_subject_boxes_key on subject_boxes (substring(box, 1, 8));
create index ix_reports_subjects_key on reports (substring(subjects, 1, 8)) where subjects <> '';
revoke update, delete, truncate on subject_boxes from intake;
"""

# As with reports: intake's own role changes no box but for one of another key, and none goes before its lead has ended.
_FUNCTIONS = """
create function seal_part_anew(lead uuid, which text, before bytea, new_box bytea) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $body$
begin
    update subject_boxes set box = new_box
        where lead_id = lead and part = which and box = before and length(new_box) = length(before);
    return found;
end $body$;
create or replace function retire_subjects(lead uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $body$
declare
    gone boolean;
begin
    -- a repeat ends with its master
    perform from leads l join leads w on w.id = coalesce(l.merged_into, l.id)
        where l.id = lead and w.status in ('closed', 'sealed', 'expunged');
    if not found then
        return false;
    end if;
    update reports set subjects = '' where lead_id = lead and length(subjects) > 0;
    gone := found;
    delete from subject_boxes where lead_id = lead;
    return gone or found;
end $body$;
revoke all on function seal_part_anew(uuid, text, bytea, bytea) from public;
grant execute on function seal_part_anew(uuid, text, bytea, bytea) to intake;
"""
_DESTROYED = "delete from subject_boxes where lead_id = $1"


def upgrade() -> None:
    """Forward only."""
    script(_TABLE)
    script(_FUNCTIONS)
    script(f"insert into expunge_plan select max(place) + 1, $step${_DESTROYED}$step$ from expunge_plan")  # noqa: S608 - constants
