"""The daily anchor (G11): the signed head of a chain as it stood when a day ended in China, a file that leaves the database.

The folder belongs on media that nobody on these servers can write twice. `python -m shared.audit_verify … --anchors FOLDER` holds the
chains against it, so that also whoever has all four databases and the signing keys cannot write an old day anew.
"""

import json
import os
from dataclasses import asdict
from datetime import date
from pathlib import Path

from shared.audit_content import Signed

FORMAT = "xiansuo-audit-anchor.v1"


def keep(folder: Path, day: date, signed: Signed) -> None:
    """Write the anchor of that day, whole or not at all; one that stands is never written over. Raises OSError."""
    path = folder / f"{signed.chain}-{day}.json"
    if path.exists():
        return
    draft = folder / f".{path.name}.{os.getpid()}"
    with draft.open("w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, **asdict(signed)}, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # the other worker was first
    finally:
        draft.unlink()
