"""The tables of the public doors: shared limits, and solutions that were used."""

from sqlalchemy import Column, DateTime, Double, Index, LargeBinary, Table

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

spent_challenges = Table(
    "spent_challenges",
    metadata,
    # each solution is used once, by whichever process
    Column("mark", LargeBinary, primary_key=True, comment="hash of the challenge; unrelated to the report"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("ix_spent_challenges_expires_at", "expires_at"),
)
