"""`draw verify FILE` of a service: recomputes what was published of a month's draw, without a service, a database or a setting."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.command import CommandParser


def verify(
    service: str,
    arguments: Sequence[str],
    *,
    faults: Callable[[Mapping[str, Any]], list[str]],
    drawn: Callable[[Mapping[str, Any]], tuple[int, int] | None],
) -> int:
    """FILE is what the service's draw door answered. `drawn`: of a published draw how many were drawn, and of how many; None where it is
    not published yet. `--commitment` is the number that was noted before. Ends with 0, 1 (not proved) or 2 (unreadable, or too early)."""
    parser = CommandParser(prog=f"python -m services.{service} draw")
    command = parser.add_subparsers(dest="action", required=True).add_parser("verify", help="recompute a draw")
    command.add_argument("file", type=Path)
    command.add_argument("--commitment", help="as noted before the month was over")
    given = parser.parse_args(arguments)
    try:
        published = json.loads(given.file.read_text("utf-8"))
        noted = given.commitment in (None, published["commitment"])
        numbers = drawn(published)
        if numbers is None and noted:
            print("尚未公布,次月再核验 / not published yet: verify it next month", file=sys.stderr)
            return 2
        found = faults(published) if numbers is not None else []
        if not noted:
            found.append("承诺与事先所记不同 / the commitment is not the one that was noted")
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as fault:
        print(f"无法读取 / cannot be read ({type(fault).__name__})", file=sys.stderr)
        return 2
    if found or numbers is None:
        print("未通过 / not proved: " + "; ".join(found))
        return 1
    print("属实 / as published: {} of {} were drawn".format(*numbers))
    return 0
