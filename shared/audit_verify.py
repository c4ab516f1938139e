"""`python -m shared.audit_verify FILE… --keys KEYS [--anchors FOLDER]`: proves audit chains from exports alone and names what is wrong.

Needs no database, no settings and no Kafka. Each FILE is one service's export; with the files of several services each is also held
against what the others witnessed. KEYS is a JSON object: key id → {"chain": …, "public_key": base64}. Ends with 0 when everything is
intact, 1 when something is wrong, 2 when a file cannot be read at all.
"""

import json
import sys
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.audit_content import PublicKey, Signed, beginning, link
from shared.command import CommandParser

Keys = Mapping[str, PublicKey]
HASH = 32
MOST = 50
"""Findings of one chain that are printed; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: what kind, in which chain, at which place (position of a row, else number of a link), in words."""

    kind: str
    chain: str
    place: int
    zh: str
    en: str

    def __str__(self) -> str:
        return f"  ✗ {self.kind} {self.place}: {self.zh} / {self.en}"


@dataclass(slots=True)
class Export:
    """What one file holds, as far as the judgement over all files needs it."""

    chain: str = ""
    at: str = ""
    length: int = 0
    """Number of the last link."""
    hashes: bytearray = field(default_factory=bytearray)
    """Of all links, 32 bytes each; zeroes where one is missing."""
    checkpoints: list[Signed] = field(default_factory=list)
    witnessed: list[Signed] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def find(self, kind: str, place: int, zh: str, en: str) -> None:
        """Put a finding on the list."""
        self.findings.append(Finding(kind, self.chain, place, zh, en))

    def hash_of(self, number: int) -> str:
        """The stored hash of a link, in hex."""
        return self.hashes[(number - 1) * HASH : number * HASH].hex()


def read(lines: Iterable[str]) -> Export:
    """Read one export, checking link after link. What is wrong stands in `findings`; nothing raises."""
    export, last, counts, ended = Export(), b"", dict[str, int](), False
    for at, text in enumerate(lines, 1):
        try:
            line = json.loads(text)
            kind = line["kind"]
            counts[kind] = counts.get(kind, 0) + 1
            if kind == "head":
                export.chain, export.at = str(line["chain"]), str(line["at"])
                last = beginning(export.chain)
            elif kind == "link":
                last = _check_link(export, last, line)
            elif kind == "row":
                place = line["row"]["position"]
                zh = f"位置 {place} 的记录不在链中:被插入,或封链程序当时未运行"
                export.find("inserted", place, zh, f"row {place} is in no link: slipped in, or the sealer did not run")
            elif kind in ("checkpoint", "witness"):
                words = (str(line[name]) for name in ("hash", "at", "key_id", "signature"))
                found = Signed(str(line["chain"]), int(line["number"]), *words)
                (export.checkpoints if kind == "checkpoint" else export.witnessed).append(found)
            elif kind == "end":
                kinds = ("link", "row", "checkpoint", "witness")
                ended = all(line[name] == counts.get(name, 0) for name in kinds)
        except (ValueError, KeyError, TypeError, AttributeError):
            export.find("unreadable", at, f"文件第 {at} 行无法读取", f"line {at} of the file cannot be read")
    if not ended or counts.get("head") != 1:
        export.find(
            "incomplete", sum(counts.values()), "导出文件不完整,请重新导出", "the export is not whole; export again"
        )
    return export


def read_anchors(folder: Path) -> Export:
    """The daily anchors of a folder, as what a witness keeps. What cannot be read stands in `findings`."""
    export = Export(chain="锚定文件 anchors")
    for number, path in enumerate(sorted(folder.glob("*.json")), 1):
        try:
            line = json.loads(path.read_text("utf-8"))
            words = (str(line[name]) for name in ("hash", "at", "key_id", "signature"))
            export.witnessed.append(Signed(str(line["chain"]), int(line["number"]), *words))
        except (ValueError, KeyError, TypeError):
            export.find(
                "unreadable", number, f"锚定文件 {path.name} 无法读取", f"the anchor {path.name} cannot be read"
            )
    return export


def _check_link(export: Export, last: bytes, line: Mapping[str, Any]) -> bytes:
    """Judge one link; → the hash that the next one stands on, empty where it is unknown."""
    number, position, stored, row = line["number"], line["position"], bytes.fromhex(line["hash"]), line["row"]
    if number <= export.length or len(stored) != HASH:
        raise ValueError(number)
    known = bool(last)
    if number > export.length + 1:
        first = export.length + 1
        zh = f"链环 {first} 至 {number - 1} 缺失:已被删除"
        export.find("link-removed", first, zh, f"links {first} to {number - 1} are gone: removed")
        export.hashes.extend(bytes(HASH * (number - first)))
        known = False
    export.hashes.extend(stored)
    export.length = number
    if row is None:
        zh = f"链环 {number} 所封的位置 {position} 的记录已被删除"
        export.find("removed", position, zh, f"the row at position {position}, sealed by link {number}, was removed")
    elif row["position"] != position or (known and link(last, row) != stored):
        zh = f"位置 {position} 的记录(编号 {row['id']})与链环 {number} 不符:已被改动"
        en = f"the row at position {position} (id {row['id']}) does not fit link {number}: one of them was changed"
        export.find("changed", position, zh, en)
    return stored


def judge(exports: Iterable[Export], keys: Keys) -> list[Finding]:
    """Everything that is wrong: within each file, and of each chain against all signed checkpoints of it, whoever kept them."""
    exports = list(exports)
    said: dict[str, list[tuple[str, Signed]]] = {}
    for export in exports:
        for whose, found in (("checkpoint", export.checkpoints), ("witness", export.witnessed)):
            for signed in found:
                if whose == "checkpoint" and signed.chain != export.chain:
                    zh, en = f"签名点属于另一条链 {signed.chain}", f"a checkpoint of another chain, {signed.chain}"
                    export.find("signature", signed.number, zh, en)
                elif _good(export, signed, keys):
                    said.setdefault(signed.chain, []).append((export.chain, signed))
    for export in exports:
        _hold_against(export, said.get(export.chain, []))
    return [finding for export in exports for finding in export.findings]


def _good(export: Export, signed: Signed, keys: Keys) -> bool:
    fits = signed.fits(keys)
    of = f"{signed.chain} 链环 {signed.number}", f"link {signed.number} of {signed.chain}"
    if fits is None:
        zh, en = (
            f"{of[0]} 的签名密钥 {signed.key_id} 未公布",
            f"the key {signed.key_id} that signed {of[1]} is not published",
        )
        export.find("unknown-key", signed.number, zh, en)
    elif not fits:
        zh = f"{of[0]} 的签名无效:签名点被改动或伪造"
        export.find("signature", signed.number, zh, f"the signature over {of[1]} is bad: changed or forged")
    return bool(fits)


def _hold_against(export: Export, said: list[tuple[str, Signed]]) -> None:
    """One chain against its signed checkpoints. What was signed after the export began is not judged: the file cannot have it."""
    said = [(who, signed) for who, signed in said if who == export.chain or signed.at <= export.at]
    within = [(who, signed) for who, signed in said if signed.number <= export.length]
    fitting = sorted({signed.number for _, signed in within if signed.hash == export.hash_of(signed.number)})
    differing = [(who, signed) for who, signed in within if signed.hash != export.hash_of(signed.number)]
    # each by itself: what is known of an old restore must not hide what is done later
    for number in sorted({signed.number for _, signed in differing}):
        before = bisect_left(fitting, number)
        since, who = (fitting[before - 1] if before else 0) + 1, _names(w for w, s in differing if s.number == number)
        zh = f"链环 {since} 至 {number} 之间的历史被重写:与 {who} 保存的签名点不同"
        en = (
            f"history was written anew between links {since} and {number}: it differs from the checkpoint kept by {who}"
        )
        export.find("rewritten", number, zh, en)
    beyond = [(who, signed) for who, signed in said if signed.number > export.length]
    if beyond:
        last = max(signed.number for _, signed in beyond)
        who = _names(w for w, s in beyond if s.number == last)
        zh = f"链止于链环 {export.length},但 {who} 保存的签名点在链环 {last}:末尾被截断"
        en = f"the chain ends at link {export.length}, but a checkpoint kept by {who} stands at link {last}: its tail was cut"
        export.find("cut", export.length, zh, en)
    own = {(signed.number, signed.hash) for signed in export.checkpoints}
    for number in sorted(
        {s.number for _, s in within if (s.number, s.hash) not in own} - {s.number for _, s in differing}
    ):
        zh, en = f"链环 {number} 的签名点已从本库删除", f"the checkpoint at link {number} was removed here"
        export.find("checkpoint-removed", number, zh, en)


def _names(chains: Iterable[str]) -> str:
    return ", ".join(sorted(set(chains)))


def report(exports: Iterable[Export], findings: Iterable[Finding]) -> str:
    """The judgement in words: a line a chain, with what is wrong under it."""
    exports, findings, lines = list(exports), list(findings), list[str]()
    for export in exports:
        wrong = export.findings
        mark, zh, en = ("✗", "有问题", "NOT INTACT") if wrong else ("✓", "完好", "intact")
        signed = max((checkpoint.number for checkpoint in export.checkpoints), default=0)
        kept = {
            other.chain: max((w.number for w in other.witnessed if w.chain == export.chain), default=0)
            for other in exports
        }
        witnesses = ", ".join(f"{chain} {number}" for chain, number in kept.items() if chain != export.chain) or "–"
        lines.append(
            f"{mark} {export.chain or '?'}: {zh} / {en}; 链环 links {export.length}, 已签至 signed to {signed}, 见证 witnessed: {witnesses}"
        )
        lines += [str(finding) for finding in wrong[:MOST]]
        if len(wrong) > MOST:
            lines.append(f"  … 另有 {len(wrong) - MOST} 处 / {len(wrong) - MOST} more")
    return "\n".join(lines)


def verify(files: Iterable[Path], keys: Path, anchors: Path | None = None) -> tuple[list[Finding], str]:
    """Findings and their report. Raises OSError, and ValueError when the keys cannot be read."""
    known = TypeAdapter(dict[str, PublicKey]).validate_json(keys.read_bytes())
    exports = []
    for path in files:
        with path.open(encoding="utf-8", errors="replace") as lines:
            exports.append(read(lines))
    if anchors:
        exports.append(read_anchors(anchors))
    findings = judge(exports, known)
    return findings, report(exports, findings)


def main() -> int:
    """Print the report; → the exit code."""
    parser = CommandParser(prog="python -m shared.audit_verify", description="核验审计链 / prove audit chains")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="导出文件 / exports, one a service")
    parser.add_argument("--keys", required=True, type=Path, help="公钥文件 / JSON: key id → {chain, public_key}")
    parser.add_argument("--anchors", type=Path, help="每日锚定文件夹 / folder of daily anchors")
    arguments = parser.parse_args()
    try:
        findings, words = verify(arguments.files, arguments.keys, arguments.anchors)
    except (OSError, ValidationError) as fault:
        print(f"无法读取 / cannot read: {fault}", file=sys.stderr)
        return 2
    print(words)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
