"""Lead numbers (domain.md §2.11): {region6}-{source}{yyyyMMdd}-{seq6}{check}, check symbol ISO 7064 MOD 37-36 over all before it."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_37_36

from services.intake.domain.codes import Source

_FORM = re.compile(r"^(\d{6})-([SAMO])(\d{8})-(\d{6})([0-9A-Z])$")
MOST_A_DAY = 999_999


@dataclass(frozen=True, slots=True)
class LeadNumber:
    """A lead's number: district, source, day of registration, running number of that source and day (from 1, without gaps)."""

    region: str
    source: Source
    day: date
    sequence: int

    def __str__(self) -> str:
        if not 1 <= self.sequence <= MOST_A_DAY:
            raise ValueError(f"a day has numbers 1 to {MOST_A_DAY}")
        body = f"{self.region}-{self.source}{self.day:%Y%m%d}-{self.sequence:06d}"
        return body + mod_37_36.calc_check_digit(body.replace("-", ""))

    @classmethod
    def parse(cls, text: str) -> Self:
        """From its written form. Raises ValueError saying what is wrong: the form, the day, or the check symbol."""
        match = _FORM.match(text)
        if not match:
            raise ValueError("a lead number looks like 999999-S20180601-0000072")
        try:
            mod_37_36.validate(text.replace("-", ""))
        except ValidationError:
            raise ValueError("the check symbol does not fit: a symbol was mistyped") from None
        day = datetime.strptime(match[3], "%Y%m%d").date()  # noqa: DTZ007 - a day, not an instant
        return cls(match[1], Source(match[2]), day, int(match[4]))
