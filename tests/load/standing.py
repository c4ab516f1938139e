"""What stands at a service before requests are made to it, so that they meet more than empty tables."""

from collections.abc import Awaitable, Callable
from itertools import cycle
from pathlib import Path
from uuid import uuid4

from shared.contracts.intake import After, DualAssignmentCreated, Facts, LeadAssigned, VerificationFactsSealed
from tests.publicity.api.test_figures import journey
from tests.support.api import Api
from tests.support.builders import NOON
from tests.support.hearing import Hearing
from tests.support.passed import Between
from tests.support.reporting import REPORT, report
from tests.support.vault import ask, start_vault
from tests.verification.api.test_works import assigned

New = Callable[[str], Awaitable[Api]]
"""A service's app on a database of its own; closed by who gave it."""
FACTS = Facts(lead_no="999999-S20180601-0000010", summary="反映有人在菜市场强收费用")


async def registered(api: Api, number: int = 20) -> None:
    """Leads to knock at."""
    for one, source in zip(range(number), cycle("MAO"), strict=False):
        body = {"source": source, "summary": f"反映有人强收摊位费,第{one}处", "area_codes": ["market"]}
        answer = await api.post("/intake/v1/leads", body, by="icl", key=f"knock-{one}")
        answer.raise_for_status()
        if one % 2:
            path = f"/intake/v1/leads/{answer.json()['id']}"
            await api.post(
                f"{path}/classification", {"tier": "evil", "level": "general", "area_codes": ["market"]}, by="ana"
            )
        if one % 4 == 3:
            await api.post(f"{path}/assignment", {"unit": "GA"}, by="ofd")


async def reported(api: Api, *, past_the_office: bool, number: int = 3) -> list[str]:
    """Reports by the public door; → their query codes."""
    body = REPORT | {"about_office": past_the_office}
    return [(await report(api.client, body)).raise_for_status().json()["query_code"] for _ in range(number)]


async def of_intake(new: New, _: Path) -> tuple[Api, list[str]]:
    """Leads of three sources, reports of both ways."""
    api = await new("intake")
    await registered(api)
    codes = await reported(api, past_the_office=False)
    return api, codes + await reported(api, past_the_office=True)


async def of_vault(new: New, folder: Path) -> tuple[Api, list[str]]:
    """Reporters that it has the keys of, and openings that wait and stand."""
    intake = await new("intake")
    codes = await reported(intake, past_the_office=False)
    vault = start_vault(intake, folder / "keys.sqlite")
    await vault.take_in()
    for number, (lead,) in enumerate(await intake.rows("select id::text from leads")):
        order = {"lead_id": lead, "purpose": "contact", "reason": "联系举报人补充情况", "minutes": 30}
        asked = (await ask(vault, "/openings", order, by="rvk", **{"Idempotency-Key": lead})).raise_for_status()
        if number:
            await ask(vault, f"/openings/{asked.json()['id']}/decision", {"grant": True}, by="rvk2")
    return vault, codes


async def of_verification(new: New, _: Path) -> tuple[Api, list[str]]:
    """Works of two units, with their facts."""
    api = await new("verification")
    hearing = Hearing(api, "verification")
    for unit in ("GA", "GA", "JS"):
        lead = uuid4()
        after = After(topic=LeadAssigned.TOPIC, subject=str(lead), sequence=1)
        facts = VerificationFactsSealed(lead_id=lead, after=after, sealed=hearing.seal(FACTS), effective_at=NOON)
        await hearing.tell(assigned(lead, unit), facts)
    return api, []


async def of_discipline(new: New, _: Path) -> tuple[Api, list[str]]:
    """Legs, and reports past the office of which one is accepted, opened and kept."""
    intake, api = await new("intake"), await new("discipline")
    both = Between(intake, api)
    codes = await reported(intake, past_the_office=True)
    await both.bring()
    legs = (DualAssignmentCreated(lead_id=uuid4(), dual_assignment_id=uuid4(), effective_at=NOON) for _ in range(3))
    await Hearing(api, "discipline").tell(*legs)
    [(one,)] = await api.rows("select id::text from reports limit 1")
    path, opening = f"/discipline/v1/reports/{one}", {"purpose": "contact", "reason": "补充了解情况", "minutes": 30}
    hold = {"basis_no": "示例函〔2018〕1号", "reason": "案件正在审理"}
    for door, body, by in (("acceptance", {}, "dcm"), ("openings", opening, "dhd2"), ("holds", hold, "dld")):
        (await api.post(f"{path}/{door}", body, by=by, key=door * 2)).raise_for_status()
    return api, codes


async def of_publicity(new: New, _: Path) -> tuple[Api, list[str]]:
    """The facts of some leads."""
    api = await new("publicity")
    await Hearing(api, "publicity").tell(*(event for number in range(1, 6) for event in journey(number)))
    return api, []


STANDING: dict[str, Callable[[New, Path], Awaitable[tuple[Api, list[str]]]]] = {
    "intake": of_intake,
    "vault": of_vault,
    "verification": of_verification,
    "discipline": of_discipline,
    "publicity": of_publicity,
}
"""Each app: how it comes to what stands; → the app, and query codes that it may be asked with."""


async def ids(api: Api) -> dict[str, list[str]]:
    """Ids that exist, by table."""
    tables = await api.rows(
        "select table_schema || '.' || table_name, table_name from information_schema.columns where column_name = 'id'"
        " and data_type = 'uuid' and table_schema in ('public', 'vault') and table_name not like 'outbox%'"
    )
    query = " union all ".join(f"(select '{name}', id from {table} limit 50)" for table, name in tables)
    found: dict[str, list[str]] = {}
    for name, one in await api.rows(query):
        found.setdefault(name, []).append(str(one))
    return found
