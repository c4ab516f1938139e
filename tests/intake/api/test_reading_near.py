"""Readings about colleagues and relatives whom only the directory knows: the scripted misuse test of G12 through the doors, and honest
readings beside it."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain.circle import named_in
from services.intake.usecases.read_lead import read_lead
from shared.auth import Principal
from shared.contracts.envelope import CHINA
from tests.conftest import NewApi
from tests.intake.api.test_leads import classify, register
from tests.intake.api.test_matters import boxes
from tests.intake.api.test_reading import PUBLIC, read
from tests.intake.directory.test_conflict_api import BASE, NUMBERS, ON, state, with_directory
from tests.intake.domain.test_circle import WAYS
from tests.intake.repeats.generator import Half
from tests.intake.repeats.heldout_words import HELD_OUT
from tests.intake.repeats.tune import SEED
from tests.support.api import Api
from tests.support.reporting import REPORT, report

GIVEN = ("建国", "秀英", "志强", "丽华", "永福", "小梅", "德胜", "玉兰", "文斌", "春燕", "伟", "敏", "刚")
COLLEAGUES = [f"{surname}{given}" for surname in ("邵", "龚") for given in GIVEN][:25]
RELATIVES = [f"{surname}{given}" for surname in ("欧阳", "阎") for given in GIVEN][:25]
SAYS = ("反映{}带人强收保护费,殴打商户", "{}与赌场老板来往密切,收受好处", "有人说是{}通风报信", "商户称{}参与放贷")
OTHERS = [f"反映{name}民带人强收保护费" for name in COLLEAGUES if len(name) == 2] + [
    f"反映{surname}{given}带人强收保护费,殴打商户" for surname in ("邱", "孟") for given in GIVEN
]
"""A longer name that begins with a colleague's, and the same given names in other families."""
TIES = ("neighbour", "colleague", "relative")


async def put(api: Api, staff: str, name: str, unit: str, **more: Any) -> None:
    body = {"name": name, "home_unit": unit, "from_on": "2018-03-01", "reason": "名册", **more}
    done = await api.client.put(f"{BASE}/staff/{staff}", json=body, headers=api.as_("dir", **ON))
    assert done.status_code == 200, done.text


async def told(api: Api, names: list[str]) -> list[UUID]:
    """A lead for each name: in the text, in an allegation, in a report as a person and as an official."""
    leads: list[UUID] = []
    for number, name in enumerate(names):
        if number % 4 < 2:
            text = WAYS[number // 4 % len(WAYS)](SAYS[number // 4 % len(SAYS)].format(name))
            changes = {"summary": text} if number % 4 == 0 else {"summary": "反映有人强收费用", "allegations": [text]}
            leads.append(await register(api, **PUBLIC, **changes))
            continue
        person = {**REPORT["persons"][0], "name": name} if number % 4 == 2 else REPORT["persons"][0]
        shields = {"involved": True, "officials": [{"name": name, "post": "民警"}]} if number % 4 == 3 else {}
        body = {**REPORT, "persons": [person], "umbrella": shields or REPORT["umbrella"]}
        before = await ids(api)
        sent = await report(api.client, body, **ON)
        assert sent.status_code == 201, sent.text
        leads += await ids(api) - before
    return leads


async def ids(api: Api) -> set[UUID]:
    return {row[0] for row in await api.rows("select id from leads")}


async def noticed(api: Api, by: str) -> dict[UUID, set[str]]:
    rows = await api.rows("select subject, kind from read_alerts where actor = $1 and kind = any($2)", by, list(TIES))
    found: dict[UUID, set[str]] = {}
    for subject, kind in rows:
        found.setdefault(UUID(subject), set()).add(kind)
    return found


async def read_all(api: Api, leads: list[UUID], *, by: str) -> None:
    """As somebody works who does not leaf through: each two minutes, ten hours a day."""
    for number, lead in enumerate(leads):
        at = datetime(2018, 6, 4 + number // 300, 8, tzinfo=CHINA) + timedelta(minutes=number % 300 * 2)
        assert (await read(api, lead, by=by, at=at.isoformat())).status_code == 200


async def read_within(api: Api, leads: list[UUID], *, by: str) -> None:
    reader, has = Principal(sub=by, roles=frozenset({"ana"}), unit="SB", purpose="handle"), api.app.state
    async with has.database.transaction() as tx:
        for number, lead in enumerate(leads):
            at = datetime(2018, 6, 11, 8, tzinfo=CHINA) + timedelta(minutes=number * 2)
            await read_lead(tx, lead, secret=has.circle_secret, subjects=has.sealer.subjects, by=reader, at=at)


@pytest.mark.rule("G12")
async def test_of_a_hundred_readings_about_colleagues_and_relatives_95_are_noticed_and_of_a_thousand_honest_ones_at_most_one(
    new_api: NewApi, tmp_path: Path
) -> None:
    """Nobody declares anything: `ana` comes from GA and is seconded to the office, `ofd` comes from elsewhere."""
    api = await with_directory(new_api, tmp_path, CHALLENGE_BITS="1", PUBLIC_A_MINUTE="1000000")
    for number, name in enumerate(COLLEAGUES):
        await put(api, f"GA-{900 + number}", name, "GA")
    for number, name in enumerate(RELATIVES):
        # half of them say it of ana, the other half is said by her
        await put(api, f"JS-{900 + number}", name, "JS", relatives=[NUMBERS["ana"]] if number % 2 else [])
    said = [f"JS-{900 + number}" for number in range(0, len(RELATIVES), 2)]
    await put(api, NUMBERS["ana"], "虚构人员", "GA", account="ana", relatives=said)
    about = {"colleague": await told(api, COLLEAGUES * 4), "relative": await told(api, RELATIVES * 4)}
    pairs = Half(HELD_OUT, SEED).pairs(400)
    texts = [*OTHERS, *(each.summary for pair in pairs for each in (pair.one, pair.other))][:200]
    honest = [await register(api, **PUBLIC, summary=text) for text in texts]

    misused = [lead for leads in about.values() for lead in leads]
    await read_all(api, misused, by="ana")
    # what concerns ana does not concern ofd; the other readings are read without the doors around them
    await read_all(api, misused, by="ofd")
    for name in ("ana", "ofd", "icl", "sup"):
        await read_within(api, honest, by=name)
    seen = await noticed(api, "ana")
    for kind, leads in about.items():
        assert len(leads) == 100
        assert sum(seen.get(lead) == {kind} for lead in leads) >= 95, kind
    false = [lead for lead in honest if lead in seen]
    false += [lead for name in ("ofd", "icl", "sup") for lead in await noticed(api, name)]
    assert len(misused) + 4 * len(honest) == 1_000
    assert len(false) <= 1, false


@pytest.mark.rule("G12")
async def test_whom_the_office_states_is_compared_with_the_readers_units_and_relatives_of_that_day(
    new_api: NewApi, tmp_path: Path
) -> None:
    api = await with_directory(new_api, tmp_path)
    await put(api, "JS-901", "虚构甲", "JS", relatives=[NUMBERS["ana"]])
    await put(api, "GA-901", "虚构乙", "GA")
    await put(api, "GA-902", "虚构丙", "GA", to_on="2018-05-01")
    await put(api, "JS-902", "虚构丁", "JS")
    place = {"unit": "GA", "post": "member", "kind": "secondment", "from_on": "2018-03-01", "reason": "借调"}
    lent = await api.client.put(f"{BASE}/staff/JS-902/placements", json=place, headers=api.as_("dir", **ON))
    assert lent.status_code == 200, lent.text
    expected: list[tuple[dict[str, str], set[str]]] = [
        ({"staff": "JS-901"}, {"relative"}),
        ({"staff": "GA-901"}, {"colleague"}),
        ({"staff": "JS-902"}, {"colleague"}),
        ({"unit": "GA"}, {"colleague"}),
        ({"staff": "GA-902"}, set()),  # left before
        ({"unit": "JS"}, set()),
    ]
    leads = []
    for number, (subject, _) in enumerate(expected):
        leads.append(await register(api, **PUBLIC, summary=f"反映第{number}处有人强收费用"))
        assert (await state(api, str(leads[-1]), subject)).status_code == 200
    await read_all(api, leads, by="ana")
    await read_all(api, leads, by="ofd")
    seen = await noticed(api, "ana")
    assert [seen.get(lead, set()) for lead in leads] == [kinds for _, kinds in expected]
    assert await noticed(api, "ofd") == {}


@pytest.mark.parametrize(
    ("text", "name", "there"),
    [
        ("反映王伟带人强收保护费", "王伟", True),
        ("反映王伟民带人强收保护费", "王伟", False),
        ("王伟知情不报,王伟民也在", "王伟", True),
        ("反映欧陽志強帶人", "欧阳 志强", True),
        ("反映王某带人", "王", False),
    ],
)
def test_a_name_within_a_longer_one_is_another_persons(text: str, name: str, there: bool) -> None:
    assert (named_in(text, [name], on=date(2018, 6, 1)) == {name}) is there


@pytest.mark.rule("G12", "M17")
async def test_the_boxes_say_who_is_near_those_whom_they_name_and_of_officials_only_disciplines_does(
    new_api: NewApi, tmp_path: Path
) -> None:
    api = await with_directory(new_api, tmp_path, CHALLENGE_BITS="1")
    await put(api, "GA-901", "邵建国", "GA", relatives=["MZ-901"])
    await put(api, "MZ-901", "虚构甲", "MZ")
    await put(api, "GA-902", "龚秀英", "GAXZ", relatives=["MZ-902"])
    await put(api, "MZ-902", "虚构乙", "MZ")
    before = await ids(api)
    told = {**REPORT["facts"], "summary": "邵建国参与强收费用"}
    body = {**REPORT, "facts": told, "umbrella": {"involved": True, "officials": [{"name": "龚秀英", "post": "民警"}]}}
    assert (await report(api.client, body, **ON)).status_code == 201
    [lead] = await ids(api) - before
    await classify(api, lead)
    # the office says that another bears the official's name
    assert (await state(api, str(lead), {"staff": NUMBERS["icl"]})).status_code == 200
    order = {"unit": "JS", "discipline_grounds": ["umbrella"]}
    done = await api.post(f"/intake/v1/leads/{lead}/assignment", order, by="ofd", **ON)
    assert done.status_code == 200, done.text
    [crime], [shield] = await boxes(api, "verification", lead), await boxes(api, "discipline", lead)
    assert (crime["near_units"], crime["near_staff"]) == (["GA", "SB"], ["MZ-901"])
    assert (shield["near_units"], shield["near_staff"]) == (["GA", "GAXZ", "SB"], ["MZ-901", "MZ-902"])
