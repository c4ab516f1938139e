"""`python -m deploy.check [STEP …]`: all that can be judged without running the platform. Every step runs; exit 1 when one fails."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from deploy.shape import violations

ROOT = Path(__file__).resolve().parents[1]


def _run(*arguments: str) -> bool:
    return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=False).returncode == 0


def _import_contract() -> bool:
    command = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    return subprocess.run([sys.executable, "-c", command, "--no-cache"], cwd=ROOT, check=False).returncode == 0


def _shape() -> bool:
    found = violations(ROOT)
    for violation in found:
        print(violation)
    return not found


STEPS: dict[str, Callable[[], bool]] = {
    "lint": lambda: _run("ruff", "check", "."),
    "format": lambda: _run("ruff", "format", "--check", "."),
    "shape": _shape,
    "generated": lambda: _run("deploy.generate", "--check"),
    "imports": _import_contract,
    "types": lambda: _run("mypy", "."),
}


def main() -> int:
    """Run the steps named on the command line, or all."""
    failed = []
    for name in sys.argv[1:] or STEPS:
        started = time.monotonic()
        fine = STEPS[name]()
        print(f"{'ok    ' if fine else 'FAILED'} {name} ({time.monotonic() - started:.1f} s)", flush=True)
        if not fine:
            failed.append(name)
    if failed:
        print(f"check failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
