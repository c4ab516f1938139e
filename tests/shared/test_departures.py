"""Who has left has no access, in every service, with whatever token the issuer still gives (M10)."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from deploy.local import issuer
from shared import departures
from shared.contracts.directory import StaffRecorded
from shared.contracts.topics import SERVICES
from tests.conftest import NewApi
from tests.support.builders import NOON
from tests.support.hearing import Hearing
from tests.support.vault import VAULT, VaultApi, start_vault

DOORS = {
    "intake": "/intake/v1/codes",
    "verification": "/verification/v1/works",
    "discipline": "/discipline/v1/legs",
    "publicity": "/publicity/v1/figures",
    "vault": f"{VAULT}/state",
}
READERS = {"intake": "ofd", "verification": "unl", "discipline": "dcm", "publicity": "ldr", "vault": "rvk"}


def staff(account: str | None, to_on: date | None = None, number: str = "QT-1") -> StaffRecorded:
    return StaffRecorded(
        staff=number, home_unit="GA", account=account, from_on=date(2018, 3, 1), to_on=to_on, effective_at=NOON
    )


@pytest.mark.rule("M10")
@pytest.mark.parametrize("process", [*SERVICES, "vault"])
async def test_each_service_refuses_who_has_left(
    new_api: NewApi, process: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(departures, "EVERY", 0.0)
    service = "intake" if process == "vault" else process
    api, account = await new_api(service), READERS[process]
    asked = start_vault(api, tmp_path / "vault" / "keys.sqlite") if process == "vault" else api
    later = datetime.now(UTC).date() + timedelta(days=2)
    steps: list[tuple[StaffRecorded | None, int]] = [
        (None, 200),  # unknown to the directory: the issuer's matter alone
        (staff(account), 200),
        (staff(account, later), 200),
        (staff(account, date(2018, 6, 1)), 401),
        (staff(account), 200),  # back again
        (staff("another"), 401),  # given another account: the old one ends
        (staff(account, number="QT-2"), 200),  # which is another person's now
    ]
    hearing = Hearing(api, service)
    for number, (event, status) in enumerate(steps):
        if event is not None and service == "intake":
            async with api.app.state.database.transaction() as tx:
                await departures.follow(tx, event)
        elif event is not None:
            await hearing.tell(event)
        answer = await asked.get(DOORS[process], by=account)
        assert answer.status_code == status, (number, answer.text)
        if status == 401:
            assert (answer.json()["code"], "离任" in answer.json()["detail"]) == ("unauthenticated", True)
    if isinstance(asked, VaultApi):
        await asked.close()


async def test_every_persons_account_of_the_local_issuer_is_in_the_directory_of_the_demonstration() -> None:
    from deploy.local.demo.directory import sheets

    assert {row[2] for row in sheets()["staff"]} - {None} == issuer.people()
