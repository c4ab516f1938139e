"""What staff type in words of their own is kept and shown in clear, so no number of a person may stand in it, at any door."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from services.intake import app, vault
from shared.http.callers import api_routes, callers_of
from shared.http.fields import NUMBERLESS
from tests.conftest import NewApi

REPORTED = "what was reported: numbers are taken out and sealed at the door (0096, 0100)"
REPORTER = "the reporter: sealed for the vault at once"
LETTER = "a letter to the reporter: sealed, and only the code opens it (0057)"
PAPER = "the number of a paper, which may look like an account's; shown to those who hold the paper"
SECRET = "a secret of the reporter's or a voucher: only a keyed hash is kept"
RECEIPT = "a receipt that is compared and not kept"
NAMES = "names in the directory of units and staff, and of codes: published among the offices"
MACHINES = "of machines, no staff; sealed at the door (0100, 0102)"
EXCEPTIONS = {
    **dict.fromkeys(("PersonBlock", "CompanyBlock", "FactsBlock", "AllegationItem", "UmbrellaBlock"), REPORTED),
    **dict.fromkeys(("OfficialItem", "PersonItem", "EvidenceItem", "TransferOrder"), REPORTED),
    **dict.fromkeys(("LeadOrder.summary", "LeadOrder.allegations", "FindingOrder.summary"), REPORTED),
    **dict.fromkeys(("Reporter", "ReporterBlock"), REPORTER),
    **dict.fromkeys(("OfficeLetterOrder.text", "FeedbackLetterOrder.text", "RefusalOrder.text"), LETTER),
    **dict.fromkeys(("InvitationOrder.text", "OptionOrder.time", "OptionOrder.place"), LETTER),
    **dict.fromkeys(
        ("redirects.ReceiptOrder.receipt_no", "upstream_replies.ReplyOrder.reply_no", "CorrectionOrder.reply_no"), PAPER
    ),
    **dict.fromkeys(("RewardOrder.basis_no", "PaymentOrder.receipt_no", "shared.http.holds.HoldOrder.basis_no"), PAPER),
    **dict.fromkeys(("AssessmentOrder.document_no", "LeadOrder.upstream_no"), PAPER),
    **dict.fromkeys(("HandoverOrder.letter_no", "HandoverReceiptOrder.receipt_no"), PAPER),
    **dict.fromkeys(("CounterOrder.own_code", "ConfirmedOrder.own_code"), SECRET),
    **dict.fromkeys(("VoucherOrder.voucher", "PaymentOrder.voucher"), SECRET),
    "receipts.ReceiptOrder": RECEIPT,
    **dict.fromkeys(("UnitOrder.name", "StaffOrder.name", "EntryOrder.zh", "EntryOrder.en"), NAMES),
    "OpeningOrder.officers": "accounts of officers",
    "CircleOrder": "kept as keyed hashes",
    **dict.fromkeys(("LeadOrder.street", "FindingOrder.street", "Filters.street"), "the code of a street"),
    "/intake/v1/police-calls": MACHINES,
    "/intake/v1/gateway-messages": MACHINES,
}
"""A model, a field of one or a door → why its texts are not of the type."""


def staff_texts() -> Iterator[tuple[str, str, str, bool]]:
    """Door, model and field of each free text that somebody who is signed in may send; and whether a number in it is refused."""
    for routers, path in ((app.ROUTERS, "/intake/v1"), (vault.ROUTERS, "/intake/v1/vault")):
        whole = FastAPI()
        for router in routers:
            whole.include_router(router, prefix=path)
        document = whole.openapi()
        for route in api_routes(whole):
            if callers_of(route.dependant).startswith("无需登录"):
                continue
            for method in route.methods or ():
                body = document["paths"][route.path].get(method.lower(), {}).get("requestBody", {})
                for content in body.get("content", {}).values():
                    for model, field, schema in _texts(content["schema"], document["components"]["schemas"]):
                        yield str(route.path), model, field, schema.get(NUMBERLESS, False)


def _texts(
    schema: dict[str, Any], models: dict[str, Any], model: str = "", field: str = ""
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Texts without a form of their own: neither a code, a day nor an id."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from _texts(models[name], models, name.removeprefix("services__intake__api__").replace("__", "."))
    for inner in (*schema.get("anyOf", ()), *schema.get("allOf", ()), *schema.get("oneOf", ())):
        yield from _texts(inner, models, model, field)
    for name, inner in schema.get("properties", {}).items():
        yield from _texts(inner, models, model, name)
    for inner in (schema.get("items"), schema.get("additionalProperties"), *schema.get("prefixItems", ())):
        if isinstance(inner, dict):
            yield from _texts(inner, models, model, field)
    formed = {"enum", "const", "format", "contentMediaType"} & schema.keys()
    pattern = schema.get("pattern", "")
    if schema.get("type") == "string" and not formed and (not pattern or "[^" in pattern or "一-" in pattern):
        yield model, field, schema


@pytest.mark.rule("G14")
def test_each_free_text_of_staff_refuses_numbers_of_persons_or_is_named_with_a_reason() -> None:
    found = list(staff_texts())
    used = set()
    free = set()
    for path, model, field, numberless in found:
        named = {path, model, f"{model}.{field}"} & EXCEPTIONS.keys()
        used |= named
        if not numberless and not named:
            free.add(f"{path} {model}.{field}")
        assert not numberless or f"{model}.{field}" not in EXCEPTIONS, "an exception that is none"
    assert free == set(), "of the type `Said`, or an exception with a reason"
    assert EXCEPTIONS.keys() - used == set(), "exceptions of what is no more"
    assert sum(numberless for *_, numberless in found) > 40


@pytest.mark.rule("G14")
async def test_a_number_in_a_reason_is_refused_by_field_and_reason_and_repeated_nowhere(new_api: NewApi) -> None:
    api = await new_api("intake")
    lead = f"/intake/v1/leads/{uuid4()}"
    number = "13900000123"
    said = f"举报人电话{number},已联系"
    doors = [
        ("ofd", f"{lead}/decline", {"go_to": "police", "concerns_office": False, "reason": said}, {"reason"}),
        ("ofd", f"{lead}/suspension", {"reason": said, "measures": said}, {"reason", "measures"}),
        ("ofd", f"{lead}/discipline-grounds", {"discipline_grounds": [], "reason": said}, {"reason"}),
        ("ana", f"{lead}/feedback-tries", {"text": said}, {"text"}),
        ("ana", f"{lead}/merge", {"master_id": str(uuid4()), "reason": said}, {"reason"}),
        ("ofd", "/intake/v1/screenings", {"title": said, "scope": said}, {"title", "scope"}),
        ("icl", "/intake/v1/ledgers/replies", {"purpose": said}, {"purpose"}),
        ("dir", "/intake/v1/directory/imports", None, {"reason"}),
    ]
    for account, path, body, fields in doors:
        sent: dict[str, Any] = {"json": body} if body else {"data": {"reason": said}, "files": {"file": b"x"}}
        answer = await api.client.post(path, headers=api.as_(account, **{"Idempotency-Key": "k" * 22}), **sent)
        assert answer.status_code == 422, (path, answer.text)
        assert number not in answer.text
        told = {each["field"] for each in answer.json()["errors"] if "不得写入电话、证件号码" in each["reason"]}
        assert told == fields, (path, answer.text)
