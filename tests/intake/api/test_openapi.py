"""The document of intake's doors against the doors themselves; `python -m tests.load.schemathesis` is the long way round."""

import copy

from tests.conftest import NewApi
from tests.load.schemathesis import knocked, registered


async def test_no_request_made_from_the_document_breaks_a_door_or_gets_an_answer_it_does_not_tell_of(
    new_api: NewApi,
) -> None:
    api = await new_api("intake", CHALLENGE_BITS="1")
    await registered(api, 4)
    found = await knocked(api, 200, at=11)
    assert found.requests >= 180
    assert (dict(found.server_errors), dict(found.undocumented)) == ({}, {})


async def test_an_answer_that_the_document_does_not_tell_of_is_seen(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="1")
    document = copy.deepcopy(api.app.openapi())
    path = "/intake/v1/codes"
    document["paths"] = {path: document["paths"][path]}
    document["paths"][path]["get"]["responses"]["200"]["content"] = {"application/json": {"schema": {"type": "array"}}}
    found = await knocked(api, 10, at=1, document=document)
    assert set(found.undocumented) == {f"body of 200 GET {path}"}
    del document["paths"][path]["get"]["responses"]["200"]
    assert set((await knocked(api, 10, at=1, document=document)).undocumented) == {f"status 200 GET {path}"}
