"""The table of what stands apart of texts that came in elsewhere than in the blocks of a report (domain.md §2.3 A)."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table, Text, Uuid, text

from services.intake.db.tables import metadata

subject_boxes = Table(
    "subject_boxes",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("part", Text, primary_key=True, comment="which texts of the lead; those of a 110 call by its revision"),
    Column("box", LargeBinary, nullable=False, comment="sealed: the texts in which a number was written, whole"),
    CheckConstraint("part ~ '^(told|transfer|(call|correction)-[0-9]+)$'", name="part"),
    # begins with the mark of the key that sealed it: what older keys sealed is found without a look at all
    Index("ix_subject_boxes_key", text("substring(box, 1, 8)")),
)
