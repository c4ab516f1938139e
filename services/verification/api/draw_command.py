"""`python -m services.verification draw verify FILE`: recomputes a month's review draw without a service, a database or a setting.

FILE is what GET /verification/v1/review-draws?month=… answered, after the month. `--commitment` is the number that was noted before.
Ends with 0, 1 (not proved) or 2 (unreadable, or not published yet).
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from services.verification.domain.review import faults
from shared.command import CommandParser


def main(arguments: Sequence[str]) -> int:
    """Recompute and say so."""
    parser = CommandParser(prog="python -m services.verification draw")
    verify = parser.add_subparsers(dest="action", required=True).add_parser("verify", help="recompute a draw")
    verify.add_argument("file", type=Path)
    verify.add_argument("--commitment", help="as noted before the month was over")
    given = parser.parse_args(arguments)
    try:
        published = json.loads(given.file.read_text("utf-8"))
        noted = given.commitment in (None, published["commitment"])
        if published["seed"] is None and noted:
            print("尚未公布,次月再核验 / not published yet: verify it next month", file=sys.stderr)
            return 2
        found = faults(published) if published["seed"] is not None else []
        if not noted:
            found.append("承诺与事先所记不同 / the commitment is not the one that was noted")
        entries = published["entries"] or ()
        drawn = sum(bool(entry["drawn"]) for entry in entries)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as fault:
        print(f"无法读取 / cannot be read ({type(fault).__name__})", file=sys.stderr)
        return 2
    if found:
        print("未通过 / not proved: " + "; ".join(found))
        return 1
    print(f"属实 / as published: {drawn} of {len(entries)} were drawn")
    return 0
