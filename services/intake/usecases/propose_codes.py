"""A new version of the code lists: the office's director proposes it, the legal review adopts it or not (§3: wording is reviewed)."""

from dataclasses import replace
from datetime import date, datetime

from services.intake.db import code_lists
from services.intake.domain.code_list import Lists, Version, VersionState, next_version
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import Registered
from shared.secrecy import refuse_marked


async def propose_codes(
    tx: Transaction, version: str, from_on: date, lists: Lists, reason: str, *, by: Principal, at: datetime
) -> Version:
    """Propose it; lists that it does not bring stay as they are. Raises `Invalid`, `Registered` for a name that is taken."""
    refuse_marked("lists", [each.zh for entries in lists.values() for each in entries])
    await code_lists.take_turn(tx)
    known = await code_lists.versions(tx)
    if version in {each.version for each in known}:
        raise Registered("该版本号已使用 / this name of a version is taken", fields=[("version", "已使用 / taken")])
    standing = [each for each in known if each.state is VersionState.ADOPTED][-1]
    proposed = next_version(standing, version, from_on, lists, reason, today=china_date(at))
    proposed = replace(proposed, proposed_by=by.sub, proposed_at=at)
    await code_lists.add(tx, proposed)
    detail = {"from_on": from_on.isoformat(), "lists": sorted(lists)}
    await audit.record(tx, by, "codes.propose", version, at=at, purpose=reason, detail=detail)
    return proposed


async def decide_on_codes(
    tx: Transaction, version: str, *, adopt: bool, reason: str | None, by: Principal, at: datetime
) -> Version:
    """Adopt it, which ends the version before it on the day it begins, or refuse it. Raises `NotFound`, `NotAllowed`, `Forbidden`,
    `Conflict`, `Invalid`."""
    await code_lists.take_turn(tx)
    standing = (await code_lists.book(tx)).newest
    proposed = await code_lists.get(tx, version)
    decided = proposed.decide(adopt=adopt, standing=standing, reason=reason, by=by, today=china_date(at), at=at)
    if adopt:
        await code_lists.end(tx, standing.version, decided.from_on)
    await code_lists.decide(tx, decided)
    deed = "codes.adopt" if adopt else "codes.refuse"
    await audit.record(tx, by, deed, version, at=at, purpose=reason, detail={"from_on": decided.from_on.isoformat()})
    return decided
