"""The daily anchors: written when a day is over, never written over, and known to differ where everything else was forged."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.audit_verify import read, read_anchors, verify
from shared.deadlines import china_date
from tests.conftest import NewDatabase
from tests.support.chain import KEYS, Audited
from tests.support.running import until


def findings(lines: list[str], tmp_path: Path, anchors: Path) -> list[tuple[str, int]]:
    """What the verifier finds in this export beside these anchors."""
    (tmp_path / "keys.json").write_text(json.dumps({name: key.model_dump() for name, key in KEYS.items()}))
    (tmp_path / "export.jsonl").write_text("\n".join(lines))
    found, _ = verify([tmp_path / "export.jsonl"], tmp_path / "keys.json", anchors)
    return [(finding.kind, finding.place) for finding in found]


@pytest.mark.rule("G11")
async def test_a_day_that_is_over_has_its_anchor_and_who_forges_all_else_differs_from_it(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    log, folder = Audited(await new_database("discipline")), tmp_path / "anchors"
    folder.mkdir()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    try:
        await log.act(5)
        # a folder that is not there stops no sealing
        log.sealer(clock=lambda: yesterday, anchors=tmp_path / "nowhere")
        await log.sealed()
        await log.rest()
        await log.act(3)
        log.sealer(anchors=folder)
        await log.sealed()
        anchor = folder / f"999999-discipline-{china_date(yesterday)}.json"

        async def written() -> bool:
            return anchor.exists()

        await until(written, 20, "the day that is over has no anchor")
        assert [path.name for path in folder.iterdir()] == [anchor.name], "today is not over"
        kept = anchor.read_text()
        log.sealer(anchors=folder)
        await log.rest()
        assert anchor.read_text() == kept
        assert findings(await log.export(), tmp_path, folder) == []
        assert read_anchors(folder).witnessed[0].number == 5

        await log.rows("delete from audit_log where position = 2")
        await log.forge(sign_too=True)
        forged = await log.export()
        assert read(forged).findings == []
        assert findings(forged, tmp_path, folder) == [("rewritten", 5)]
        anchor.write_text(kept[:-9])
        assert findings(forged, tmp_path, folder) == [("unreadable", 1)]
    finally:
        await log.stop()
