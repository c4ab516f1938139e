"""What a ledger of 100,000 rows, one in a hundred bad, costs through its door: `python -m tests.load.ledger`. Printed, nothing is asserted
but that each bad row is told and each good one taken.

XLSX and CSV in GB18030, one after the other, into the API as a process of its own; memory is the most that it and the process that reads
the file had. Progress is what a clerk sees of it meanwhile, twice a second.
"""

import io
import sys
import tempfile
import threading
import time
from datetime import date, timedelta
from pathlib import Path

import httpx
import psutil
from openpyxl import Workbook

from deploy.local.demo.ledger import HEADERS
from tests.load.rig import Rig

ROWS, BAD_EVERY = 100_000, 100
Row = list[str]


def rows(mark: str) -> list[Row]:
    """Fictional rows; every hundredth has a date that is none, no summary, or an unknown level, in turn."""
    made = []
    for number in range(1, ROWS + 1):
        day = date(2018, 2, 1) + timedelta(days=number % 200)
        row = [f"{mark}-{number:06d}", "省", str(day), str(day + timedelta(days=30)), "欺行霸市", "06", "临江街"]
        row.append(f"反映第{number}号市场内有人强收管理费,每月{number % 900 + 100}元")
        if number % BAD_EVERY == 0:
            column, wrong = ((2, "2018-02-30"), (7, ""), (1, "天"))[number // BAD_EVERY % 3]
            row[column] = wrong
        made.append(row)
    return made


def xlsx(table: list[Row]) -> bytes:
    """As a workbook."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("上级下发线索")
    for row in (list(HEADERS), *table):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv(table: list[Row]) -> bytes:
    """As offices save it."""
    return "".join(",".join(row) + "\r\n" for row in (list(HEADERS), *table)).encode("gb18030")


class Memory(threading.Thread):
    """The most that a process and those it started have had, in megabytes, looked at 20 times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.process, self.most, self.over = psutil.Process(pid), 0.0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.05):
            seen = 0
            for each in (self.process, *self.process.children(recursive=True)):
                try:
                    seen += each.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.most = max(self.most, seen / 1024**2)


class Watching(threading.Thread):
    """What the import tells of itself while it runs."""

    def __init__(self, rig: Rig) -> None:
        super().__init__(daemon=True)
        self.address = f"http://127.0.0.1:{rig.platform.ports['intake', 'api']}/intake/v1/ledgers/progress"
        self.token, self.seen, self.over = rig.token, list[tuple[int, int, int]](), threading.Event()

    def run(self) -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {self.token}"}, timeout=30, trust_env=False) as client:
            while not self.over.wait(0.5):
                self.seen += [
                    (one["rows_read"], one["rows_bad"], one["rows_taken"]) for one in client.get(self.address).json()
                ]


def post(rig: Rig, name: str, content: bytes) -> tuple[float, float, httpx.Response]:
    """→ seconds, megabytes, the answer."""
    child = rig.platform.children["intake api"]
    if child.process is None:
        raise RuntimeError("intake's API does not run")
    memory = Memory(child.process.pid)
    memory.start()
    began = time.monotonic()
    answer = httpx.post(
        f"http://127.0.0.1:{rig.platform.ports['intake', 'api']}/intake/v1/ledgers",
        files={"file": (name, content)},
        headers={"Authorization": f"Bearer {rig.token}", "Idempotency-Key": name},
        timeout=300,
        trust_env=False,
    )
    took = time.monotonic() - began
    memory.over.set()
    memory.join()
    return took, memory.most, answer


def main() -> int:
    """Both kinds of file. → 1 when a row was lost or taken that is bad."""
    right = True
    with tempfile.TemporaryDirectory(prefix="xiansuo-") as name:
        folder = Path(name) / "platform"
        Path(name).chmod(0o711)
        (folder / "keys").mkdir(parents=True)
        rig = Rig(folder)
        try:
            rig.start()
            for kind, make in (("ledger.xlsx", xlsx), ("ledger.csv", csv)):
                content = make(rows(kind[-4:].strip(".")))
                watching = Watching(rig)
                watching.start()
                took, megabytes, answer = post(rig, kind, content)
                watching.over.set()
                watching.join()
                told = answer.json()
                if answer.status_code != 200:
                    print(answer.status_code, answer.text[:500])
                bad = {cell["row"] for cell in told.get("refused", [])}
                wanted = (200, ROWS - ROWS // BAD_EVERY, ROWS // BAD_EVERY)
                right &= (answer.status_code, told.get("taken"), len(bad)) == wanted
                print(
                    f"{kind}: {len(content) / 1024**2:.1f} MB, {ROWS} rows: taken {told.get('taken')}, told as bad {len(bad)},"
                    f" {took:.1f} s = {ROWS / took:.0f} rows/s, at most {megabytes:.0f} MB",
                    flush=True,
                )
                steps = sorted(set(watching.seen))
                print(f"  progress in {len(steps)} steps (read, bad, taken): {steps[:1]} … {steps[-1:]}", flush=True)
        finally:
            rig.stop()
    return int(not right)


if __name__ == "__main__":
    sys.exit(main())
