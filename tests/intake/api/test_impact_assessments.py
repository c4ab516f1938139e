"""The register of impact assessments: who enters, what is refused, when one is due again, that nothing in it changes (PIPL §55, §56)."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.conftest import NewApi
from tests.intake.api.test_life import on

PATH = "/intake/v1/impact-assessments"
ONE: dict[str, Any] = {
    "processing": "举报人身份信息的密封保管",
    "cause": "sensitive",
    "document_no": "示例评〔2018〕1号",
    "measures": "密封存储,两人查阅",
    "assessed_on": "2018-06-01",
    "next_due_on": "2019-06-01",
}


@pytest.mark.rule("D33")
async def test_each_assessment_stays_on_the_register_and_is_due_again_until_another_follows_it(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")

    async def enter(by: str = "dpo", day: str = "2018-06-04", **changes: Any) -> Any:
        return await api.post(PATH, ONE | changes, by=by, key=uuid4().hex, **on(day))

    async def due(by_day: str, *, day: str = "2019-06-03") -> list[tuple[str, bool]]:
        answer = await api.client.get(f"{PATH}?due_by={by_day}", headers=api.as_("aud", **on(day)))
        return [(row["document_no"], row["overdue"]) for row in answer.json()["items"]]

    for by in ("ofd", "aud", "adm", "icl"):
        assert (await enter(by)).status_code == 403, by
    for wrong, field in (
        ({"assessed_on": "2018-06-05"}, "assessed_on"),
        ({"next_due_on": "2018-06-01"}, "next_due_on"),
        ({"next_due_on": "2021-06-02"}, "next_due_on"),
        ({"cause": "feeling"}, "cause"),
        ({"measures": " "}, "measures"),
        ({"processing": "【机密】x"}, "processing"),
    ):
        refused = await enter(**wrong)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    assert (await enter(renews=str(uuid4()))).status_code == 404
    first = (await enter()).json()
    assert (first["kept_until"], first["overdue"], first["recorded_by"]) == ("2021-06-01", False, "dpo")
    assert (await due("2019-05-31"), await due("2019-06-01")) == ([], [(ONE["document_no"], True)])
    earlier = await enter(day="2019-06-03", renews=first["id"], assessed_on="2018-05-31")
    assert (earlier.status_code, earlier.json()["errors"][0]["field"]) == (422, "assessed_on")
    assert "早于所续的评估(2018-06-01)" in earlier.text
    later = {"document_no": "示例评〔2019〕1号", "assessed_on": "2019-06-03", "next_due_on": "2020-06-01"}
    follows = [enter(day="2019-06-03", renews=first["id"], **later) for _ in range(3)]
    assert sorted(each.status_code for each in await asyncio.gather(*follows)) == [201, 409, 409], "renewed once"
    assert await due("2019-12-31") == []
    assert len((await api.get(PATH, by="ofd")).json()["items"]) == 2, "the earlier one stays"
    assert (await api.get(PATH, by="sup")).status_code == 403
    for statement in ("update impact_assessments set measures = ''", "delete from impact_assessments"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with api.app.state.database.transaction() as tx:
                await tx.execute(text(statement))
