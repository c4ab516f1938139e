"""The table of the public doors' shared limits."""

from sqlalchemy import Column, Double, Index, LargeBinary, Table

from services.intake.db.tables import metadata

door_buckets = Table(
    "door_buckets",
    metadata,
    Column(
        "mark",
        LargeBinary,
        primary_key=True,
        comment="keyed hash of a door, a challenge or a lead number; never of who comes",
    ),
    Column("full_at", Double, nullable=False, comment="seconds of the epoch at which the bucket is full again"),
    Index("ix_door_buckets_full_at", "full_at"),
    # nothing is lost with it but a minute's counting; no write-ahead log, no replica, nothing of it in an archive of logs
    prefixes=["UNLOGGED"],
)
