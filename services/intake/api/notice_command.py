"""`python -m services.intake ops import-notice FILE`: a year's holiday notice, brought by an operator."""

import asyncio
import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from services.intake.usecases.import_notice import import_and_count
from shared import ops
from shared.db import Database
from shared.deadlines import BadNotice, Notice
from shared.errors import Invalid


async def bring_notice(database: Database, file: Path, reason: str, at: datetime) -> Any:
    """An operator's holiday notice: keep it, count again what runs, show what moved. Raises `Invalid`."""
    if len(reason.strip()) < ops.SHORTEST_REASON:
        raise Invalid("理由至少五个字 / a reason of at least five characters is needed")
    notice = await asyncio.to_thread(_read, file)
    new, moved = await import_and_count(database, notice, at=at, reason=reason)
    other = [asdict(each) for each in moved if each.before != each.after]
    return {"year": notice.year, "new": new, "moved": other, "confirmed": len(moved) - len(other)}


def _read(file: Path) -> Notice:
    try:
        return Notice.of(json.loads(file.read_text("utf-8")))
    except BadNotice as fault:
        raise Invalid(str(fault)) from None
    except OSError as fault:
        raise Invalid(f"文件无法读取 / the file cannot be read: {fault.strerror}") from None
    except ValueError:
        raise Invalid("文件不是JSON / the file is not JSON") from None
