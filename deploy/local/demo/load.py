"""Loads the demonstration through the public doors, as the offices would act, each on its day (`X-Local-Clock`, local mode only).

No table is written directly. Every step first looks whether it was done, so that a loader that was stopped anywhere goes on.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx
from rich.progress import Progress

from deploy.local import issuer
from deploy.local.demo.directory import BEGIN, DETECTIVES, write_directory
from deploy.local.demo.ledger import END, DemoLead, generate, write_workbook
from deploy.local.keys import Keyring
from deploy.local.places import CannotRun
from shared.contracts.envelope import CHINA

PATIENCE = 60.0
"""Seconds an event may take from one service to the next, and a service may be away."""

ORGANS = {"N13": 6, "N14": 29, "N15": 30}
"""What the seed says of groups and staff (§1.1)."""


class Office:
    """Acts through the public interface, as an account and on a day."""

    def __init__(self, origin: str, token: Callable[[str], str]) -> None:
        self.client = httpx.Client(base_url=origin, timeout=60, trust_env=False)
        self.token = token

    def close(self) -> None:
        """Close its connections."""
        self.client.close()

    def call(self, account: str, method: str, path: str, *, on: date | None = None, hour: int = 9, **more: Any) -> Any:
        """One request; → its JSON. Raises `CannotRun` for any answer but 2xx."""
        headers = {"Authorization": f"Bearer {self.token(account)}", **more.pop("headers", {})}
        if on is not None:
            headers["X-Local-Clock"] = datetime(on.year, on.month, on.day, hour, tzinfo=CHINA).isoformat()
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self.client.request(method, path, headers=headers, **more)
            except httpx.TransportError as fault:
                if time.monotonic() > deadline:
                    raise CannotRun(f"{method} {path}: {type(fault).__name__}") from None
            else:
                if answer.status_code != 503 or time.monotonic() > deadline:
                    break
            time.sleep(0.5)
        if not answer.is_success:
            raise CannotRun(f"{method} {path} as {account}: {answer.status_code} {answer.text[:400]}")
        return answer.json()

    def awaited(self, account: str, path: str, fits: Callable[[Any], bool] = bool) -> Any:
        """The first item of a list that an event has to bring first. Raises `CannotRun` when it does not come."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for item in self.call(account, "GET", path)["items"]:
                if fits(item):
                    return item
            time.sleep(0.1)
        raise CannotRun(f"GET {path} as {account}: nothing came in {PATIENCE:.0f} s")


def load(office: Office, folder: Path, leads: list[DemoLead], step: Callable[[], None]) -> None:
    """Everything, in the order of days."""
    import_directory(office, folder / "demo" / "directory.xlsx")
    wait_for_verifiers(office)
    step()
    write_workbook(leads, folder / "demo" / "ledger.xlsx")
    by_day: dict[date, list[DemoLead]] = defaultdict(list)
    for lead in leads:
        by_day[lead.issued_on].append(lead)
    todo: list[tuple[date, int, Callable[[], None]]] = []
    for day, batch in by_day.items():
        todo.append((day, 0, partial(receive, office, folder, day, batch)))
        for lead in batch:
            todo += [
                (lead.issued_on, 1, partial(classify, office, lead)),
                (lead.plan.assigned_on, 2, partial(assign, office, lead)),
                (lead.plan.accepted_on, 3, partial(accept, office, lead)),
            ]
    for _, _, act in sorted(todo, key=lambda item: item[:2]):
        act()
        step()
    again = import_file(office, folder / "demo" / "ledger.xlsx", END)
    if (again["taken"], again["known"], again["refused"]) != (0, len(leads), []):
        raise CannotRun(f"the same ledger a second time changed something: {again}")
    step()


def receive(office: Office, folder: Path, day: date, batch: list[DemoLead]) -> None:
    """The clerk imports what superiors handed down that day."""
    path = folder / "demo" / f"ledger-{day}.xlsx"
    write_workbook(batch, path)
    done = import_file(office, path, day)
    if done["refused"] or done["taken"] + done["known"] != len(batch):
        raise CannotRun(f"the ledger of {day} was not taken whole: {done}")


def import_directory(office: Office, path: Path) -> None:
    """The keeper imports units, staff and placements, before anybody is charged with anything."""
    write_directory(path)
    content = path.read_bytes()
    key = str(uuid5(NAMESPACE_URL, f"{path.name}/{hash_of(content)}"))
    done = office.call(
        "dir",
        "POST",
        "/intake/v1/directory/imports",
        on=BEGIN,
        files={"file": (path.name, content)},
        data={"reason": "专项斗争启动,登记机构人员(虚构)"},
        headers={"Idempotency-Key": key},
    )
    if done["refused"]:
        raise CannotRun(f"the directory was not taken whole: {done['refused'][:5]}")


def wait_for_verifiers(office: Office) -> None:
    """Until verification has heard of all whom `accept` names."""
    office.awaited("unl", "/verification/v1/verifiers?limit=200", lambda one: one["staff"] == DETECTIVES[-1])


def import_file(office: Office, path: Path, on: date) -> Any:
    """One workbook through the ledger door."""
    content = path.read_bytes()
    key = str(uuid5(NAMESPACE_URL, f"{path.name}/{on}/{hash_of(content)}"))
    files = {"file": (path.name, content)}
    return office.call("icl", "POST", "/intake/v1/ledgers", on=on, files=files, headers={"Idempotency-Key": key})


def hash_of(content: bytes) -> str:
    """A file's own mark: a workbook written again is another request."""
    import hashlib

    return hashlib.sha256(content).hexdigest()


def classify(office: Office, lead: DemoLead) -> None:
    """An analyst classifies it; to 重大 the director raises it (G10)."""
    found = _lead(office, lead)
    major = lead.plan.level == "major"
    if found["status"] == "received":
        _classify(office, lead, found, "ana", "key" if major else lead.plan.level)
    if major and found["status"] in ("received", "classified") and found["level"] != "major":
        _classify(office, lead, found, "ofd", "major")


def _classify(office: Office, lead: DemoLead, found: Any, account: str, level: str) -> None:
    order = {
        "tier": lead.plan.tier,
        "level": level,
        "area_codes": found["area_codes"],
        "manifestation_codes": found["manifestation_codes"],
    }
    office.call(
        account, "POST", f"/intake/v1/leads/{found['id']}/classification", on=lead.issued_on, hour=10, json=order
    )


def assign(office: Office, lead: DemoLead) -> None:
    """The director assigns it; with grounds to both tracks at once."""
    found = _lead(office, lead)
    if found["status"] == "classified":
        order = {"unit": lead.plan.unit, "discipline_grounds": list(lead.plan.grounds)}
        path = f"/intake/v1/leads/{found['id']}/assignment"
        office.call("ofd", "POST", path, on=lead.plan.assigned_on, hour=11, json=order)


def accept(office: Office, lead: DemoLead) -> None:
    """The unit signs with two verifiers, plan and recusal statements; discipline's clerk signs for its leg."""
    found, on = _lead(office, lead), lead.plan.accepted_on
    work = office.awaited("unl", f"/verification/v1/works?lead_id={found['id']}")
    if work["status"] == "opened":
        number = int(lead.upstream_no[-3:])
        staff = [DETECTIVES[number % 18], DETECTIVES[(number + 7) % 18]]
        order = {
            "verifiers": [{"staff": one, "recusal_statement_on": on.isoformat()} for one in staff],
            "plan": "走访相关人员,调取书面材料,逐项核查线索反映的问题。",
        }
        office.call("unl", "POST", f"/verification/v1/works/{work['id']}/acceptance", on=on, hour=15, json=order)
    if lead.plan.grounds:
        leg = office.awaited("dcm", f"/discipline/v1/legs?lead_id={found['id']}")
        if leg["status"] == "opened":
            office.call("dcm", "POST", f"/discipline/v1/legs/{leg['id']}/receipt", on=on, hour=16)


def figure(office: Office, code: str, expected: int) -> Any:
    """A figure, once the events have reached publicity."""
    deadline = time.monotonic() + PATIENCE
    while True:
        figures = office.call("ldr", "GET", f"/publicity/v1/figures?as_of={END}")["figures"]
        found = next(item for item in figures if item["code"] == code)
        if found["value"] == expected or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


def _lead(office: Office, lead: DemoLead) -> Any:
    items = office.call("ofd", "GET", f"/intake/v1/leads?upstream_no={lead.upstream_no}")["items"]
    if len(items) != 1:
        raise CannotRun(f"{lead.upstream_no} is registered {len(items)} times")
    return items[0]


def main() -> int:
    """The command. 0 when all of it is loaded and counted."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.demo.load")
    parser.add_argument("--origin", required=True)
    parser.add_argument("--run", type=Path, required=True)
    arguments = parser.parse_args()
    key = Keyring(arguments.run / "keys").signing_key()
    office = Office(arguments.origin, cache(lambda account: issuer.token(key, f"{arguments.origin}/issuer", account)))
    leads = generate()
    steps = len({lead.issued_on for lead in leads}) + 3 * len(leads) + 2
    try:
        with Progress(refresh_per_second=4) as progress:
            task = progress.add_task("示例台账 / demonstration", total=steps)
            load(office, arguments.run, leads, lambda: progress.advance(task))
        started = figure(office, "N07", len(leads))
        dual = figure(office, "dual_assignments", sum(bool(lead.plan.grounds) for lead in leads))
        organs = {code: figure(office, code, value)["value"] for code, value in ORGANS.items()}
    except CannotRun as reason:
        print(f"示例数据载入中断 / the demonstration stopped: {reason}", file=sys.stderr)
        return 1
    print(f"  N07 {started['value']} / {started['of']}   双交办 / dual assignments {dual['value']}   N13-N15 {organs}")
    return 0 if started["value"] == started["of"] == len(leads) and organs == ORGANS else 1


if __name__ == "__main__":
    sys.exit(main())
