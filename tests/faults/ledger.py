"""The ledger: what clients were told against what stands in four databases and on the topics. Everything is counted, nothing assumed."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.contracts.envelope import Unparsable, decode
from shared.contracts.topics import SERVICES, TOPICS, read_by
from shared.kafka import KafkaAddress, read_all
from tests.faults.rig import Rig

STEPS = ["xiansuo.intake.lead.received.v1", "xiansuo.intake.lead.classified.v1", "xiansuo.intake.lead.assigned.v1"]


@dataclass
class Balance:
    """Findings by kind, each a sentence; empty when it balances."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)

    @property
    def fine(self) -> bool:
        return not (self.lost or self.doubled or self.reordered or self.stuck)

    def same(self, what: str, wanted: Counter[Any], found: Counter[Any]) -> None:
        """Each wanted thing as often as wanted, and nothing else."""
        self.counted[what] = found.total()
        self.lost += [f"{what}: {thing} is missing" for thing in wanted - found]
        self.doubled += [f"{what}: {thing} is there once more than it should" for thing in found - wanted]


def accepted(path: Path) -> list[dict[str, Any]]:
    """What the clients wrote down; a half line of a client that was ended is left out."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.endswith("}")]


async def balance(rig: Rig, told: list[dict[str, Any]], forged: set[str], *, forgotten: str | None = None) -> Balance:
    """Compare all of it. `forgotten` is a service that was restored: of deeds that its backup did not know, its audit knows nothing."""
    found = Balance()
    done = [line for line in told if "lead" in line]
    found.stuck += [f"a client was refused with {line['status']}" for line in told if line["status"] != 201]
    leads = Counter(line["lead"] for line in done)
    assigned = Counter(line["lead"] for line in done if line.get("assigned"))
    dual = Counter(line["lead"] for line in done if line.get("dual"))
    found.counted["accepted"] = leads.total()

    async def column(service: str, statement: str) -> Counter[Any]:
        return Counter(row[0] for row in await rig.rows(service, statement))

    found.same("leads in intake", leads, await column("intake", "select id::text from leads"))
    numbers = Counter(line["lead_no"] for line in done)
    found.same("lead numbers", numbers, await column("intake", "select lead_no from leads"))
    found.same("works", assigned, await column("verification", "select lead_id::text from works"))
    boxes = "select lead_id::text from work_facts where box is not null"
    found.same("boxes in verification", assigned, await column("verification", boxes))
    found.same("legs", dual, await column("discipline", "select lead_id::text from legs"))
    found.same("boxes in discipline", dual, await column("discipline", "select lead_id::text from leg_facts"))
    for action, who in {"lead.register": leads, "lead.classify": assigned, "lead.assign": assigned}.items():
        deeds = f"select subject from audit_log where action = '{action}'"
        if forgotten != "intake":
            found.same(f"audit {action}", who, await column("intake", deeds))
    opened = Counter(row[0] for row in await rig.rows("verification", "select id::text from works"))
    found.same(
        "audit work.open",
        opened,
        await column("verification", "select subject from audit_log where action = 'work.open'"),
    )
    said = await _said(rig)
    await _heard(rig, said, found, forged)
    await _on_topics(rig, said, found, forged)
    return found


Said = dict[tuple[str, str], list[str]]


async def _said(rig: Rig) -> Said:
    """(topic, subject) → ids of its events in the order of their numbers, as the owners' outboxes have them."""
    said: Said = defaultdict(list)
    for service in SERVICES:
        for topic, subject, number, event_id in await rig.rows(
            service, "select topic, subject, sequence, id::text from outbox order by topic, subject, sequence"
        ):
            said[topic, subject].append(event_id)
            assert len(said[topic, subject]) == number, f"{service}: {topic} {subject} is not contiguous at {number}"
    return said


async def _said_meanwhile(rig: Rig, topic: str, subject: str) -> bool:
    """The sealers go on: a checkpoint of the log may be said, and heard, after the outboxes were read."""
    statement = "select 1 from outbox where topic = $1 and subject = $2"
    return any([await rig.rows(service, statement, topic, subject) for service in SERVICES])


async def _heard(rig: Rig, said: Said, found: Balance, forged: set[str]) -> None:
    """Each consumer's marks stand at the last number, publicity has each fact once, nothing is held or parked."""
    for service in SERVICES:
        hears = {topic.name for topic in read_by(service)}
        # a record that nobody could read and an operator skipped is known by its partition and offset
        marks = {
            (topic, subject): (last, event_id)
            for topic, subject, last, event_id in await rig.rows(
                service, "select topic, subject, last, event_id::text from inbox where subject !~ '^[0-9]+:[0-9]+$'"
            )
            if subject not in forged
        }
        wanted = {key: (len(ids), ids[-1]) for key, ids in said.items() if key[0] in hears}
        found.counted[f"subjects heard by {service}"] = len(marks)
        for key in wanted.keys() | marks.keys():
            if wanted.get(key) != marks.get(key) and not (key not in said and await _said_meanwhile(rig, *key)):
                found.lost.append(f"{service} has {marks.get(key)} of {key}, said was {wanted.get(key)}")
        for table in ("held", "parked"):
            rows = await rig.rows(service, f"select topic, subject, sequence from {table}")
            found.stuck += [f"{service}: {row} is {table}" for row in rows]
    facts = Counter(
        tuple(row) for row in await rig.rows("publicity", "select topic, subject, event_id::text from facts")
    )
    # what other services signed is witnessed, how the directory stands is kept as it stands: no facts about a lead
    apart = (".audit-checkpoints", ".directory")
    hears = {topic.name for topic in read_by("publicity") if not topic.name.endswith(apart)}
    events = Counter((topic, subject, each) for (topic, subject), ids in said.items() if topic in hears for each in ids)
    found.same("facts", events, facts)


async def _on_topics(rig: Rig, said: Said, found: Balance, forged: set[str]) -> None:
    """Each event at least once on its topic; the first times of a subject's events in order, on one partition."""
    seen: dict[tuple[str, str], list[str]] = defaultdict(list)
    places: dict[tuple[str, str], set[int]] = defaultdict(set)
    records = 0
    address = KafkaAddress(
        servers=rig.platform.kafka.bootstrap,
        security="SASL_PLAINTEXT",
        user="admin",
        password=rig.platform.keys.secret("kafka-admin"),
    )
    async for record in read_all(address, "ledger", TOPICS):
        records += 1
        try:
            told = decode(record.value or b"")
        except Unparsable:
            continue
        if told.subject not in forged:
            seen[record.topic, told.subject].append(str(told.id))
            places[record.topic, told.subject].add(record.partition)
    found.counted["records on topics"] = records
    for key in said.keys() | seen.keys():
        wanted, first = said.get(key, []), list(dict.fromkeys(seen.get(key, [])))
        if not wanted and await _said_meanwhile(rig, *key):
            continue
        if missing := set(wanted) - set(first):
            found.lost.append(f"{key}: {len(missing)} events never reached the topic")
        elif extra := set(first) - set(wanted):
            found.doubled.append(f"{key}: {len(extra)} records that nobody said")
        elif first != wanted or len(places[key]) > 1:
            found.reordered.append(f"{key}")
    found.counted["repeats on topics"] = sum(len(ids) - len(set(ids)) for ids in seen.values())
