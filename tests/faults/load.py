"""The load, a process of its own: clients over HTTP that register leads and assign some, and insist as real ones do.

Reads its order as JSON from standard input; writes one line for each lead that was answered with 2xx. Ends when it has all leads and
the file `stop` is there.
"""

import asyncio
import json
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any, TextIO
from uuid import uuid4

import httpx
import uvloop


class Clients:
    """What they share."""

    def __init__(self, order: dict[str, Any], out: TextIO) -> None:
        self.order, self.out = order, out
        self.tokens: dict[str, str] = order["tokens"]
        self.answers: Counter[str] = Counter()
        self.stop = Path(order["stop"])
        self.number = 0

    def next(self) -> int | None:
        """The number of the next lead, None when it is enough."""
        if self.number >= self.order["leads"] and self.stop.exists():
            return None
        self.number += 1
        return self.number

    async def insist(self, client: httpx.AsyncClient, path: str, account: str, **request: Any) -> httpx.Response:
        """Ask until there is an answer that is no "try again"."""
        headers = {"Authorization": f"Bearer {self.tokens[account]}", **request.pop("headers", {})}
        deadline = asyncio.get_running_loop().time() + self.order["patience"]
        while True:
            try:
                answer = await client.post(path, headers=headers, **request)
            except httpx.TransportError as fault:
                self.answers[type(fault).__name__] += 1
            else:
                self.answers[str(answer.status_code)] += 1
                if answer.status_code != 503:
                    return answer
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(f"{path} was not answered in {self.order['patience']} s")
            await asyncio.sleep(random.uniform(0.1, 0.5))

    async def carry(self, client: httpx.AsyncClient, number: int) -> None:
        """Register; assign each n-th; each m-th of those with grounds for discipline. A step done already answers 409."""
        order = {"source": "M", "summary": f"虚构线索第{number}条"}
        key = {"Idempotency-Key": str(uuid4())}
        answer = await self.insist(client, "/intake/v1/leads", "icl", json=order, headers=key)
        done: dict[str, Any] = {"number": number, "status": answer.status_code}
        if answer.status_code == 201:
            done |= {"lead": answer.json()["id"], "lead_no": answer.json()["lead_no"]}
            if number % self.order["assign_every"] == 0:
                done |= await self._assign(client, done["lead"], dual=number % self.order["dual_every"] == 0)
        self.out.write(json.dumps(done) + "\n")

    async def _assign(self, client: httpx.AsyncClient, lead: str, *, dual: bool) -> dict[str, Any]:
        chosen = {"tier": "evil", "level": "general", "area_codes": ["other"]}
        first = await self.insist(client, f"/intake/v1/leads/{lead}/classification", "ana", json=chosen)
        order = {"unit": "GA", "discipline_grounds": ["umbrella"] if dual else []}
        second = await self.insist(client, f"/intake/v1/leads/{lead}/assignment", "ofd", json=order)
        worst = max(first.status_code, second.status_code)
        return {"assigned": worst in (200, 409), "dual": dual, "status": 201 if worst in (200, 409) else worst}

    async def work(self) -> None:
        """One client, at its share of the rate."""
        share = self.order["clients"] / self.order["rate"]
        loop = asyncio.get_running_loop()
        due = loop.time() + random.uniform(0, share)
        async with httpx.AsyncClient(base_url=self.order["origin"], timeout=20, trust_env=False) as client:
            while (number := self.next()) is not None:
                await self.carry(client, number)
                due = max(due + share, loop.time() - 10 * share)
                await asyncio.sleep(max(0.0, due - loop.time()))


async def _all(clients: Clients) -> None:
    await asyncio.gather(*(clients.work() for _ in range(clients.order["clients"])))


def main() -> None:
    """Work until it is enough."""
    order = json.load(sys.stdin)
    with Path(order["out"]).open("w", buffering=1) as out:
        clients = Clients(order, out)
        try:
            uvloop.run(_all(clients))
        finally:
            Path(order["answers"]).write_text(json.dumps(clients.answers))


if __name__ == "__main__":
    main()
