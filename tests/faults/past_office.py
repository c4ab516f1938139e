"""Reports past the office beside the restore drill of discipline: their numbers stand on paper, and orders keep some of them."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx

from shared.legal_holds import LOST
from tests.faults.rig import Rig
from tests.support.reporting import REPORT, report

REPORTS = "/discipline/v1/reports"


class PastOffice:
    """What is said of them before and after the point to which discipline goes back, and whether it stands afterwards."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.ids: list[str] = []
        self.wrong: list[str] = []
        self.stood: dict[str, Any] = {}

    def before(self) -> None:
        """Three, the first of them kept by an order."""
        asyncio.run(self._before())

    def after(self) -> None:
        """Three more, of which one is accepted; orders for one of each three, and the first order ends."""
        asyncio.run(self._after())
        self.stood = self._stands()

    def _stands(self) -> dict[str, Any]:
        numbers = self.rig.rows_now("discipline", "select id::text, number from reports")
        orders = self.rig.rows_now("discipline", "select report_id::text, released_at is null from report_holds")
        return {"numbers": dict(numbers), "orders": dict(orders)}

    def goes_on(self) -> list[str]:
        """Numbers and orders stand as they stood. A number is given once; what was accepted is accepted once more; an order without its
        document is entered anew and ended. → what was otherwise."""
        if (stands := self._stands()) != self.stood:
            self.wrong.append(f"numbers and orders stood as {self.stood}, now {stands}")
        asyncio.run(self._goes_on())
        return self.wrong

    async def _before(self) -> None:
        await self._arrive(3)
        await self._hold(0)

    async def _after(self) -> None:
        await self._arrive(3)
        await self._do(f"{REPORTS}/{self.ids[3]}/acceptance", {}, by="dcm")
        await self._hold(1)
        await self._hold(4)
        [(first,)] = await self._orders(0)
        await self._do(f"/discipline/v1/holds/{first}/release", {"reason": "案件已经办结"}, by="dld")

    async def _goes_on(self) -> None:
        known = {number for (number,) in await self.rig.rows("discipline", "select number from reports")}
        await self._arrive(1)
        [(new,)] = await self.rig.rows("discipline", "select number from reports where id::text = $1", self.ids[-1])
        if new in known:
            self.wrong.append(f"{new} was given twice")
        await self._do(f"{REPORTS}/{self.ids[3]}/acceptance", {}, by="dcm")
        for one in (1, 4):
            [(order,)] = await self._orders(one)
            basis = await self.rig.rows("discipline", "select basis_no from report_holds where id::text = $1", order)
            if basis != [(LOST,)]:
                self.wrong.append(f"an order that was lost stands by {basis}")
            await self._hold(one)
            await self._do(f"/discipline/v1/holds/{order}/release", {"reason": "已按原文书重新设定"}, by="dld")

    async def _arrive(self, number: int) -> None:
        async with self.rig.client() as client:
            for _ in range(number):
                answer = await report(client, REPORT | {"about_office": True})
                assert answer.status_code == 201, answer.text
        await self.rig.settled(60)
        rows = await self.rig.rows("discipline", "select id::text from reports order by number")
        self.ids += [one for (one,) in rows if one not in self.ids]

    async def _hold(self, place: int) -> None:
        order = {"basis_no": f"示例函〔2018〕{place + 1}号", "reason": "案件正在审理"}
        await self._do(f"{REPORTS}/{self.ids[place]}/holds", order, by="dhd")

    async def _orders(self, place: int) -> list[tuple[Any, ...]]:
        return await self.rig.rows(
            "discipline", "select id::text from report_holds where report_id::text = $1", self.ids[place]
        )

    async def _do(self, path: str, body: Any, *, by: str) -> None:
        async with self.rig.client() as client:
            answer: httpx.Response = await client.post(
                path, json=body, headers=self.rig.as_(by, **{"Idempotency-Key": uuid4().hex})
            )
        if not answer.is_success:
            self.wrong.append(f"{path}: {answer.text}")
