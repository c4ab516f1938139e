"""A request that a door should take, and what the requests are made from: an intake with its vault, its directory and its lists."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import httpx

from tests.intake.api import test_call_backs as call_backs
from tests.intake.api import test_digests as digests
from tests.intake.api.test_leads import assign, classify, register
from tests.intake.api.test_life import PUBLIC, on
from tests.intake.directory.test_conflict_api import with_directory
from tests.support.api import Api
from tests.support.uploading import begin, patch
from tests.support.vault import VAULT, VaultApi, start_vault

SOUND = b"#!AMR\n" + bytes(200)
QT_9 = """insert into directory_staff (staff, region_code, name, home_unit, from_on, version)
    values ('QT-9', '999999', '虚构人员QT-9', 'GA', '2018-01-01', 1)"""
"""A member of staff without an account: may be challenged by anyone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A request of the right account, in the right state, with all that is needed."""

    by: str | None = None
    """The account; None at a door for everyone."""
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """With the day that it is for the request, where the states were brought about on days of their own."""
    body: dict[str, Any] | list[Any] | None = None
    proof: bool = False
    """Whether it needs a proof of work."""
    content: bytes | None = None
    """A body that is no JSON."""
    file: tuple[str, bytes] | None = None
    form: Mapping[str, str] = field(default_factory=dict)


class World:
    """What stands, and ways to more of it."""

    def __init__(self, api: Api, vault: VaultApi) -> None:
        self.api, self.vault = api, vault
        self._numbers = count(1)

    @classmethod
    async def begin(cls, api: Api, folder: Path) -> "World":
        """A directory, leads of a day, the lists of June 2018, and a month's draw of call-backs."""

        async def same(*_: Any, **__: Any) -> Api:
            return api

        await with_directory(same, folder)
        await api.rows(QT_9)
        world = cls(api, start_vault(api, folder / "vault" / "keys.sqlite"))
        for lead in [await world.lead() for _ in range(4)][:2]:
            await classify(api, lead)
        for day in (1, 29):
            await digests.clock(api, digests.on(day))
        await world._draw()
        return world

    async def _draw(self) -> None:
        await call_backs.clock(self.api, "2018-05-02")
        for _ in range(6):
            await call_backs.report(self.api, "named", "2018-05-20")
        for day in ("2018-05-31", "2018-06-01"):
            await call_backs.clock(self.api, day)
        for number, chain in enumerate(("verification", "discipline", "publicity"), 5):
            await call_backs.witnessed(self.api, chain, number, datetime(2018, 6, 2, tzinfo=UTC))
        await call_backs.clock(self.api, "2018-06-04")

    def number(self) -> int:
        """Another one each time."""
        return next(self._numbers)

    async def lead(self, **changes: Any) -> UUID:
        """A lead that was just registered, on 2018-06-01."""
        return await register(self.api, **(PUBLIC | changes))

    async def assigned(self, **changes: Any) -> UUID:
        """One that unit GA is charged with."""
        lead = await self.lead(**changes)
        await classify(self.api, lead)
        await assign(self.api, lead)
        return lead

    async def done(self, path: str, body: Any = None, *, by: str, day: str = "2018-06-04") -> Any:
        """What a door answers that must take this."""
        answer = await self.api.post(f"/intake/v1/{path}", body, by=by, key=uuid4().hex, **on(day))
        if not answer.is_success:
            raise ValueError(f"{path}: {answer.text}")
        return answer.json() if answer.content else None

    async def one(self, query: str, *values: Any) -> str:
        """The first value of the first row, as text. Raises `LookupError` when there is none."""
        rows = await self.api.rows(query, *values)
        return str(rows[0][0])

    async def uploading(self, where: str, headers: Mapping[str, str], content: bytes = SOUND) -> str:
        """A file that was begun; → its id."""
        begun = await begin(self.api.client, f"/intake/v1/{where}", len(content), "x.amr", **headers)
        return _made(begun).headers["Location"].rsplit("/", 1)[-1]

    async def uploaded(self, where: str, goes_on: str, headers: Mapping[str, str], content: bytes = SOUND) -> str:
        """A file that is here whole; → its id."""
        file = await self.uploading(where, headers, content)
        _made(await patch(self.api.client, f"/intake/v1/{goes_on}/{file}", content, 0, **headers))
        return file

    async def asked(self, lead: UUID, purpose: str = "contact") -> str:
        """A keeper asks the vault for what it has of this lead, on the morning of 2018-06-04; → the opening."""
        while await self.vault.take_in():
            pass
        order = {"lead_id": str(lead), "purpose": purpose, "reason": "核验来信笔迹", "minutes": 30}
        asked = await self.vault.post(f"{VAULT}/openings", order, by="rvk", key=uuid4().hex, **on("2018-06-04"))
        return str(_made(asked).json()["id"])

    async def opening(self, lead: UUID, purpose: str = "originals") -> str:
        """The same, and another keeper granted it to `rvk`."""
        opening, granted = await self.asked(lead, purpose), {"grant": True}
        _made(await self.vault.post(f"{VAULT}/openings/{opening}/decision", granted, by="rvk2", **on("2018-06-04")))
        return opening


def _made(answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        raise ValueError(answer.text)
    return answer


Make: TypeAlias = Callable[[Any], Awaitable[Fit]]
"""From intake's `World`, or from another service's app."""
Fits: TypeAlias = dict[str, Make]
"""By "METHOD /path", of intake and its vault below /intake/v1."""


def fitting(fits: Fits, *doors: str) -> Callable[[Make], Make]:
    """What the decorated function makes fits these doors."""

    def keep(make: Make) -> Make:
        fits.update(dict.fromkeys(doors, make))
        return make

    return keep
