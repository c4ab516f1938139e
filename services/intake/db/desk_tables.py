"""The tables of the office's desk: what each lead is found by, searches that someone keeps, and what a reader declares of oneself."""

from sqlalchemy import (
    BigInteger,
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
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.intake.db.tables import metadata

lead_search = Table(
    "lead_search",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="in the order of becoming searchable"),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column("words", Text, nullable=False, comment="what was reported in one writing; nothing of the reporter"),
    Column("grams", ARRAY(BigInteger), nullable=False),
    Column("facets", ARRAY(BigInteger), nullable=False),
    Column("people", ARRAY(BigInteger), nullable=False, comment="who began and who handled it"),
    # without it the leads of a month would be looked up one by one for some of its days
    Column("received_on", Date, comment="the lead's; null where it became searchable before this was kept"),
    UniqueConstraint("lead_id"),
    # entries are sorted in at once: a search looks into every block, and would read the list of those that wait each time
    Index(
        "ix_lead_search_terms",
        "grams",
        "facets",
        "people",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    ),
)

saved_searches = Table(
    "saved_searches",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column(
        "filters", JSONB, nullable=False, comment="codes, days and numbers; no text, so that no one is watched by name"
    ),
    Column("created_at", DateTime(timezone=True), nullable=False),
    # a name means one search to its owner
    UniqueConstraint("owner", "name"),
)

circle_marks = Table(
    "circle_marks",
    metadata,
    Column("person", Text, primary_key=True),
    Column("tie", Text, primary_key=True),
    Column("mark", LargeBinary, primary_key=True, comment="keyed hash of a word that the person declared"),
    Column("length", Integer, nullable=False, comment="of the word, in characters"),
    CheckConstraint("tie in ('neighbour', 'colleague', 'relative')", name="tie"),
)
