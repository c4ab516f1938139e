"""The tables of the directory: as it stands now, and every state that it had."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.intake.db.tables import metadata

# the first day on which it holds no more lies after the first on which it holds
_IN_ORDER = "to_on > from_on"


def _refers(column: str) -> ForeignKey:
    """Checked at the end: after a restore rows are learned again in the order of their names."""
    return ForeignKey(column, deferrable=True, initially="DEFERRED")


directory_units = Table(
    "directory_units",
    metadata,
    Column("code", Text, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("superior", Text, _refers("directory_units.code")),
    Column("building", Text, comment="code of the house it sits in: neighbours are not neutral (G2)"),
    Column("from_on", Date, nullable=False),
    Column("to_on", Date, comment="the first day it holds no more"),
    Column("version", Integer, nullable=False),
    CheckConstraint(_IN_ORDER, name="days_in_order"),
    CheckConstraint("superior <> code", name="superior_is_another"),
    Index("ix_directory_units_superior", "superior"),
)

directory_staff = Table(
    "directory_staff",
    metadata,
    Column("staff", Text, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("name", Text, nullable=False, comment="never leaves intake"),
    # one account is one person, so that whoever leaves takes it along
    Column("account", Text, unique=True),
    Column("home_unit", Text, _refers("directory_units.code"), nullable=False),
    Column("pledged_on", Date, comment="the confidentiality pledge is on file since"),
    Column("from_on", Date, nullable=False),
    Column("to_on", Date, comment="the first day without access"),
    Column("version", Integer, nullable=False),
    Column("relatives", ARRAY(Text), nullable=False, server_default="{}", comment="staff numbers, for recusal (G4)"),
    CheckConstraint(_IN_ORDER, name="days_in_order"),
    Index("ix_directory_staff_home_unit", "home_unit"),
    # whose relative somebody is, asked at each reading of a lead
    Index("ix_directory_staff_relatives", "relatives", postgresql_using="gin"),
)

directory_placements = Table(
    "directory_placements",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("staff", Text, _refers("directory_staff.staff"), nullable=False),
    Column("unit", Text, _refers("directory_units.code"), nullable=False),
    Column("post", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("from_on", Date, nullable=False),
    Column("to_on", Date, comment="the first day it holds no more"),
    Column("version", Integer, nullable=False),
    CheckConstraint("kind in ('post', 'secondment', 'member', 'leave')", name="kind"),
    CheckConstraint(_IN_ORDER, name="days_in_order"),
    # one row for one placement: it is ended by its last day, another one begins with its first
    UniqueConstraint("staff", "unit", "post", "kind", "from_on"),
    Index("ix_directory_placements_unit", "unit"),
)

directory_history = Table(
    "directory_history",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("what", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", JSONB, nullable=False, comment="the whole row as it stood from then on"),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("what in ('unit', 'staff', 'placement')", name="what"),
    # every state once, in an order
    UniqueConstraint("what", "subject", "version"),
)
