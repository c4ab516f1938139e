"""A caller who goes away in the middle of a request."""

from typing import Any

import pytest

from tests.conftest import NewApi


@pytest.mark.parametrize("path", ["/intake/v1/reports/status", "/intake/v1/leads"])
async def test_a_caller_who_hangs_up_within_the_body_is_no_fault_of_ours(new_api: NewApi, path: str) -> None:
    api, answers = await new_api("intake"), list[Any]()
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        answers.append(message)

    headers = api.as_("icl") | {"Content-Type": "application/json", "Idempotency-Key": "k"}
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": "POST",
        "path": path,
        "root_path": "",
    }
    scope |= {"raw_path": path.encode(), "query_string": b"", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}
    await api.app(scope | {"headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()]}, receive, send)
    assert answers[0]["status"] == 400
