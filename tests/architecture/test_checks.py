"""Each step of `make check` fails on a seeded violation of what it watches: a check that cannot fail proves nothing."""

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.check import STEPS
from deploy.shape import MAY_HAVE, SERVICES, violations

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".venv", ".run", ".git", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"
)
Seed = Callable[[Path], object]


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """A copy of the project to do wrong in."""
    yield Path(shutil.copytree(ROOT, tmp_path / "tree", ignore=LEFT_OUT))
    shutil.rmtree(tmp_path / "tree")


def check(tree: Path, step: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.check", step],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": ""},
    )
    return done.returncode, done.stdout + done.stderr


def appended(path: str, text: str) -> Seed:
    def seed(tree: Path) -> None:
        with (tree / path).open("a", encoding="utf-8") as file:
            file.write(text)

    return seed


def made(path: str, text: str) -> Seed:
    def seed(tree: Path) -> None:
        (tree / path).write_text(text, "utf-8")

    return seed


def changed(path: str, old: str, new: str) -> Seed:
    def seed(tree: Path) -> None:
        text = (tree / path).read_text("utf-8")
        assert old in text
        (tree / path).write_text(text.replace(old, new, 1), "utf-8")

    return seed


IMPORTS = [
    ("services/intake/domain/lead.py", "import sqlalchemy", "Domain and contracts are pure"),
    ("services/intake/domain/lead.py", "import services.intake.db.leads", "Inside a service"),
    ("services/intake/usecases/assign_lead.py", "import services.discipline.domain.leg", "Services are independent"),
    ("services/intake/usecases/assign_lead.py", "import services.intake.api.leads", "Inside a service"),
    ("services/intake/usecases/assign_lead.py", "import fastapi", "know no HTTP"),
    ("services/intake/api/leads.py", "import sqlalchemy", "through stores"),
    ("services/intake/consumer.py", "import aiokafka", "Only shared.kafka speaks to Kafka"),
    ("shared/inbox.py", "import services.intake.domain.lead", "never the other way"),
    ("shared/errors.py", "import shared.db", "Inside shared"),
    ("shared/contracts/envelope.py", "import asyncpg", "Domain and contracts are pure"),
    ("services/intake/api/leads.py", "import services.intake.settings", "Inside a service"),
]
SEEDS: list[tuple[str, Seed, str]] = [
    ("lint", appended("shared/ops.py", "\n\nimport os\n"), "F401"),
    ("format", appended("shared/ops.py", "x  =  1\n"), "shared/ops.py"),
    ("types", made("shared/wrong.py", 'WRONG: int = "text"\n'), "shared/wrong.py"),
    ("generated", appended("docs/events.md", "\nedited by hand\n"), "docs/events.md"),
    (
        "generated",
        changed("shared/contracts/verification.py", "verifier_count: int", "verifier_count: str"),
        "accepted.v1.json",
    ),
    ("generated", changed("shared/contracts/topics.toml", "partitions = ", "partitions = 1"), "docs/events.md"),
    ("shape", made("services/intake/helpers.py", '"""x"""\n'), "is of a kind that the other services do not have"),
    ("shape", appended("shared/ops.py", "#\n" * 400), "at most 400"),
    ("shape", appended("Makefile", "#\n" * 70), "Makefile has more than"),
    ("shape", appended("requirements.lock", "x @ https://example.invalid/x.whl\n"), "holds an address"),
    ("shape", changed("services/publicity/__init__.py", "Owns:", "Has:"), "has no charter"),
    ("shape", made("shared/nothing.py", "X = 1\n"), "does not open by saying what it is for"),
    ("shape", lambda tree: (tree / "services/discipline/clock.py").unlink(), "has no clock.py"),
    (
        "shape",
        made("services/publicity/db/migrations/versions/0002_pre_x.py", 'revision = "0002"\ndown_revision = "0001"\n'),
        "0002_pre_x.py does not come right after 0002",
    ),
    ("shape", lambda tree: (tree / "services/fifth").mkdir(), "not the four services"),
    ("imports", lambda tree: [appended(path, f"\n{line}\n")(tree) for path, line, _ in IMPORTS], ""),
]


def bare(tree: Path) -> None:
    """Leave only the check itself: to look at all types with an empty cache takes a minute, and `make check` does it anyway."""
    for path in tree.glob("*/**/*.py"):
        if path.name == "__init__.py":
            path.write_text("")
        elif path.relative_to(tree).as_posix() not in ("deploy/check.py", "deploy/shape.py"):
            path.unlink()


@pytest.mark.parametrize(("step", "seed", "words"), SEEDS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_seeded_violation_is_caught_and_named(tree: Path, step: str, seed: Seed, words: str) -> None:
    if step == "types":
        bare(tree)
    seed(tree)
    status, told = check(tree, step)
    assert status == 1, told[-2000:]
    assert words in told, told[-3000:]
    if step == "imports":
        # all at once, as each look takes a while: every one is named, under its contract
        for path, line, contract in IMPORTS:
            wrong = f"{path.removesuffix('.py').replace('/', '.')} -> {line.removeprefix('import ')}"
            assert wrong in told, told[-5000:]
            assert contract in told


def test_every_step_is_seeded_and_holds_without_a_seed(tree: Path) -> None:
    assert {step for step, _, _ in SEEDS} == set(STEPS)
    for step in sorted(STEPS, key="types".__eq__):
        if step == "types":
            bare(tree)
        status, told = check(tree, step)
        assert status == 0, told[-2000:]


def test_the_four_services_have_one_shape() -> None:
    # what earlier tests left may be collected while a file is parsed; a traceback it writes parses too, which CPython 3.11 cannot nest
    gc.collect()
    assert violations(ROOT) == []
    shapes = set()
    for service in SERVICES:
        folder = ROOT / "services" / service
        shapes.add(tuple(sorted({path.name for path in folder.iterdir()} - MAY_HAVE - {"__pycache__"})))
    assert len(shapes) == 1


def test_a_built_rule_without_a_proof_fails(tree: Path) -> None:
    def rules() -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "deploy.rules"], cwd=tree, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout

    assert rules()[0] == 0, rules()[1][-500:]
    appended("docs/rules.toml", '\n[[rule]]\nid = "X1"\ntitle = "x"\nbuilt = true\n')(tree)
    assert rules()[0] == 1
    assert "X1   x  NO TEST" in rules()[1]
