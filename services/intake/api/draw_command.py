"""`python -m services.intake draw verify FILE`: recomputes a published draw without a service, a database or a setting.

FILE is what GET /intake/v1/call-back-draws?month=… answered, after the draw. `--commitment` is the number that was noted at the beginning
of the month. Ends with 0, 1 (not proved) or 2 (unreadable, or not drawn yet).
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from services.intake.domain.call_back_draw import faults
from shared.command import CommandParser


def main(arguments: Sequence[str]) -> int:
    """Recompute and say so."""
    parser = CommandParser(prog="python -m services.intake draw")
    verify = parser.add_subparsers(dest="action", required=True).add_parser("verify", help="recompute a draw")
    verify.add_argument("file", type=Path)
    verify.add_argument("--commitment", help="as noted before the month's list was fixed")
    given = parser.parse_args(arguments)
    try:
        published = json.loads(given.file.read_text("utf-8"))
        noted = given.commitment in (None, published["commitment"])
        if published["drawn"] is None and noted:
            print("尚未抽取,次月抽取后再核验 / not drawn yet: verify it next month, after the draw", file=sys.stderr)
            return 2
        found = faults(published) if published["drawn"] is not None else []
        if not noted:
            found.append("承诺与月初所记不同 / the commitment is not the one that was noted")
        drawn, listed = len(published["drawn"] or ()), len(published["entries"] or ())
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as fault:
        print(f"无法读取 / cannot be read ({type(fault).__name__})", file=sys.stderr)
        return 2
    if found:
        print("未通过 / not proved: " + "; ".join(found))
        return 1
    print(f"属实 / as published: {drawn} of {listed} were drawn")
    return 0
