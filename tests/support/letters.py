"""A reporter and the office write to each other, for tests."""

from typing import Any
from uuid import uuid4

import httpx

from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.files import photo
from tests.support.reporting import REPORT, REPORTS, report, write
from tests.support.uploading import TUS, attach_by_code, named, patch

ANSWER = "请于下周到政务中心三楼-CANARYmail"


async def door(new_api: NewApi, **settings: str) -> Api:
    """intake, whose proofs of work cost little."""
    return await new_api("intake", CHALLENGE_BITS="2", **settings)


async def filed(api: Api, **more: Any) -> tuple[str, str]:
    """A report; → its code, and the address of its lead."""
    before = {row[0] for row in await api.rows("select id from leads")}
    slip = (await report(api.client, REPORT | {"naming": "anonymous", "reporter": None} | more)).json()
    [new] = {row[0] for row in await api.rows("select id from leads")} - before
    return slip["query_code"], f"/intake/v1/leads/{new}"


async def thread(api: Api, **order: Any) -> httpx.Response:
    """A page of the mailbox by a code."""
    return await api.client.post(f"{REPORTS}/messages/reading", json=order)


async def tell(api: Api, lead: str, text: str, *, by: str = "ofd", **more: Any) -> httpx.Response:
    """A letter of the office."""
    return await api.post(f"{lead}/messages", {"text": text, **more}, by=by, key=uuid4().hex)


async def for_letter(api: Api, lead: str, content: bytes, name: str, by: str = "ofd") -> httpx.Response:
    """A file of the office for a letter to the reporter."""
    marks = named(name) | {"Upload-Metadata": named(name)["Upload-Metadata"] + ",mailbox"}
    size = {"Upload-Length": str(len(content))}
    begun = await api.client.post(f"{lead}/attachments", headers={**TUS, **size, **marks, **api.as_(by)})
    if begun.status_code != 201:
        return begun
    whole = await patch(api.client, begun.headers["Location"], content, 0, **api.as_(by))
    return begun if whole.status_code == 204 else whole


async def fetch(api: Api, code: str, number: int, file: str) -> httpx.Response:
    """A file of a letter by the query code."""
    body = {"query_code": code, "number": number, "file": file}
    return await api.client.post(f"{REPORTS}/messages/files", json=body)


async def exchanged(api: Api, code: str, lead: str) -> dict[str, str]:
    """A file of each side, named in a letter; door → id."""
    picture = photo("CANARYmail")
    assert (await attach_by_code(api.client, code, picture, "a.jpg")).status_code == 204
    theirs = (await for_letter(api, lead, picture, "答复.jpg")).headers["Location"].rsplit("/", 1)[-1]
    listed = {f["door"]: f["id"] for f in (await api.get(f"{lead}/attachments", by="ofd")).json()}
    assert listed["mailbox"] == theirs
    assert (
        await write(api.client, {"query_code": code, "text": "附照片", "files": [listed["reporter"]]})
    ).status_code == 201
    assert (await tell(api, lead, ANSWER, files=[theirs])).status_code == 201
    return listed
