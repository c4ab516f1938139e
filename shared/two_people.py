"""Four eyes (G10): what one person begins another decides, whatever accounts they have or had."""

from collections.abc import Collection
from typing import Protocol

from shared.errors import Forbidden


class Person(Protocol):
    """Who acts: account, roles and unit, as the access token says, and all accounts that this person has or had."""

    @property
    def sub(self) -> str: ...
    @property
    def roles(self) -> frozenset[str]: ...
    @property
    def unit(self) -> str: ...
    @property
    def accounts(self) -> frozenset[str]: ...


def must_be_another(first: str | None, second: Person, told: str) -> None:
    """Raises `Forbidden` with `told` when the account `first` is of the same person. None: the service itself began it, or a restore has
    lost who did."""
    if first in second.accounts:
        raise Forbidden(told)


def must_be_none_of(those: Collection[str], by: Person, told: str) -> None:
    """Raises `Forbidden` with `told` when one of the accounts is of this person."""
    if not by.accounts.isdisjoint(those):
        raise Forbidden(told)
