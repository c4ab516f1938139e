"""Four eyes (G10) at every door of intake that asks for another person: who was given another account is no other person.

A door that is added later is noticed: by its call of `must_be_another`, which nothing here reaches, by its table, which stays empty
here, or because it compares accounts by itself.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, insert

from shared import departures, two_people
from shared.contracts.verification import WorkAccepted
from shared.errors import Forbidden
from tests.conftest import NewApi
from tests.intake.api import test_assignments, test_codes, test_deadlines, test_merges, test_rewards
from tests.intake.api.test_dual_exchange import dual
from tests.intake.api.test_leads import register
from tests.intake.api.test_life import PUBLIC, REFUSAL, WHY, do, hear, on
from tests.intake.api.test_objections import object_, told
from tests.intake.api.test_rewards_counter import NAMED, TOLD, opened
from tests.intake.api.test_rewards_counter import do as at_counter
from tests.support.api import Api
from tests.support.vault import VAULT, VaultApi, start_vault

ROOT = Path(__file__).resolve().parents[3]
DAY = test_rewards.DAY
UNITS = "refused_by"
"""Units, not accounts."""


class Walk:
    """The doors, tried first by the same person with another account, then by another person."""

    def __init__(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        self.api = api
        self.refused_at: set[str] = set()
        """The calls of `must_be_another` that refused."""
        walk = self

        class Noted(Forbidden):
            def __init__(self, told: str) -> None:
                super().__init__(told)
                frame = sys._getframe(2)
                walk.refused_at.add(f"{frame.f_globals['__name__']}:{frame.f_code.co_qualname}")

        monkeypatch.setattr(two_people, "Forbidden", Noted)
        monkeypatch.setattr(departures, "EVERY", 0.0)

    async def door(
        self, first: str, second: str, path: str, *bodies: Any, day: str = "2018-06-04", at: Api | None = None
    ) -> Any:
        """What `first` began is decided with `second`: refused in every way while both are one person's, then done in the last way."""
        api = at or self.api

        async def post(body: Any) -> Any:
            return await api.post(path, body, by=second, key=uuid4().hex, **on(day))

        async with self.api.app.state.database.transaction() as tx:
            await tx.execute(
                insert(departures.staff_accounts), [{"account": one, "staff": "QT-1"} for one in (first, second)]
            )
        for body in bodies:
            refused = await post(body)
            assert refused.status_code == 403, (path, body, refused.text)
            zh, en = refused.json()["detail"].split(" / ")
            assert (zh.isascii(), en.isascii()) == (False, True), refused.text
        async with self.api.app.state.database.transaction() as tx:
            await tx.execute(delete(departures.staff_accounts))
        done = await post(bodies[-1])
        assert done.status_code in (200, 201), (path, done.text)
        return done.json()


async def begun(api: Api, path: str, body: Any, *, by: str, day: str = "2018-06-04") -> str:
    answer = await api.post(path, body, by=by, key=uuid4().hex, **on(day))
    assert answer.status_code in (200, 201), (path, answer.text)
    return str(answer.json().get("id"))


def ways(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return {name: False, "reason": "理由不足"}, {name: True}


async def merges(walk: Walk) -> None:
    texts = (test_merges.FIRST, test_merges.OTHER)
    first, again = [await register(walk.api, **PUBLIC, summary=text) for text in texts]
    identity = (await test_merges.propose(walk.api, again, first)).json()["id"]
    path, both = f"/intake/v1/merges/{identity}", ({"confirm": False}, {"confirm": True})
    await walk.door("ana", "ofd", f"{path}/decision", *both)
    await begun(walk.api, f"{path}/undo", {"reason": "另一回事"}, by="ofd")
    await walk.door("ofd", "ana", f"{path}/undo-decision", *both)


async def levels(walk: Walk) -> None:
    path = f"/intake/v1/leads/{await register(walk.api, **PUBLIC)}/classification"
    major = {"tier": "evil", "level": "major", "area_codes": ["market"]}
    alone = await walk.api.post(path, major, by="ofd", **on("2018-06-04"))
    assert (alone.status_code, "另一人" in alone.json()["detail"]) == (409, True)
    await begun(walk.api, path, major | {"level": "key"}, by="ana")
    assert (await walk.door("ana", "ofd", path, major))["level"] == "major"
    # what is 重大 already the same director classifies anew; lowered and raised again it takes another
    await begun(walk.api, path, major | {"area_codes": ["usury"]}, by="ofd")
    await begun(walk.api, path, major | {"level": "key"}, by="ofd")
    assert (await walk.api.post(path, major, by="ofd", **on("2018-06-04"))).status_code == 403
    await begun(walk.api, path, major, by="ofd2")
    lead = await test_deadlines.lead_at_work(walk.api, **PUBLIC)
    raised = await begun(walk.api, f"/intake/v1/leads/{lead}/decisions", {"kind": "raise-level", **WHY}, by="ana")
    await walk.door("ana", "ofd", f"/intake/v1/decisions/{raised}/confirmation", *ways("confirm"))


async def limits_and_holds(walk: Walk) -> None:
    lead = await test_deadlines.lead_at_work(walk.api)
    leads = f"/intake/v1/leads/{lead}"
    pause = (await test_deadlines.ask(walk.api, lead)).json()["id"]
    await walk.door("ana", "ofd", f"/intake/v1/pauses/{pause}/decision", *ways("grant"))
    await hear(walk.api, lead, WorkAccepted, **test_assignments.SIGNED)
    extension = (await test_assignments.extend(walk.api, lead, 20)).json()["id"]
    await walk.door("unl", "ofd", f"/intake/v1/extensions/{extension}/decision", *ways("grant"), day="2018-06-21")
    order = {"basis_no": "2018刑初1号", "reason": "法院调取"}
    hold = await begun(walk.api, f"{leads}/holds", order, by="ofd")
    await walk.door("ofd", "dpo", f"/intake/v1/holds/{hold}/release", {"reason": "法院已审结"})
    await walk.api.rows("update leads set status = 'closed' where id = $1", lead)
    decision = await begun(walk.api, f"{leads}/decisions", {"kind": "reopen", **WHY}, by="ofd")
    await walk.door("ofd", "qrv", f"/intake/v1/decisions/{decision}/confirmation", *ways("confirm"))


async def between_the_legs(walk: Walk) -> None:
    path = await dual(walk.api)
    hold = await begun(walk.api, f"{path}/holds", {"what": "arrest", "until": "2018-06-20"}, by="dld")
    await walk.door("dld", "unl", f"/intake/v1/dual-holds/{hold}/decision", {"grant": False}, {"grant": True})
    for leg, account, by in (("crime", "unh", "ofd"), ("discipline", "dhd", "dcm")):
        named = await walk.api.post(f"{path}/contacts", {"leg": leg, "account": account}, by=by)
        assert named.status_code == 204, named.text
    need = await begun(walk.api, f"{path}/requests", {"need": "documents"}, by="unh")
    await walk.door("unh", "dhd", f"/intake/v1/dual-requests/{need}/answer", {"answer": "no"}, {"answer": "yes"})


async def objections(walk: Walk) -> None:
    code, lead = await told(walk.api)
    assert (await object_(walk.api, code)).status_code == 201
    text = {"text": "已再次核对,与本案无关"}
    await walk.door("ana", "ofd", f"/intake/v1/leads/{lead}/objection/refusal", text, day="2018-06-25")
    declined = await register(walk.api, **PUBLIC)
    assert (await do(walk.api, declined, "decline", REFUSAL, by="ana")).status_code == 200
    await walk.door("ana", "ofd2", f"/intake/v1/leads/{declined}/decline", REFUSAL)
    await walk.door("ofd2", "ofd", f"/intake/v1/leads/{declined}/acceptance", WHY)


async def interests(walk: Walk) -> None:
    await walk.api.rows("""insert into directory_staff (staff, region_code, name, home_unit, from_on, version)
        values ('QT-9', '999999', '虚构人员QT-9', 'GA', '2018-01-01', 1)""")
    path = f"/intake/v1/leads/{await register(walk.api, **PUBLIC)}/interests"
    interest = await begun(walk.api, path, {"staff": "QT-9", "ground": "relative", "reason": "与其系亲属"}, by="ofd2")
    both = [{"upheld": upheld, "reason": "已核对关系"} for upheld in (False, True)]
    await walk.door("ofd2", "ofd", f"/intake/v1/interests/{interest}/decision", *both)


async def code_lists(walk: Walk) -> None:
    assert (await test_codes.propose(walk.api)).status_code == 201
    await walk.door("ofd", "qrv", f"{test_codes.CODES}/versions/2018-3/review", *ways("adopt"), day="2018-06-01")


async def rewards(walk: Walk) -> UUID:
    lead = await register(walk.api, **NAMED)
    await test_rewards.verified(walk.api, lead)
    reward = str((await test_rewards.propose(walk.api, lead)).json()["id"])
    path = f"/intake/v1/rewards/{reward}"
    for first, second in (("ofd", "qrv"), ("qrv", "ldr")):
        no = {"approve": False, "reason": "金额过高,请重提"}
        await walk.door(first, second, f"{path}/decision", no, {"approve": True}, day=DAY)
    await opened(walk.api, lead)
    assert (await at_counter(walk.api, reward, "told", TOLD, "rvk")).status_code == 200
    assert (await at_counter(walk.api, reward, "identity", {"matches": True}, "rvk")).status_code == 200
    voucher = (await walk.door("rvk", "rvk2", f"{path}/handing", None, day=DAY))["voucher"]
    payment = {"voucher": voucher, "receipt_no": "MZ-2018-1"}
    await walk.door("rvk", "pay", "/intake/v1/reward-vouchers/payment", payment, day=DAY)
    return lead


async def the_vault(walk: Walk, vault: VaultApi, lead: UUID) -> None:
    await vault.take_in()
    order = {"lead_id": str(lead), "purpose": "contact", "reason": "联系举报人补充情况", "minutes": 30}
    opening = await begun(vault, f"{VAULT}/openings", order, by="rvk")
    await walk.door("rvk", "rvk2", f"{VAULT}/openings/{opening}/decision", *ways("grant"), at=vault)
    opening = await begun(vault, f"{VAULT}/break-glass", order | {"purpose": "danger"}, by="ofd")
    await walk.door("ofd", "ldr", f"{VAULT}/openings/{opening}/decision", *ways("grant"), at=vault)
    order = {"lead_id": str(lead), "ground": "retention", "reason": "保存期限已满"}
    shredding = await begun(vault, f"{VAULT}/shreddings", order, by="dpo")
    both = {"carry_out": False}, {"carry_out": True}
    await walk.door("dpo", "rvk", f"{VAULT}/shreddings/{shredding}/decision", *both, at=vault)


@pytest.mark.rule("G10")
async def test_at_no_door_is_another_account_another_person(
    new_api: NewApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    api = await new_api("intake", CHALLENGE_BITS="1")
    walk, vault = Walk(api, monkeypatch), start_vault(api, tmp_path / "vault" / "keys.sqlite")
    for part in (merges, levels, limits_and_holds, between_the_legs, objections, interests, code_lists):
        await part(walk)
    await the_vault(walk, vault, await rewards(walk))
    await vault.close()
    assert walk.refused_at == set(calls("intake")), "each call has refused, and was reached by a door"
    paired = "select distinct conrelid::regclass::text from pg_constraint where conname ~ 'two_people'"
    tables = [table for (table,) in await api.rows(paired)]
    assert len(tables) > 10
    empty = " union all ".join(f"select '{table}' where not exists (select from {table})" for table in tables)
    assert await api.rows(empty) == [], "their doors were not walked through"


def functions(service: str) -> Iterator[tuple[str, ast.AST]]:
    """The functions of a service's rules and use cases, and of what it shares, by module and qualified name."""
    for file in [*sorted((ROOT / "services" / service).rglob("*.py")), *sorted((ROOT / "shared").glob("*.py"))]:
        if {"domain", "usecases", "shared"} & set(file.parts):
            module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            waiting: list[tuple[str, ast.AST]] = [("", ast.parse(file.read_text("utf-8")))]
            while waiting:
                within, node = waiting.pop()
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.ClassDef):
                        waiting.append((f"{within}{child.name}.", child))
                    elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                        yield f"{module}:{within}{child.name}", child


def calls(service: str) -> Iterator[str]:
    """The functions that call `must_be_another`."""
    for name, function in functions(service):
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "must_be_another":
                yield name


def compares_accounts(node: ast.AST) -> bool:
    """Whether somebody on record (`…_by`) is compared with one account instead of all of a person's."""
    if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.In):
        return False
    if isinstance(node.ops[0], ast.In) and isinstance(node.left, ast.Attribute) and node.left.attr == "sub":
        return True
    names = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    return any(name.endswith("_by") and name != UNITS for name in names) and "accounts" not in names


@pytest.mark.rule("G10")
@pytest.mark.parametrize("service", ["intake", "verification", "discipline"])
def test_no_rule_compares_accounts_by_itself(service: str) -> None:
    found = {name for name, function in functions(service) if any(map(compares_accounts, ast.walk(function)))}
    assert found == set()


@pytest.mark.rule("G10")
def test_a_rule_that_did_would_be_found() -> None:
    for wrong in ("by == self.asked_by", "by.sub in (self.set_by, self.x)", "self.undo_by == by", "by.sub in handled"):
        assert compares_accounts(ast.parse(wrong, mode="eval").body), wrong
    for right in ("self.asked_by in by.accounts", "unit in lead.refused_by", "by.sub != self.asked_by", "a == b"):
        assert not compares_accounts(ast.parse(right, mode="eval").body), right
