"""Files sent by tus, for tests."""

import base64
import hashlib
from collections.abc import AsyncIterable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from tests.support.api import Api

TUS = {"Tus-Resumable": "1.0.0"}
OPEN = "/intake/v1/reports/attachments"


def named(name: str) -> dict[str, str]:
    """Upload-Metadata of this file name."""
    return {"Upload-Metadata": f"filename {base64.b64encode(name.encode()).decode()},filetype dGV4dA=="}


def checked(content: bytes, algorithm: str = "sha256") -> dict[str, str]:
    """Upload-Checksum of this content."""
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"}


async def begin(client: httpx.AsyncClient, where: str, length: int, name: str, **headers: str) -> httpx.Response:
    """Creation."""
    return await client.post(where, headers={**TUS, "Upload-Length": str(length), **named(name), **headers})


async def patch(
    client: httpx.AsyncClient, where: str, content: bytes | AsyncIterable[bytes], at: int, **headers: str
) -> httpx.Response:
    """A piece."""
    whole = {**TUS, "Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream", **headers}
    return await client.patch(where, content=content, headers=whole)


async def offset(client: httpx.AsyncClient, where: str, **headers: str) -> int:
    """How much is here."""
    return int((await client.head(where, headers={**TUS, **headers})).headers["Upload-Offset"])


async def attach(api: Api, lead_id: Any, content: bytes, name: str, *, by: str) -> httpx.Response:
    """A whole file by an account."""
    begun = await begin(api.client, f"/intake/v1/leads/{lead_id}/attachments", len(content), name, **api.as_(by))
    assert begun.status_code == 201, begun.text
    return await patch(api.client, begun.headers["Location"], content, 0, **api.as_(by))


async def attach_by_code(
    client: httpx.AsyncClient, code: str, content: bytes, name: str, **headers: str
) -> httpx.Response:
    """A whole file by a reporter."""
    begun = await begin(client, OPEN, len(content), name, **{"Query-Code": code, **headers})
    assert begun.status_code == 201, begun.text
    return await patch(client, begun.headers["Location"], content, 0, **{"Query-Code": code, **headers})


async def destroy(api: Api, lead_id: Any) -> None:
    """All files of a lead, as its expunge destroys them; their pieces are the clock's."""
    [(step,)] = await api.rows("select statement from expunge_plan where statement like '%update attachments set%'")
    await api.rows(step, UUID(str(lead_id)))


def objects(api: Api) -> list[Path]:
    """What lies in the store."""
    return [path for path in (api.keys.folder.resolve().parent / "attachments").rglob("*") if path.is_file()]
