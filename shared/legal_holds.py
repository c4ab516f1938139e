"""Orders to keep 依法保留: of a case, a court, an audit. While one stands, nothing of what it is about is sealed or destroyed (G24).

One person sets it and another ends it (G10). A service makes one `LegalHolds` beside its tables; its use case takes the lock that whoever
destroys takes as well, says when nothing is left to keep, and sets.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    Select,
    Table,
    Text,
    Uuid,
    exists,
    insert,
    select,
    text,
    update,
)

from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.envelope import Event
from shared.contracts.legal_holds import LegalHoldReleased, LegalHoldSet
from shared.db import Transaction
from shared.errors import Conflict, NotAllowed, NotFound
from shared.inbox import Handler, Received
from shared.secrecy import refuse_marked
from shared.two_people import Person, must_be_another

LOST, LOST_WHY = "随数据库恢复遗失", "随数据库恢复遗失,请按原文书重新设定后解除本项"
"""Stand for the document and the reason of an order that is known by its event alone."""
SETTER, RESTORE = "lost", "system:restore"
"""Whoever set such an order, so that nobody is kept from ending it; and who ends one that was over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """An order to keep what `kept` is the id of."""

    id: UUID
    kept: UUID
    basis_no: str
    reason: str
    set_by: str
    set_at: datetime
    released_by: str | None = None
    released_at: datetime | None = None
    release_reason: str | None = None

    def release(self, reason: str, *, by: Person, at: datetime) -> Self:
        """Another person ends it. Raises `NotAllowed`, `Forbidden`."""
        if self.released_at is not None:
            raise NotAllowed("依法保留已解除 / the hold is released already")
        must_be_another(self.set_by, by, "须由设定人以外的人解除 / released by another person than the one who set it")
        return replace(self, released_by=by.sub, released_at=at, release_reason=reason)


class LegalHolds:
    """All orders to keep of one kind of thing. `kept`: the column with its id, and the one that this refers to, if it stands before its
    orders do after a restore; `deeds`: what setting and releasing are called in the audit log; `says`: their events. The service's own role
    may write the release of a row and nothing else (its migration)."""

    def __init__(
        self,
        metadata: MetaData,
        name: str,
        *,
        kept: tuple[str, str | None],
        deeds: tuple[str, str],
        says: tuple[type[LegalHoldSet], type[LegalHoldReleased]],
    ) -> None:
        column, refers_to = kept
        self.set_deed, self.release_deed = deeds
        self.set_event, self.released_event = says
        self.table = Table(
            name,
            metadata,
            Column("id", Uuid, primary_key=True),
            Column(column, Uuid, *([ForeignKey(refers_to)] if refers_to else []), nullable=False),
            Column("basis_no", Text, nullable=False),
            Column("reason", Text, nullable=False),
            Column("set_by", Text, nullable=False),
            Column("set_at", DateTime(timezone=True), nullable=False),
            Column("released_by", Text),
            Column("released_at", DateTime(timezone=True)),
            Column("release_reason", Text),
            # who ordered to keep does not end it alone
            CheckConstraint("released_by <> set_by", name="two_people"),
            CheckConstraint("(released_by is null) = (released_at is null)", name="released_whole"),
            Index(f"ix_{name}_{column}", column, postgresql_where=text("released_at is null")),
        )
        self._kept = self.table.c[column]

    async def set(
        self, tx: Transaction, kept: UUID, basis_no: str, reason: str, *, by: Principal, at: datetime
    ) -> LegalHold:
        """One more; the caller holds the lock of what is kept. Raises `Conflict` for one that stands already, `Invalid`."""
        refuse_marked("reason", [reason])
        if any(one.basis_no == basis_no and one.released_at is None for one in await self.of(tx, kept)):
            raise Conflict("该依据的依法保留仍然有效 / a hold on this basis stands already")
        hold = LegalHold(id=uuid4(), kept=kept, basis_no=basis_no, reason=reason, set_by=by.sub, set_at=at)
        await self._add(tx, hold)
        await outbox.put(tx, self.set_event(kept=kept, hold_id=hold.id, effective_at=at), at=at)
        detail = {"hold": str(hold.id)}
        await audit.record(tx, by, self.set_deed, kept, at=at, purpose=reason, detail=detail)
        return hold

    async def release(self, tx: Transaction, hold_id: UUID, reason: str, *, by: Principal, at: datetime) -> LegalHold:
        """Another person ends it. Raises `NotFound`, `NotAllowed`, `Forbidden`, `Invalid`."""
        refuse_marked("reason", [reason])
        query = self._all().where(self.table.c.id == hold_id).with_for_update()
        row = (await tx.execute(query)).mappings().one_or_none()
        if row is None:
            raise NotFound("没有该依法保留 / no such hold")
        hold = LegalHold(**row).release(reason, by=by, at=at)
        await self._end(tx, hold_id, released_by=by.sub, released_at=at, release_reason=reason)
        await outbox.put(tx, self.released_event(kept=hold.kept, hold_id=hold_id, effective_at=at), at=at)
        detail = {"hold": str(hold.id)}
        await audit.record(tx, by, self.release_deed, hold.kept, at=at, purpose=reason, detail=detail)
        return hold

    async def of(self, tx: Transaction, kept: UUID) -> list[LegalHold]:
        """All of it, in order."""
        query = self._all().where(self._kept == kept).order_by(self.table.c.set_at, self.table.c.id)
        return [LegalHold(**row) for row in (await tx.execute(query)).mappings()]

    def stands(self, kept: UUID | ColumnElement[UUID]) -> ColumnElement[bool]:
        """Whether one stands: for a query."""
        # this column and no other: the vault may read no more of them
        return exists(self._kept).where(self._kept == kept, self.table.c.released_at.is_(None))

    @property
    def own(self) -> dict[type[Event], Handler]:
        """For the way back after a restore: it stands, or is over, as was said."""
        return {self.set_event: self._relearn_set, self.released_event: self._relearn_released}

    async def _relearn_set(self, tx: Transaction, event: LegalHoldSet, _: Received) -> None:
        at = event.effective_at
        hold = LegalHold(id=event.hold_id, kept=event.kept, basis_no=LOST, reason=LOST_WHY, set_by=SETTER, set_at=at)
        await self._add(tx, hold)

    async def _relearn_released(self, tx: Transaction, event: LegalHoldReleased, _: Received) -> None:
        await self._end(tx, event.hold_id, released_by=RESTORE, released_at=event.effective_at, release_reason=LOST)

    async def _add(self, tx: Transaction, hold: LegalHold) -> None:
        row = {name: getattr(hold, name) for name in hold.__dataclass_fields__}
        await tx.execute(insert(self.table), {**row, self._kept.name: row.pop("kept")})

    async def _end(self, tx: Transaction, hold_id: UUID, **values: object) -> None:
        await tx.execute(update(self.table).where(self.table.c.id == hold_id).values(values))

    def _all(self) -> Select[Any]:
        others = [column for column in self.table.columns if column is not self._kept]
        return select(self._kept.label("kept"), *others)
