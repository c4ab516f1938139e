"""The same files on a store that speaks S3: uploaded, resumed, examined, copied, downloaded, destroyed; and what a wrong setting says."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import ValidationError

from deploy.local.places import free_port
from services.intake.usecases.attachments import PIECE
from services.intake.usecases.clean_attachments import clean_attachments
from shared.s3_options import S3Options
from tests.conftest import NewApi
from tests.support.api import Api
from tests.support.files import photo
from tests.support.running import until
from tests.support.s3 import S3Server, s3_server
from tests.support.uploading import attach, begin, destroy, offset, patch
from tests.support.wire import Wire

LEADS = "/intake/v1/leads"
SOUND = b"#!AMR\n" + bytes(range(256)) * 10_000


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


async def lead(api: Api) -> str:
    made = await api.post(LEADS, {"source": "M", "summary": "反映有人强收费用"}, by="icl", key=uuid4().hex)
    found: str = made.json()["id"]
    return found


async def files(api: Api, lead_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.get(f"{LEADS}/{lead_id}/attachments", by="ofd")).json()
    return found


async def parts(api: Api, told: str) -> httpx.Response:
    """Readiness, once the part of the files says this: a look that takes long goes on by itself. The service is ready all the while."""
    found: list[httpx.Response] = []

    async def said() -> bool:
        found[:] = [await api.client.get("/intake/readyz")]
        assert (found[0].status_code, found[0].json()["status"]) == (200, "ready"), found[0].text
        return told in found[0].json()["parts"]["attachments"]

    await until(said, 30, f"not told: {told}")
    return found[0]


async def fetch(api: Api, lead_id: str, file_id: str, *, original: bool) -> Any:
    body = {"purpose": "核对现场照片", "original": original}
    return await api.post(f"{LEADS}/{lead_id}/attachments/{file_id}/download", body, by="ofd")


async def test_a_file_is_uploaded_resumed_examined_copied_downloaded_and_destroyed_on_s3(
    new_api: NewApi, s3: S3Server
) -> None:
    where = f"s3://{s3.bucket}/999999"
    api = await new_api("intake", ATTACHMENT_STORE=where, ATTACHMENT_STORE_OPTIONS=s3.options())
    await parts(api, "ready")
    assert s3.objects() == []
    lead_id, me = await lead(api), api.as_("icl")
    at = (await begin(api.client, f"{LEADS}/{lead_id}/attachments", len(SOUND), "录音.amr", **me)).headers["Location"]
    half = PIECE + 7
    assert (await patch(api.client, at, SOUND[:half], 0, **me)).status_code == 204
    assert (await patch(api.client, at, SOUND[half + 1 :], half + 1, **me)).status_code == 409
    assert await offset(api.client, at, **me) == half
    assert (await patch(api.client, at, SOUND[half:], half, **me)).status_code == 204
    [sound] = await files(api, lead_id)
    assert (sound["state"], sound["sha256"]) == ("kept", hashlib.sha256(SOUND).hexdigest())
    assert (await fetch(api, lead_id, sound["id"], original=True)).content == SOUND
    assert {key.rsplit("/", 1)[0] for key in s3.objects()} == {f"999999/{sound['id']}"}
    assert all(SOUND[64:128] not in s3.content(key) for key in s3.objects())

    picture = photo("CANARYq7")
    assert (await attach(api, lead_id, picture, "现场.jpg", by="icl")).status_code == 204
    [image] = [one for one in await files(api, lead_id) if one["media_type"] == "image/jpeg"]
    copy = await fetch(api, lead_id, image["id"], original=False)
    assert copy.content.startswith(b"\xff\xd8")
    assert b"CANARYq7" not in copy.content
    assert (await fetch(api, lead_id, image["id"], original=True)).content == picture
    refused = await attach(api, lead_id, b"MZ" + bytes(200), "a.exe", by="icl")
    assert refused.status_code == 422
    assert {key.split("/")[1] for key in s3.objects()} == {sound["id"], image["id"]}

    # the keys go with the lead's transaction, the clock removes the objects
    await destroy(api, lead_id)
    async with api.app.state.database.transaction() as tx:
        await clean_attachments(tx, datetime.now(UTC), store=api.app.state.attachments)
    assert s3.objects() == []
    assert (await fetch(api, lead_id, image["id"], original=True)).status_code == 409


@pytest.mark.parametrize(
    ("changes", "bucket", "told"),
    [
        ({"secret_access_key": "wrong" * 8}, None, "SignatureDoesNotMatch"),
        ({"access_key_id": "AKIAWRONGWRONGWRONGW"}, None, "InvalidAccessKeyId"),
        ({}, "another-bucket", "没有该桶"),
        ({"endpoint": "http://127.0.0.1:9"}, None, "没有应答"),
    ],
)
async def test_a_wrong_key_bucket_or_address_is_told_to_the_operator_and_the_door_says_try_again(
    new_api: NewApi, s3: S3Server, changes: dict[str, Any], bucket: str | None, told: str
) -> None:
    where = f"s3://{bucket or s3.bucket}/999999"
    api = await new_api("intake", ATTACHMENT_STORE=where, ATTACHMENT_STORE_OPTIONS=s3.options(**changes))
    ready = await parts(api, told)
    answer = await attach(api, await lead(api), b"plain text", "a.txt", by="icl")
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    for inside in (s3.endpoint, s3.bucket, "wrong", "AKIA", "another", "Signature"):
        assert inside not in ready.text.replace(told, "") + answer.text


async def test_a_store_that_fails_later_closes_the_doors_for_files_alone(new_api: NewApi, s3: S3Server) -> None:
    s3.make("of-today")
    api = await new_api("intake", ATTACHMENT_STORE="s3://of-today", ATTACHMENT_STORE_OPTIONS=s3.options())
    await parts(api, "ready")
    lead_id, me = await lead(api), api.as_("icl")
    assert (await attach(api, lead_id, photo(), "a.jpg", by="icl")).status_code == 204
    at = (await begin(api.client, f"{LEADS}/{lead_id}/attachments", 10, "b.txt", **me)).headers["Location"]
    s3.lose("of-today")
    [kept] = [one for one in await files(api, lead_id) if one["state"] == "kept"]
    assert (await fetch(api, lead_id, kept["id"], original=True)).status_code == 503
    assert (await patch(api.client, at, b"plain text", 0, **me)).status_code == 503
    assert await offset(api.client, at, **me) == 0
    await parts(api, "没有该桶")
    # and when it is there again the sender goes on
    s3.make("of-today")
    assert (await patch(api.client, at, b"plain text", 0, **me)).status_code == 204
    await parts(api, "ready")


async def test_a_store_that_is_away_at_the_start_closes_the_doors_for_files_alone_and_comes_back_by_itself(
    new_api: NewApi, s3: S3Server
) -> None:
    port = free_port()
    options = s3.options(endpoint=f"http://127.0.0.1:{port}")
    api = await new_api("intake", ATTACHMENT_STORE=f"s3://{s3.bucket}/late", ATTACHMENT_STORE_OPTIONS=options)
    await parts(api, "没有应答")
    assert 'xiansuo_probe_up{part="attachments"} 0.0' in (await api.client.get("/metrics")).text
    lead_id = await lead(api)
    away = await attach(api, lead_id, b"plain text", "a.txt", by="icl")
    assert (away.status_code, away.headers["Content-Type"]) == (503, "application/problem+json")
    assert (away.headers["Retry-After"], "附件存储" in away.json()["detail"]) == ("2", True)
    wire = Wire()
    try:
        wire.listen(port, to=int(s3.endpoint.rsplit(":", 1)[1]))
        await parts(api, "ready")
        assert (await attach(api, lead_id, b"plain text", "b.txt", by="icl")).status_code == 204

        async def told() -> bool:
            return 'xiansuo_probe_up{part="attachments"} 1.0' in (await api.client.get("/metrics")).text

        await until(told, 30, "the gauge does not tell")
    finally:
        wire.stop()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"endpoint": "http://files.example:9000"}, "plain http"),
        ({"endpoint": "http://10.0.0.1"}, "plain http"),
        ({"endpoint": "https://user:word@files.example"}, "pattern"),
        ({"endpoint": None}, "string"),
        ({"secret_access_key": ""}, "empty"),
        ({"access_key_id": ""}, "at least 1"),
        ({"region": "a b"}, "pattern"),
        ({"ca": "/nowhere.pem"}, "file"),
        ({"secret_acces_key": "x"}, "not permitted"),
    ],
)
def test_options_that_cannot_be_right_are_refused_at_the_start(change: dict[str, Any], told: str) -> None:
    fine = {
        "endpoint": "https://files.example",
        "region": "x",
        "access_key_id": "key",
        "secret_access_key": "hidden-word",
    }
    assert not S3Options.model_validate(fine).plain
    for loopback in ("http://127.0.0.1:9000", "http://localhost:1", "http://[::1]:1"):
        assert S3Options.model_validate({**fine, "endpoint": loopback}).plain
    with pytest.raises(ValidationError, match=told) as refused:
        S3Options.model_validate_json(json.dumps({**fine, **change}))
    assert "hidden-word" not in str(refused.value)


async def test_s3_without_options_and_options_without_s3_do_not_start(new_api: NewApi) -> None:
    for more in (
        {"ATTACHMENT_STORE": "s3://bucket/prefix"},
        {
            "ATTACHMENT_STORE_OPTIONS": '{"endpoint": "https://x", "region": "x", "access_key_id": "x", "secret_access_key": "x"}'
        },
    ):
        with pytest.raises(ValidationError, match="s3://"):
            await new_api("intake", **more)
