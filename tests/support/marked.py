"""Marked reporters for the canary: every door through which something of a reporter may come in, and how a marked one comes in there.

A door that is added takes its place here, or among those that take nothing of a reporter with the reason; a test compares.
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from email.message import EmailMessage
from io import BytesIO
from typing import Any, TypeAlias
from uuid import uuid4

import httpx
from openpyxl import Workbook

from tests.support.files import photo
from tests.support.reporting import COUNTER, REPORT, REPORTS, report, status, write
from tests.support.uploading import OPEN, TUS, attach_by_code, begin, named, patch

MARK = "CANARYq7"
"""In all that is of the reporter, in the metadata of files, and in every header that could tell who he is."""
PHONE, ADDRESS = "17755550000", "203.0.113.77"
PEER = "127.0.77.91"
"""Where the connection itself comes from: of it, too, nothing is kept, though limits of a rate hold."""
TRACE, SPAN = "ca9a7e1705fa11ed50badc0dedeadbee", "ca9a7e1705fa11ed"
"""A caller's own trace: whose device it is, its maker's servers may know."""
SUBJECT = {"id_number": "999999197705050019", "phone": "17766660000", "address": "SUBJECTq7"}
"""Of whoever is reported: sealed in intake, and in the boxes of those who check."""
TYPED = {"plate": "陕AQ7Q70", "account": "6222027777777777777", "uscc": "919999990000000050"}
"""Further ones of theirs, as people write them into a text."""
SAID = ",".join(("其证件", SUBJECT["id_number"], "电话", SUBJECT["phone"], *TYPED.values()))
SECRETS = (MARK, MARK.lower(), PHONE, ADDRESS, PEER, TRACE, SPAN)
HEADERS: dict[str, str] = {
    "User-Agent": f"{MARK}-agent",
    "X-Forwarded-For": ADDRESS,
    "X-Real-IP": ADDRESS,
    "Forwarded": f"for={ADDRESS}",
    "Cookie": f"openid={MARK}",
    "X-Device-Id": f"{MARK}-device",
    "Referer": f"http://{MARK}.example",
    "Accept-Language": f"zh-{MARK}",
    "Origin": f"https://{MARK}.example",
    "X-Request-Id": f"{MARK}-request",
    "X-Canary": MARK,
    "traceparent": f"00-{TRACE}-{SPAN}-01",
    "tracestate": f"q7={MARK}",
    "baggage": f"who={MARK}",
}
SOUND = b"#!AMR\n" + MARK.encode() + bytes(3000)
"""A recording; all of it is the reporter's."""
PLAIN = "虚构的被举报人乙"
"""Not of the reporter: must be found, or the search looks where nothing is."""
WORDS = frozenset({"reporter", "caller", "informant"})
"""Names of what holds a reporter's data in a body."""


def marked(naming: str = "named") -> dict[str, Any]:
    """A report with the mark in all that is of the reporter."""
    who = {"relation": MARK, "note": MARK, "safe_contact": MARK, "meeting_place": MARK}
    if naming != "anonymous":
        who |= {"name": MARK, "phone": PHONE, "id_number": MARK, "address": MARK}
    facts = REPORT["facts"] | {"evidence": SAID}
    return REPORT | {"naming": naming, "reporter": who, "persons": [{"name": PLAIN, **SUBJECT}], "facts": facts}


class Sender:
    """A client with marked headers, and the accounts' headers."""

    def __init__(self, client: httpx.AsyncClient, as_: Callable[[str], Mapping[str, str]]) -> None:
        self.client, self.as_ = client, as_

    async def post(self, path: str, *, by: str, **more: Any) -> httpx.Response:
        """POST as an account. Its Idempotency-Key is a machine's of the office and kept as it is, unless a reporter's slip hangs on it."""
        own = {"Idempotency-Key": key() if path == COUNTER else uuid4().hex}
        return await self.client.post(path, headers={**HEADERS, **self.as_(by), **own}, **more)


def key() -> str:
    """A marked Idempotency-Key."""
    return f"{MARK}{uuid4().hex}"


Send: TypeAlias = Callable[[Sender, int], Awaitable[list[httpx.Response]]]


async def _public(sender: Sender, number: int) -> list[httpx.Response]:
    body = marked(("named", "confidential", "anonymous")[number % 3])
    return [await report(sender.client, body, key=key(), **HEADERS)]


async def _counter(sender: Sender, number: int) -> list[httpx.Response]:
    own = {"own_code": f"{MARK}-own"} if number % 20 == 0 else {}
    whole = marked() | {"channel": "visit"} | own
    read = await sender.post(f"{COUNTER}/read-back", by="icl", json=whole)
    confirmed = whole | {"confirmation": read.json()["confirmation"], "confirmed": "by-word"}
    return [await sender.post(COUNTER, by="icl", json=confirmed)]


async def _lead(sender: Sender, number: int) -> list[httpx.Response]:
    who = {"name": MARK, "phone": PHONE, "id_number": MARK, "address": MARK}
    # all of one man: they are few, as each is compared with all others
    said = {"allegations": [SAID], "umbrella": {"description": SAID}} if number % 50 == 0 else {}
    body = {
        "source": "M",
        "summary": f"反映{PLAIN}强收费用,第{number}件",
        "area_codes": ["market"],
        "reporter": who,
    } | said
    return [await sender.post("/intake/v1/leads", by="icl", json=body)]


async def _ledger(sender: Sender, number: int) -> list[httpx.Response]:
    """Its rows are a superior's and hold no reporter; who wrote the file stands in its metadata and name."""
    book = Workbook()
    book.properties.creator = book.properties.lastModifiedBy = book.properties.title = MARK
    sheet = book.worksheets[0]
    sheet.append(["上级编号", "下发层级", "下发日期", "重点领域", "线索摘要"])
    sheet.append([f"Q7-{uuid4().hex[:12]}", "市", "2018-06-01", "欺行霸市", f"反映{PLAIN}强收费用,{SAID}"])
    content = BytesIO()
    book.save(content)
    files = {"file": (f"{MARK}-{number}.xlsx", content.getvalue())}
    return [await sender.post("/intake/v1/ledgers", by="icl", files=files)]


async def _call(sender: Sender, number: int) -> list[httpx.Response]:
    """The operator wrote the caller into the text, too; of some a recording follows."""
    call = {
        "external_no": f"Q7-{uuid4().hex[:12].upper()}",
        "called_at": "2018-06-01T09:00:00+08:00",
        "summary": f"报警人{MARK}({PHONE})称{PLAIN}打人,第{number}起,{SAID}",
        "caller": {"name": MARK, "phone": PHONE, "id_number": MARK, "address": MARK, "note": MARK},
    }
    second = call | {"revision": 2, "place": f"报警人{MARK}家门口,{SAID}", "summary": f"报警人{MARK}改称打人者{SAID}"}
    taken = await sender.post("/intake/v1/police-calls", by="m110", json=[call, second])
    if number % 20 == 0:
        lead = taken.json()["records"][0]["lead_id"]
        await _attached(sender, lead, f"#!AMR\n{MARK}".encode(), f"{MARK}.amr", by="m110")
    return [taken]


async def _gateway(sender: Sender, number: int) -> list[httpx.Response]:
    """A mail with marked headers, name, text and file, a text message and a voicemail; the clerk registers the mail."""
    mail = EmailMessage()
    mail["From"], mail["Received"] = f"{MARK} <{MARK}@mail.example>", f"from {MARK} ([{ADDRESS}])"
    mail["Message-ID"], mail["X-Originating-IP"], mail["Subject"] = f"<{MARK}@{MARK}.example>", ADDRESS, f"{MARK}反映"
    mail.set_content(f"我是{MARK},{PLAIN}打人,第{number}件\n-- \n{MARK} {PHONE}\n")
    mail.add_attachment(photo(MARK), maintype="image", subtype="jpeg", filename=f"{MARK}.jpg")
    batch: list[dict[str, Any]] = [
        {"external_no": f"<{MARK}-{uuid4()}>", "channel": "email", "mail": b64encode(mail.as_bytes()).decode()},
        {"external_no": f"{MARK}-{uuid4()}", "channel": "sms", "sender": PHONE, "text": f"{PHONE}说{PLAIN}打人"},
        {"external_no": f"{MARK}-{uuid4()}", "channel": "voice", "sender": PHONE},
    ]
    batch[2]["recording"] = {"name": f"{MARK}.amr", "content": b64encode(SOUND).decode()}
    taken = await sender.post("/intake/v1/gateway-messages", by="mgw", json=batch)
    assert taken.json()["taken"] == 3, taken.text
    listed = await sender.client.get("/intake/v1/gateway-messages", headers={**HEADERS, **sender.as_("icl")})
    mine = next(each["id"] for each in listed.json()["items"] if each["channel"] == "email")
    path = f"/intake/v1/gateway-messages/{mine}/registration"
    slip = await sender.client.post(path, json={}, headers={**HEADERS, **sender.as_("icl"), "Idempotency-Key": key()})
    return [taken, listed, slip]


async def _national(sender: Sender, number: int) -> list[httpx.Response]:
    book, content = Workbook(), BytesIO()
    book.properties.creator = MARK
    sheet = book.worksheets[0]
    sheet.append(["举报编号", "转办日期", "重点领域", "举报内容", "举报人", "联系电话", "证件号码"])
    told = f"反映{PLAIN}强收费用,{SAID}"
    sheet.append([f"Q7-{uuid4().hex[:12]}", "2018-06-01", "欺行霸市", told, MARK, PHONE, MARK])
    book.save(content)
    files = {"file": (f"{MARK}-{number}.xlsx", content.getvalue())}
    return [await sender.post("/intake/v1/ledgers/national", by="icl", files=files)]


async def _transfer(sender: Sender, number: int) -> list[httpx.Response]:
    who = {"name": MARK, "phone": PHONE, "id_number": MARK, "address": MARK, "note": MARK}
    body: dict[str, Any] = {"letter_no": f"Q7-{uuid4().hex[:12]}-{number}", "sent_on": "2018-06-01"}
    body |= {"reason": f"不属本单位管辖,{SAID}", "evidence": [{"name": SAID, "sha256": "0" * 64}]}
    return [
        await sender.post(
            "/intake/v1/transfers", by="prt", json=body | {"summary": f"反映{PLAIN}强收费用,{SAID}", "reporter": who}
        )
    ]


async def _file(sender: Sender, _: int) -> list[httpx.Response]:
    """A photo with the mark in its name and in what the camera wrote, by the reporter."""
    filed = await report(sender.client, marked(), key=key(), **HEADERS)
    code = filed.json()["query_code"]
    sent = await attach_by_code(sender.client, code, photo(MARK), f"{MARK}.jpg", **HEADERS)
    assert sent.status_code == 204, sent.text
    return [filed]


async def _scan(sender: Sender, number: int) -> list[httpx.Response]:
    """The scan of a letter, by the clerk."""
    [made] = await _lead(sender, number)
    await _attached(sender, made.json()["id"], photo(MARK), f"{MARK}.jpg", by="icl", more=",letter")
    return [made]


async def _attached(sender: Sender, lead: str, content: bytes, name: str, *, by: str, more: str = "") -> None:
    own = {**HEADERS, **sender.as_(by)}
    whole = {**TUS, "Upload-Length": str(len(content)), **own}
    whole["Upload-Metadata"] = named(name)["Upload-Metadata"] + more
    begun = await sender.client.post(f"/intake/v1/leads/{lead}/attachments", headers=whole)
    sent = await patch(sender.client, begun.headers["Location"], content, 0, **own)
    assert sent.status_code == 204, sent.text


async def _challenge(sender: Sender, _: int) -> list[httpx.Response]:
    return [await sender.client.post(f"{REPORTS}/challenges", headers=HEADERS)]


async def _status(sender: Sender, _: int) -> list[httpx.Response]:
    return [
        await status(sender.client, query_code=MARK),
        await status(sender.client, lead_no=MARK, own_code=MARK),
    ]


async def _receipt(sender: Sender, _: int) -> list[httpx.Response]:
    return [await sender.client.post("/intake/v1/receipts/verification", json={MARK: MARK}, headers=HEADERS)]


async def _message(sender: Sender, _: int) -> list[httpx.Response]:
    slip = await report(sender.client, marked("anonymous"), key=key(), **HEADERS)
    body = {"query_code": slip.json()["query_code"], "text": f"{MARK}补充情况"}
    return [slip, await write(sender.client, body, key=key(), **HEADERS)]


async def _filed(sender: Sender, whole: dict[str, Any]) -> tuple[httpx.Response, str]:
    """A report at the counter; → its slip, and its lead, which the clerk finds by the number."""
    read = await sender.post(f"{COUNTER}/read-back", by="icl", json=whole)
    slip = await sender.post(
        COUNTER, by="icl", json=whole | {"confirmation": read.json()["confirmation"], "confirmed": "by-word"}
    )
    path = f"/intake/v1/leads?lead_no={slip.json()['lead']['lead_no']}"
    found = await sender.client.get(path, headers={**HEADERS, **sender.as_("icl")})
    return slip, found.json()["items"][0]["id"]


async def _posted(sender: Sender, _: int) -> list[httpx.Response]:
    """A letter that came by post, and its scan, which the clerk adds to the lead that he finds by its number."""
    slip, lead = await _filed(sender, marked() | {"channel": "letter"})
    await _attached(sender, lead, photo(MARK), f"{MARK}.jpg", by="icl", more=",letter")
    return [slip]


async def _named(sender: Sender, _: int) -> list[httpx.Response]:
    """A letter that names a file sent before by the same code."""
    slip = await report(sender.client, marked("anonymous"), key=key(), **HEADERS)
    code = slip.json()["query_code"]
    return [slip, *await _with_file(sender, code)]


async def _with_file(sender: Sender, code: str) -> list[httpx.Response]:
    """A file by the code, and a letter that names it."""
    own = {**HEADERS, "Query-Code": code}
    begun = await begin(sender.client, OPEN, len(SOUND), f"{MARK}.amr", **own)
    sent = await patch(sender.client, begun.headers["Location"], SOUND, 0, **own)
    assert sent.status_code == 204, sent.text
    body = {"query_code": code, "text": f"{MARK}见附件", "files": [begun.headers["Location"].rsplit("/", 1)[-1]]}
    return [await write(sender.client, body, key=key(), **HEADERS)]


async def passed(sender: Sender, _: int) -> list[httpx.Response]:
    """A report past the office, all of whose words are marked, with a file and letters; its slip is the first."""
    facts = {"summary": f"{MARK}反映窗口压件", "place": MARK, "allegations": [{"act": MARK}]}
    whole = marked() | {"persons": [{"name": MARK, "post": MARK}], "facts": facts, "about_office": True}
    slip = await report(sender.client, whole, key=key(), **HEADERS)
    code = slip.json()["query_code"]
    sent = await attach_by_code(sender.client, code, photo(MARK), f"{MARK}.jpg", **HEADERS)
    assert sent.status_code == 204, sent.text
    return [slip, *await _with_file(sender, code)]


async def _objection(sender: Sender, _: int) -> list[httpx.Response]:
    """To a refusal; the lead is found by its number, which is told with a code of one's own."""
    slip, lead = await _filed(sender, marked("anonymous") | {"channel": "visit", "own_code": f"{MARK}-own"})
    order = {"go_to": "court", "reason": "属于民事纠纷,应向法院起诉", "concerns_office": False}
    for by in ("ana", "ofd"):
        await sender.post(f"/intake/v1/leads/{lead}/decline", by=by, json=order)
    body = {"query_code": slip.json()["query_code"], "text": f"{MARK}不服"}
    return [slip, await write(sender.client, body, key=key(), door="objections", **HEADERS)]


async def _answer(sender: Sender, _: int) -> list[httpx.Response]:
    return [await write(sender.client, {"query_code": MARK, "reply": "declined"}, door="invitations/answer", **HEADERS)]


async def _reading(sender: Sender, _: int) -> list[httpx.Response]:
    return [await sender.client.post(f"{REPORTS}/messages/reading", json={"query_code": MARK}, headers=HEADERS)]


async def _letter_file(sender: Sender, _: int) -> list[httpx.Response]:
    body = {"query_code": MARK, "number": 1, "file": str(uuid4())}
    return [await sender.client.post(f"{REPORTS}/messages/files", json=body, headers=HEADERS)]


async def _reward(sender: Sender, _: int) -> list[httpx.Response]:
    return [await sender.client.post(f"{REPORTS}/reward", json={"query_code": MARK}, headers=HEADERS)]


async def _voucher(sender: Sender, _: int) -> list[httpx.Response]:
    body = {"query_code": MARK}
    return [
        await write(sender.client, body, key=key(), door=f"reward/{one}", **HEADERS) for one in ("claim", "voucher")
    ]


TAKES: dict[str, Send] = {
    "POST /intake/v1/reports": _public,
    "POST /intake/v1/reports/messages": _message,
    "POST /intake/v1/reports/objections": _objection,
    "POST /intake/v1/counter-reports": _counter,
    "POST /intake/v1/leads": _lead,
    "POST /intake/v1/ledgers": _ledger,
    "POST /intake/v1/ledgers/national": _national,
    "POST /intake/v1/police-calls": _call,
    "POST /intake/v1/gateway-messages": _gateway,
    "POST /intake/v1/transfers": _transfer,
    "POST /intake/v1/reports/attachments": _file,
    "PATCH /intake/v1/reports/attachments/{upload_id}": _file,
    "POST /intake/v1/leads/{lead_id}/attachments": _scan,
    "PATCH /intake/v1/uploads/{upload_id}": _scan,
}
"""Doors through which a reporter is kept."""
ALSO: dict[str, Send] = {
    "a report past the office with a file and a letter that names one": passed,
    "a letter of the mailbox that names a file": _named,
    "the scan of a letter, to the lead of its number": _posted,
}
"""Further ways through the same doors."""
PASSES: dict[str, Send] = {
    "POST /intake/v1/reports/invitations/answer": _answer,
    "POST /intake/v1/counter-reports/read-back": _counter,
    "POST /intake/v1/reports/challenges": _challenge,
    "POST /intake/v1/reports/messages/reading": _reading,
    "POST /intake/v1/reports/messages/files": _letter_file,
    "POST /intake/v1/reports/reward": _reward,
    "POST /intake/v1/reports/reward/claim": _voucher,
    "POST /intake/v1/reports/reward/voucher": _voucher,
    "POST /intake/v1/reports/status": _status,
    "POST /intake/v1/receipts/verification": _receipt,
}
"""Doors that a reporter, or what is said of one, only passes: nothing is kept there."""
OFFICE = {
    "POST /intake/v1/directory/imports": "units and staff, from the office's own files",
    "POST /intake/v1/passed-reports/{report_id}/files": "what discipline sends to a reporter, sealed for him; nothing is kept",
}
"""Doors that take files or the like and nothing of a reporter, and why."""


def doors(document: Mapping[str, Any], public: Callable[[Mapping[str, Any]], bool]) -> set[str]:
    """Of an OpenAPI document, the operations through which something of a reporter may come: without a login, with a body that has a place
    for one, or with a body that is no JSON (a file brings metadata)."""
    found = set()
    schemas = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            names = {name for kind in content.values() for name in _names(kind, schemas, set())}
            writes = method.upper() in ("POST", "PUT", "PATCH")
            headers = {found["name"].lower() for found in operation.get("parameters", ())}
            unread = method.upper() != "POST" and not content  # its body is read as it comes
            file = unread or "upload-metadata" in headers or any(kind != "application/json" for kind in content)
            if writes and (public(operation) or names & WORDS or file):
                found.add(f"{method.upper()} {path}")
    return found


def _names(part: Any, schemas: Mapping[str, Any], seen: set[str]) -> set[str]:
    """Names of all properties that a schema has, however deep."""
    found: set[str] = set()
    if isinstance(part, dict):
        properties = part.get("properties")
        found |= set(properties) if isinstance(properties, dict) else set()
        name = str(part.get("$ref", "")).rsplit("/", 1)[-1]
        if name in schemas and name not in seen:
            seen.add(name)
            found |= _names(schemas[name], schemas, seen)
        for value in part.values():
            found |= _names(value, schemas, seen)
    elif isinstance(part, list):
        for value in part:
            found |= _names(value, schemas, seen)
    return found
