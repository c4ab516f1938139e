"""What the forms of reports and of leads share: texts, a block that may say "don't know" (不清楚), and who shields it."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.intake.domain.office_name import of_the_office
from shared.http import Order
from shared.http.words import TOLD


def text_of(most: int) -> Any:
    """A text of at most so many characters."""
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=most, pattern=r"^[^\x00]*$")


Short = Annotated[str, text_of(100)]
Line = Annotated[str, text_of(300)]
Passage = Annotated[str, text_of(2000)]
WORKS = ("employer", "post")
"""The fields that say where somebody works."""


class Block(Order):
    """Some fields, and those of which the reporter says that he does not know."""

    @model_validator(mode="after")
    def _either(self) -> Self:
        unknown: list[str] = getattr(self, "dont_know", [])
        both = [name for name in unknown if getattr(self, name) not in (None, [], "")]
        if both:
            names = ", ".join(dict.fromkeys(both))
            raise PydanticCustomError(
                TOLD, "既填写又选了不清楚:{names} / both answered and unknown: {names}", {"names": names}
            )
        return self


class OfficialItem(Block):
    """涉嫌包庇纵容的公职人员 / an official who is said to shield it."""

    name: Short | None = None
    employer: Line | None = None
    post: Short | None = None
    act: Passage | None = None
    dont_know: list[Literal["name", "employer", "post", "act"]] = Field(default_factory=list, max_length=4)

    def at_the_office(self) -> list[str]:
        """The fields, unit or post, by which he works at the office (扫黑办)."""
        return [name for name in WORKS if of_the_office(getattr(self, name))]


class UmbrellaBlock(Block):
    """保护伞 / who shields it; goes to discipline alone."""

    involved: bool | None = None
    description: Passage | None = None
    officials: list[OfficialItem] = Field(default_factory=list, max_length=10)
    dont_know: list[Literal["involved", "description", "officials"]] = Field(default_factory=list, max_length=3)

    def at_the_office(self) -> list[str]:
        """The fields by which an official works at the office."""
        return [f"officials.{place}.{name}" for place, one in enumerate(self.officials) for name in one.at_the_office()]
