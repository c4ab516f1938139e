"""The tables of the monthly call-backs."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.db.tables import metadata

call_back_draws = Table(
    "call_back_draws",
    metadata,
    Column("month", Date, primary_key=True),
    Column("seed", LargeBinary, nullable=False, comment="published after the draw"),
    Column("commitment", Text, nullable=False),
    Column("committed_at", DateTime(timezone=True), nullable=False),
    Column("fixed_at", DateTime(timezone=True)),
    Column("list_digest", Text),
    Column("beacons", JSONB),
    Column("drawn_at", DateTime(timezone=True)),
    Column("due_on", Date),
    # committed, then fixed, then drawn
    CheckConstraint(
        "(fixed_at is null) = (list_digest is null) and (drawn_at is null) = (beacons is null) "
        "and (drawn_at is null) = (due_on is null) and (drawn_at is null or fixed_at is not null)",
        name="in_order",
    ),
    CheckConstraint("month = date_trunc('month', month)", name="first_day"),
)

call_backs = Table(
    "call_backs",
    metadata,
    Column("token", Text, primary_key=True, comment="its name on the published list"),
    Column("month", Date, ForeignKey("call_back_draws.month"), nullable=False),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column("place", Integer, comment="in the order of the draw; null: not drawn"),
    Column("outcome", Text),
    Column("channel", Text),
    Column("answered_by", Text),
    Column("answered_at", DateTime(timezone=True)),
    CheckConstraint("outcome in ('satisfied', 'partly', 'dissatisfied', 'unreachable')", name="outcome"),
    CheckConstraint("channel in ('phone', 'message', 'meeting')", name="channel"),
    # only who was drawn is called
    CheckConstraint("outcome is null or place is not null", name="drawn_first"),
    CheckConstraint(
        "(outcome is null) = (channel is null) and (outcome is null) = (answered_by is null) "
        "and (outcome is null) = (answered_at is null)",
        name="answered_whole",
    ),
    Index("ix_call_backs_month_place", "month", "place"),
)
