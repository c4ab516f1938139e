"""`python -m services.intake receipt verify FILE --keys KEYS`: proves a receipt without a service, a database or a setting.

FILE is the receipt, or the whole answer that it came in; KEYS what GET /intake/v1/receipts/keys answers. With `--report FILE` (the report
as it was sent) and the query code on standard input it is proved too that exactly this was reported. Ends with 0, 1 (not proved) or 2
(unreadable).
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from services.intake.domain.query_code import read_code
from services.intake.domain.receipt import Receipt
from shared.command import CommandParser


def main(arguments: Sequence[str]) -> int:
    """Verify and say so."""
    parser = CommandParser(prog="python -m services.intake receipt")
    verify = parser.add_subparsers(dest="action", required=True).add_parser("verify", help="prove a receipt")
    verify.add_argument("file", type=Path)
    verify.add_argument("--keys", type=Path, required=True, help="what GET /intake/v1/receipts/keys answers")
    verify.add_argument("--report", type=Path, help="the report as it was sent; its query code on standard input")
    given = parser.parse_args(arguments)
    try:
        receipt = _receipt(_read(given.file))
        found = _read(given.keys)
        genuine = receipt.fits(found.get("keys", found))
        report = _read(given.report) if given.report else None
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as fault:
        print(f"无法读取 / cannot be read ({type(fault).__name__})", file=sys.stderr)
        return 2
    try:
        code = read_code(sys.stdin.readline().strip()) if given.report else ""
    except ValueError:
        print("查询码有误,请逐个核对 / the code was mistyped, please check each symbol", file=sys.stderr)
        return 2
    if not genuine:
        why = "没有该编号的公钥 / no key of that id" if genuine is None else "签名不符 / the signature does not fit"
        print(f"未通过 / not proved: {why}")
        return 1
    if report is not None and not receipt.tells(report, code):
        print("未通过 / not proved: 内容或查询码与回执不符 / another report, or another code")
        return 1
    print(f"真实 / genuine: {receipt.number}, {receipt.received_on}")
    return 0


def _read(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text("utf-8"))
    if not isinstance(found, dict):
        raise TypeError("not an object")
    return found


def _receipt(found: dict[str, Any]) -> Receipt:
    inner = found.get("receipt", found)
    parts = {field.name: inner[field.name] for field in fields(Receipt) if field.name in inner}
    if not all(isinstance(part, str) for part in parts.values()):
        raise TypeError("not texts")
    return Receipt(**parts)
