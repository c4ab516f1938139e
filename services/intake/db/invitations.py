"""The store of invitations to meet. The caller holds the lead's lock."""

from uuid import UUID

from sqlalchemy import RowMapping, insert, select, update

from services.intake.db.mailbox_tables import invitations
from services.intake.domain.invitation import Invitation, Reply
from shared.db import Transaction
from shared.errors import NotFound

_NAMES = ("lead_id", "message", "options", "sent_on", "replied_on")


async def add(tx: Transaction, invitation: Invitation) -> None:
    """Keep one."""
    row = {name: getattr(invitation, name) for name in _NAMES}
    lists = {"officers": list(invitation.officers), "units": list(invitation.units)}
    await tx.execute(insert(invitations), {**row, **lists, "reply": None})


async def save(tx: Transaction, invitation: Invitation) -> None:
    """Write what was answered."""
    here = (invitations.c.lead_id == invitation.lead_id, invitations.c.message == invitation.message)
    values = {"reply": invitation.reply.value if invitation.reply else None, "replied_on": invitation.replied_on}
    await tx.execute(update(invitations).where(*here).values(values))


async def of_lead(tx: Transaction, lead_id: UUID) -> list[Invitation]:
    """All of a lead, in order."""
    query = select(invitations).where(invitations.c.lead_id == lead_id).order_by(invitations.c.message)
    return [_of_row(row) for row in (await tx.execute(query)).mappings()]


async def get(tx: Transaction, lead_id: UUID, message: int | None) -> tuple[Invitation, bool]:
    """The one of this letter, or the newest, and whether it is the newest. Raises `NotFound`."""
    found = await of_lead(tx, lead_id)
    wanted = [one for one in found if message in (None, one.message)]
    if not wanted:
        raise NotFound("没有该约请 / no such invitation")
    return wanted[-1], wanted[-1] == found[-1]


def _of_row(row: RowMapping) -> Invitation:
    plain = {name: row[name] for name in _NAMES}
    reply = Reply(row["reply"]) if row["reply"] else None
    return Invitation(**plain, officers=tuple(row["officers"]), units=tuple(row["units"]), reply=reply)
