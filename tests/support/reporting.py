"""Reports and their doors, for tests: a challenge solved, a report sent, a slip in hand."""

from itertools import count
from typing import Any
from uuid import uuid4

import httpx

from services.intake.domain.proof_of_work import zero_bits

REPORTS, COUNTER = "/intake/v1/reports", "/intake/v1/counter-reports"
REPORT: dict[str, Any] = {
    "naming": "named",
    "reporter": {"name": "举报人甲", "phone": "13900000000", "dont_know": ["id_number"]},
    "persons": [{"name": "被举报人乙", "sex": "male", "age": 40, "dont_know": ["id_number", "address"]}],
    "facts": {
        "summary": "有人在菜市场强收费用",
        "street": "临江街",
        "place": "菜市场东门",
        "area_codes": ["market"],
        "manifestation_codes": ["06"],
        "allegations": [{"act": "每月强收摊位费", "where": "东门"}, {"act": "打伤摊主", "dont_know": ["when", "who"]}],
        "dont_know": ["time_from"],
    },
    "umbrella": {"involved": True, "officials": [{"name": "官员丙", "post": "所长"}]},
}


def solve(challenge: str, bits: int) -> str:
    """A solution, as the header has it."""
    return next(s for s in (f"{challenge}:{number}" for number in count()) if zero_bits(s) >= bits)


async def work(client: httpx.AsyncClient, **headers: str) -> str:
    """A fresh solution."""
    found = (await client.post(f"{REPORTS}/challenges", headers=headers)).json()
    return solve(found["challenge"], found["leading_zero_bits"])


async def report(
    client: httpx.AsyncClient, body: Any, *, key: str | None = None, proof: str | None = None, **headers: str
) -> httpx.Response:
    """Send a report, with work done for it unless it is given."""
    whole = {"Idempotency-Key": key or uuid4().hex, "Proof-Of-Work": proof or await work(client), **headers}
    return await client.post(REPORTS, json=body, headers=whole)


async def write(
    client: httpx.AsyncClient,
    body: Any,
    *,
    key: str | None = None,
    proof: str | None = None,
    door: str = "messages",
    **headers: str,
) -> httpx.Response:
    """Write to the office, with work done for it unless it is given."""
    whole = {"Idempotency-Key": key or uuid4().hex, "Proof-Of-Work": proof or await work(client), **headers}
    return await client.post(f"{REPORTS}/{door}", json=body, headers=whole)


async def status(client: httpx.AsyncClient, **code: str) -> httpx.Response:
    """Ask how it stands."""
    return await client.post(f"{REPORTS}/status", json=code)
