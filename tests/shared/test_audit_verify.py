"""Proof from exports alone: whatever a superuser does to the log, the chain, its signatures or the files is found and named."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from shared.audit_content import FIELDS, beginning, document, link
from shared.audit_witness import witness
from tests.conftest import NewDatabase
from tests.support.chain import KEYS, Audited, judged, kinds
from tests.support.postgres import ROOT
from tests.support.signing import signer

OWN, OTHER = "intake", "discipline"
INSERT = """insert into audit_log (position, xid, id, at, actor, roles, unit, action, subject, detail) overriding system value
  values ({}, '3', gen_random_uuid(), now(), 'acct-017', 'ofd', 'GA', 'lead.read', 's', '{{}}')"""


@pytest_asyncio.fixture
async def log(new_database: NewDatabase) -> AsyncIterator[Audited]:
    audited = Audited(await new_database(OWN))
    await audited.stages(10, 10)
    yield audited
    await audited.stop()


@pytest_asyncio.fixture
async def other(new_database: NewDatabase, log: Audited) -> AsyncIterator[Audited]:
    """A service that has heard what the first signed so far."""
    audited = Audited(await new_database(OTHER))
    await audited.hear(log, witness(OTHER))
    await audited.stages(3)
    yield audited
    await audited.stop()


@pytest.mark.rule("G11")
@pytest.mark.parametrize(
    ("hand", "found"),
    [
        ("update audit_log set actor = 'acct-018' where position = 7", [("changed", 7)]),
        ("update audit_log set at = at + interval '1 microsecond' where position = 7", [("changed", 7)]),
        ("update audit_log set purpose = null where position = 7", [("changed", 7)]),
        ("update audit_log set detail = detail || '{\"z\": 1.0}' where position = 2", [("changed", 2)]),
        ("update audit_log set id = gen_random_uuid() where position = 20", [("changed", 20)]),
        ("delete from audit_log where position = 7", [("removed", 7)]),
        ("delete from audit_log where position = 20", [("removed", 20)]),
        (
            "with x as (delete from audit_log where position = 7) delete from audit_chain where number = 7",
            [("link-removed", 7)],
        ),
        (INSERT.format(100), [("inserted", 100)]),
        (INSERT.format(-3), [("inserted", -3)]),
        ("update audit_chain set hash = sha256('x') where number = 20", [("changed", 20), ("rewritten", 20)]),
        ("delete from audit_chain where number > 15", [*(("inserted", n) for n in range(16, 21)), ("cut", 15)]),
        (
            "with x as (delete from audit_log where position > 15) delete from audit_chain where number > 15",
            [("cut", 15)],
        ),
        ("update audit_checkpoints set number = 9 where number = 10", [("signature", 9)]),
        ("update audit_checkpoints set at = at - interval '1 day' where number = 10", [("signature", 10)]),
        ("update audit_checkpoints set signature = 'x' where number = 10", [("signature", 10)]),
        ("update audit_checkpoints set key_id = 'discipline-test' where number = 10", [("unknown-key", 10)]),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
async def test_what_a_superuser_does_is_found_and_named(log: Audited, hand: str, found: list[tuple[str, int]]) -> None:
    assert judged(await log.export()) == []
    await log.rows(hand)
    assert kinds(await log.export()) == found


@pytest.mark.rule("G11")
async def test_two_neighbours_that_changed_places_are_both_named(log: Audited) -> None:
    await log.rows(
        "update audit_log a set id = (select b.id from audit_log b where b.position = 9 - a.position) where position in (4, 5)"
    )
    assert kinds(await log.export()) == [("changed", 4), ("changed", 5)]


@pytest.mark.rule("G11")
async def test_a_tail_cut_with_its_signatures_is_known_to_the_witness_alone(log: Audited, other: Audited) -> None:
    assert judged(await log.export(), await other.export()) == []
    await log.rows(
        """with x as (delete from audit_log where position > 12), y as (delete from audit_checkpoints where number > 12)
           delete from audit_chain where number > 12"""
    )
    assert judged(await log.export()) == []
    [finding] = judged(await log.export(), await other.export())
    assert (finding.kind, finding.place, finding.chain) == ("cut", 12, "999999-intake")
    assert "999999-discipline" in str(finding)
    assert "20" in str(finding)


@pytest.mark.rule("G11")
async def test_a_history_chained_anew_differs_from_what_was_signed_and_signed_anew_from_what_was_witnessed(
    log: Audited, other: Audited
) -> None:
    await log.rows("update audit_log set actor = 'acct-018' where position = 13")
    await log.forge(sign_too=False)
    assert kinds(await log.export()) == [("rewritten", 20)]
    assert "11" in str(judged(await log.export())[0]), "the first ten links are proved by the signature over the tenth"
    await log.forge(sign_too=True)
    assert kinds(await log.export()) == [], "who has the key and the database convinces this database alone"
    assert kinds(await log.export(), await other.export()) == [("rewritten", 20)]
    await log.rows("delete from audit_log where position = 13")
    await log.forge(sign_too=True)
    assert kinds(await log.export(), await other.export()) == [("cut", 19)]


@pytest.mark.rule("G11")
async def test_a_signature_removed_here_is_known_to_the_witness_and_a_forged_witness_accuses_nobody(
    log: Audited, other: Audited
) -> None:
    await log.rows("delete from audit_checkpoints where number = 10")
    assert kinds(await log.export(), await other.export()) == [("checkpoint-removed", 10)]
    await log.stages(1)
    await other.rows("update audit_witnesses set hash = sha256('x') where number = 10")
    findings = judged(await log.export(), await other.export())
    assert [(f.kind, f.chain, f.place) for f in findings] == [("signature", "999999-discipline", 10)]


@pytest.mark.rule("G11")
async def test_what_was_signed_after_an_export_is_not_held_against_it(log: Audited, other: Audited) -> None:
    early = await log.export()
    await log.stages(5)
    await other.hear(log, witness(OTHER))
    later = await other.export()
    assert judged(early, later) == []
    assert judged(await log.export(), later) == []


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (lambda lines: lines[:-1], "incomplete"),
        (lambda lines: lines[1:], "incomplete"),
        (lambda lines: [*lines[:5], *lines[6:]], "incomplete"),
        (lambda lines: [*lines[:3], lines[3][:-9], *lines[4:]], "unreadable"),
        (lambda lines: [*lines[:3], "[]", *lines[4:]], "unreadable"),
        (lambda lines: [*lines[:3], '{"kind":"link","number":"x","position":1,"hash":"zz","row":[]}'], "unreadable"),
        (lambda lines: [*lines[:4], lines[3], *lines[4:]], "unreadable"),
        (lambda _: [], "incomplete"),
        (lambda _: ["\udcff\x00"], "unreadable"),
    ],
)
async def test_a_file_that_was_harmed_never_proves_anything(log: Audited, harm: object, kind: str) -> None:
    assert callable(harm)
    assert kind in [found for found, _ in kinds(harm(await log.export()))]


def prove(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The verifier as an operator runs it on a machine that has nothing else: no settings, no servers."""
    command = [sys.executable, "-m", "shared.audit_verify", *map(str, arguments)]
    environment = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, encoding="utf-8")


@pytest.mark.rule("G11")
async def test_the_command_says_it_in_words_and_by_its_exit_code(log: Audited, other: Audited, tmp_path: Path) -> None:
    keys, own, foreign = tmp_path / "keys.json", tmp_path / "intake.jsonl", tmp_path / "discipline.jsonl"
    keys.write_text(json.dumps({key_id: key.model_dump() for key_id, key in KEYS.items()}))

    async def exported() -> None:
        own.write_text("\n".join(await log.export()) + "\n", "utf-8")
        foreign.write_text("\n".join(await other.export()) + "\n", "utf-8")

    await exported()
    done = prove(own, foreign, "--keys", keys)
    assert (done.returncode, done.stderr) == (0, "")
    assert "✓ 999999-intake: 完好 / intact" in done.stdout
    assert "999999-discipline 20" in done.stdout, "how far the other has witnessed it"
    await log.rows("update audit_log set actor = 'x' where position = 7")
    await exported()
    done = prove(own, foreign, "--keys", keys)
    assert done.returncode == 1
    assert "✗ 999999-intake: 有问题 / NOT INTACT" in done.stdout
    assert "位置 7" in done.stdout
    assert "at position 7" in done.stdout
    assert prove(own, "--keys", tmp_path / "none").returncode == 2
    assert prove(tmp_path / "none", "--keys", keys).returncode == 2


def test_the_bytes_that_are_hashed_and_signed_stay_what_they_are() -> None:
    values = (
        7,
        "00000000-0000-4000-8000-000000000001",
        "2018-06-01T04:00:00.000000Z",
        "acct",
        "",
        "GA",
        "a.b",
        "线索\n",
        None,
    )
    row = dict(zip(FIELDS, (*values, '{"级别": 1.50}'), strict=True))
    assert document(row.values()).decode() == (
        '[7,"00000000-0000-4000-8000-000000000001","2018-06-01T04:00:00.000000Z","acct","","GA","a.b","线索\\n",null,'
        '"{\\"级别\\": 1.50}"]'
    )
    assert (
        link(beginning("999999-intake"), row).hex()
        == "8254fe6d73e917096187bdbaae49ab3656ac4defeae3579ac5541521dca18e76"
    )
    signed = signer("intake").sign("999999-intake", 7, bytes(32), datetime(2018, 6, 1, 4, tzinfo=UTC))
    assert signed.signature == (
        "P9+zU3CYnMsxKv3FNopjPldLz+8tyzBsYGA9Tuo7zukmRJrFEoUt5pV5lDm+Ulc3EN+Mk4P0WwIl8bLNkHLjBQ=="
    )
    assert signed.fits(KEYS)
