"""The busy door: what many submissions at once write is what one by one would write, whoever among them is bad, twice there, or cut off."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from services.intake.api.leads import view
from services.intake.db.submissions import array_literal
from services.intake.domain.codes import Area, Ground, IssuingLevel, Source
from services.intake.domain.lead_number import LeadNumber
from services.intake.domain.report import Channel, Filed, Naming
from services.intake.usecases.register_lead import NewLead, admit
from services.intake.usecases.submit_lead import Outcome, Submission, SubmitLead
from shared.auth import Principal
from shared.errors import Conflict, Invalid
from shared.http.problems import unexpected
from shared.idempotency import Claim
from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.builders import BOOK, NOON
from tests.support.postgres import Server

CLERK = Principal(sub="clerk-1", roles=frozenset({"icl", "ana"}), unit="SHB")
FULL: dict[str, Any] = {
    "source": Source.SUPERIOR,
    "summary": '反映"强收"费用\\{逗号,}\n第二行',
    "issuing_level": IssuingLevel.CITY,
    "upstream_deadline": datetime(2018, 9, 1, tzinfo=UTC).date(),
    "street": "临江街",
    "source_l2": "S-city",
    "areas": (Area.MARKET,),
    "manifestations": ("01", "02"),
    "allegations": ('第一项"引号"', "NULL", "{a,b}", "反斜线\\"),
    "grounds": (Ground(next(iter(Ground))),),
    "named": True,
    "reporter": {"name": "举报人甲", "phone": "13900000000"},
}
FILED: dict[str, Any] = {
    "filed": Filed(
        channel=Channel.PHONE,
        naming=Naming.CONFIDENTIAL,
        content={"facts": {"summary": '引号" \\ {x}'}},
        code_mark=b"c" * 32,
        receipt_mark=b"r" * 32,
        mailbox_key=b"m" * 32,
        own_lock=b"l" * 88,
        own_code="$argon2id$x",
        spent=(b"s" * 32, 1_600_000_000),
    ),
}
TABLES = (
    "leads",
    "deadlines",
    "lead_history",
    "lead_numbers",
    "repeat_pending",
    "vault.reporters",
    "outbox_sequences",
    "outbox",
    "audit_log",
    "idempotency_keys",
    "reports",
    "mailboxes",
    "spent_challenges",
    "subject_boxes",
)
_ONLY_FULL = ("vault.reporters", "reports", "mailboxes", "spent_challenges", "subject_boxes")
# random by nature, or the transaction's
FREE = {
    "id",
    "lead_id",
    "reporter_ref",
    "subject",
    "partition_key",
    "xid",
    "position",
    "key_id",
    "wrapped_key",
    "ciphertext",
    "box",
}


async def door(new_api: NewApi, **limits: Any) -> tuple[Api, SubmitLead]:
    api = await new_api("intake")
    submit = SubmitLead(api.app.state.database, region="999999", view=view, **limits)
    return api, submit


def submission(api: Api, key: str | None = None, /, mark: bytes = b"m", **changes: Any) -> Submission:
    values: dict[str, Any] = {"source": Source.PUBLIC, "summary": "反映有人在菜市场强收费用"} | changes
    filed = values.pop("filed", None)
    order = admit(NewLead(**values), book=BOOK, sealer=api.app.state.sealer, by=CLERK, at=NOON)
    order = replace(order, filed=filed)
    return Submission(order, Claim(CLERK.sub, key or str(uuid4()), mark, NOON))


async def ask(submit: SubmitLead, one: Submission) -> Outcome:
    return await submit(one.order, one.claim)


async def content(api: Api, drop: frozenset[str] = frozenset()) -> dict[str, list[dict[str, Any]]]:
    """All that a submission writes, without what is random."""
    connection = await asyncpg.connect(api.copy.admin_url)
    try:
        found = {}
        for table in TABLES:
            rows = [dict(row) for row in await connection.fetch(f"select * from {table}")]
            for row in rows:
                lead_id = str(row.get("lead_id") or row.get("subject") or row.get("id"))
                for name, value in row.items():
                    if isinstance(value, str | bytes):
                        text = value.decode("latin-1") if isinstance(value, bytes) else value
                        row[name] = text.replace(lead_id, "<id>")
                for name in (FREE | drop) & row.keys():
                    row[name] = "<free>" if row[name] is not None else None
                if table == "idempotency_keys":
                    row["answer"] = row["answer"].replace(row["answer"].split('"id": "')[1][:36], "<id>")
            found[table] = rows
        return found
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "fields", [{}, FULL | FILED | {"upstream_no": "C1", "allegations": ("打13900000123",)}], ids=["bare", "full"]
)
async def test_together_writes_what_alone_writes(new_api: NewApi, fields: dict[str, Any]) -> None:
    api_1, together = await door(new_api)
    api_2, alone = await door(new_api)
    one = submission(api_1, "k", **fields)
    assert await together._together([one]) != [None]
    await alone._alone(submission(api_2, "k", **fields))
    left, right = await content(api_1), await content(api_2)
    assert left == right
    assert all(left[table] for table in TABLES if table not in _ONLY_FULL or fields)


async def test_many_at_once_get_numbers_without_gaps_and_their_own_answers(new_api: NewApi) -> None:
    api, submit = await door(new_api, most=16)
    orders = [submission(api, source=source) for source in (Source.PUBLIC, Source.OTHER) for _ in range(150)]
    outcomes = await asyncio.gather(*(ask(submit, order) for order in orders))
    assert [UUID(outcome.answer.body["id"]) for outcome in outcomes] == [order.order.id for order in orders]
    for source in (Source.PUBLIC, Source.OTHER):
        numbers = [
            LeadNumber.parse(lead_no)
            for (lead_no,) in await api.rows("select lead_no from leads where source = $1", source.value)
        ]
        assert sorted(number.sequence for number in numbers) == list(range(1, 151))
    assert await api.rows("select count(*) from outbox") == [(300,)]


async def test_one_bad_submission_leaves_no_gap_and_no_trace(new_api: NewApi) -> None:
    api, submit = await door(new_api)
    twins = [submission(api, **FULL | {"upstream_no": "C7"}) for _ in range(2)]
    # PostgreSQL cannot store it, and the batch that holds it fails whole
    nul = submission(api, summary="a\0b")
    others = [submission(api) for _ in range(10)]
    outcomes = await asyncio.gather(
        *(ask(submit, one) for one in (*others[:5], *twins, nul, *others[5:])), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes].count(Outcome) == 11
    assert [type(outcome) for outcome in outcomes[5:7]].count(Conflict) == 1 or any(
        "unique" in str(outcome).lower() for outcome in outcomes[5:7]
    )
    assert isinstance(outcomes[7], Exception)
    assert await api.rows("select last from lead_numbers where source = 'M'") == [(10,)]
    for table in ("leads", "outbox", "audit_log", "idempotency_keys"):
        assert await api.rows(f"select count(*) from {table}") == [(11,)]


async def test_one_key_many_times_at_once_is_one_lead_with_one_answer(new_api: NewApi) -> None:
    api, submit = await door(new_api, most=4)
    outcomes = await asyncio.gather(*(ask(submit, submission(api, "same")) for _ in range(30)))
    assert len({outcome.answer.body["id"] for outcome in outcomes}) == 1
    assert [outcome.replayed for outcome in outcomes].count(False) == 1
    assert await api.rows("select count(*) from leads") == [(1,)]
    with pytest.raises(Invalid, match="another request"):
        await ask(submit, submission(api, "same", b"another body"))
    assert await api.rows("select last from lead_numbers") == [(1,)]


async def test_a_commit_with_unknown_outcome_is_answered_from_the_key(new_api: NewApi) -> None:
    api, submit = await door(new_api)
    whole = submit._together

    async def cut_off_after_commit(batch: Any) -> Any:
        await whole(batch)
        raise ConnectionError

    submit._queue._together = cut_off_after_commit
    orders = [submission(api) for _ in range(5)]
    outcomes = await asyncio.gather(*(ask(submit, order) for order in orders))
    assert [UUID(outcome.answer.body["id"]) for outcome in outcomes] == [order.order.id for order in orders]
    assert all(outcome.replayed for outcome in outcomes)
    assert await api.rows("select count(*) from leads") == [(5,)]


async def test_two_processes_with_the_same_keys_in_other_orders_never_deadlock(new_api: NewApi) -> None:
    api, first = await door(new_api, most=20)
    second = SubmitLead(api.app.state.database, region="999999", view=view, most=20)
    keys = [f"k{number}" for number in range(60)]
    calls = [ask(first, submission(api, key)) for key in keys] + [
        ask(second, submission(api, key)) for key in reversed(keys)
    ]
    outcomes = await asyncio.gather(*calls)
    assert len({outcome.answer.body["id"] for outcome in outcomes}) == 60
    assert await api.rows("select count(*) from leads") == [(60,)]


async def test_processes_that_draw_in_turn_leave_no_gap(new_api: NewApi) -> None:
    api, first = await door(new_api, most=8)
    second = SubmitLead(api.app.state.database, region="999999", view=view, most=8)
    outcomes = await asyncio.gather(*(ask(submit, submission(api)) for _ in range(60) for submit in (first, second)))
    numbers = [LeadNumber.parse(outcome.answer.body["lead_no"]).sequence for outcome in outcomes]
    assert sorted(numbers) == list(range(1, 121))
    assert await api.rows("select last from lead_numbers") == [(120,)]


async def test_a_number_that_was_foreseen_wrongly_is_drawn_instead_and_writes_nothing_before(new_api: NewApi) -> None:
    api, submit = await door(new_api)
    await ask(submit, submission(api))
    await ask(submit, submission(api, source=Source.OTHER))
    # another process drew three of one counter meanwhile
    await api.copy.server.run_async("update lead_numbers set last = 4 where source = 'M'", database=api.copy.name)
    one, other = await asyncio.gather(ask(submit, submission(api)), ask(submit, submission(api, source=Source.OTHER)))
    assert LeadNumber.parse(one.answer.body["lead_no"]).sequence == 5
    assert LeadNumber.parse(other.answer.body["lead_no"]).sequence == 2
    assert await api.rows("select source, last from lead_numbers order by source") == [("M", 5), ("O", 2)]
    for table in ("leads", "deadlines", "outbox", "audit_log", "idempotency_keys"):
        assert await api.rows(f"select count(*) from {table}") == [(4,)]


async def test_a_key_that_is_known_costs_its_neighbours_nothing(new_api: NewApi) -> None:
    api, submit = await door(new_api)
    first = await ask(submit, submission(api, "again"))
    outcomes = await asyncio.gather(*(ask(submit, submission(api, key)) for key in ("a", "again", "b", "c")))
    assert [outcome.replayed for outcome in outcomes] == [False, True, False, False]
    assert outcomes[1].answer.text == first.answer.text
    assert await api.rows("select last from lead_numbers") == [(4,)]


async def test_while_a_counter_is_held_leads_that_do_not_need_it_go_on(new_api: NewApi) -> None:
    api, submit = await door(new_api)
    superior = FULL | {"upstream_no": "C1"}
    await ask(submit, submission(api, **superior))
    holder = await asyncpg.connect(api.copy.admin_url)
    try:
        async with holder.transaction():
            # as a large ledger does until it commits
            await holder.execute("update lead_numbers set last = last where source = 'S'")
            waiting = [
                asyncio.create_task(ask(submit, submission(api, **superior | {"upstream_no": f"C2{n}"})))
                for n in range(3)
            ]
            others = await asyncio.gather(*(ask(submit, submission(api)) for _ in range(20)))
            assert len({outcome.answer.body["lead_no"] for outcome in others}) == 20
            refused = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(fault, DBAPIError) and unexpected("POST", fault).status_code == 503 for fault in refused)
    finally:
        await holder.close()
    assert (await ask(submit, submission(api, **superior | {"upstream_no": "C3"}))).answer.status == 201
    assert await api.rows("select last from lead_numbers where source = 'S'") == [(2,)]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12), max_size=5))
def test_an_array_as_text_is_read_back_as_it_was(server: Server, values: list[str]) -> None:
    async def there_and_back() -> list[str]:
        connection = await asyncpg.connect(server.admin)
        try:
            return list(await connection.fetchval("select $1::text::text[]", array_literal(values)))
        finally:
            await connection.close()

    assert asyncio.run(there_and_back()) == values
