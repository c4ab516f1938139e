"""What intake says of the directory: units, staff and their placements, each event the whole row as it stands now.

Numbers of staff, codes and dates only; a person's name never leaves intake. Ends are exclusive: ``to_on`` is the first day on which
the row holds no more.
"""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, StringConstraints

from shared.contracts.envelope import Code, Event

StaffNo = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,4}-?[0-9]{1,8}$")]
"""A staff number, as the unit gives it."""
Account = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]
"""The pseudonymous account of the issuer of tokens (its ``sub``)."""
OrganName = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z一-鿿()“”、·]{1,40}$")]
"""What an organ is called: public, never a person's name."""


class _DirectoryEvent(Event):
    TOPIC: ClassVar[str] = "intake.directory"
    effective_at: AwareDatetime


class UnitRecorded(_DirectoryEvent):
    """A unit of the directory stands like this now 机构信息已登记 (M09-M11). ``building`` is the code of the house it sits in (G2)."""

    TYPE: ClassVar[str] = "xiansuo.intake.directory.unit-recorded.v1"
    SUBJECT: ClassVar[str] = "unit"
    unit: Code
    name: OrganName
    kind: Code
    superior: Code | None = None
    building: Code | None = None
    from_on: date
    to_on: date | None = None


class StaffRecorded(_DirectoryEvent):
    """A member of staff stands like this now 人员信息已登记 (M10). ``account`` has no access from the day ``to_on`` on."""

    TYPE: ClassVar[str] = "xiansuo.intake.directory.staff-recorded.v1"
    SUBJECT: ClassVar[str] = "staff"
    staff: StaffNo
    home_unit: Code
    account: Account | None = None
    pledged_on: date | None = None
    from_on: date
    to_on: date | None = None


class PlacementRecorded(_DirectoryEvent):
    """Somebody holds a post, is seconded, is a member of a group, or is away 任职、借调、成员、离岗已登记 (M09-M11)."""

    TYPE: ClassVar[str] = "xiansuo.intake.directory.placement-recorded.v1"
    SUBJECT: ClassVar[str] = "placement_id"
    placement_id: UUID
    staff: StaffNo
    unit: Code
    post: Code
    kind: Code
    from_on: date
    to_on: date | None = None
