"""The house rules that no linter knows: one shape for four services, file sizes, charters, names. Sentences about what is wrong."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SERVICES = ("intake", "verification", "discipline", "publicity")
TREES = ("services", "shared", "deploy", "tests")
FILES = {"__init__.py", "__main__.py", "app.py", "worker.py", "settings.py", "consumer.py", "clock.py"}
FOLDERS = {"api", "usecases", "domain", "db"}
MAY_HAVE = {"web", "clients", "vault.py"}
BANNED = {"utils", "helpers", "common", "base", "constants", "models", "service", "manager", "misc"}
_REVISION = re.compile(r"^(revision|down_revision) = (.*)$", re.MULTILINE)
MOST_LINES, MOST_MAKEFILE_LINES = 400, 90


def violations(root: Path) -> list[str]:
    """All of them, in a fixed order."""
    return [
        *_shape(root),
        *_sizes(root),
        *_charters(root),
        *_names(root),
        *_migrations(root),
        *_secrets_of_the_machine(root),
    ]


def _shape(root: Path) -> Iterator[str]:
    found = {path.name for path in (root / "services").iterdir() if path.is_dir() and path.name != "__pycache__"}
    if found != set(SERVICES):
        yield f"services/ holds {sorted(found)}, not the four services"
    for service in sorted(found):
        folder = root / "services" / service
        files = {path.name for path in folder.iterdir() if path.is_file()}
        folders = {path.name for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"}
        for lacking in sorted((FILES - files) | (FOLDERS - folders)):
            yield f"services/{service} has no {lacking}; the four services have one shape"
        for strange in sorted((files - FILES - MAY_HAVE) | (folders - FOLDERS - MAY_HAVE)):
            yield f"services/{service}/{strange} is of a kind that the other services do not have"
        for needed in ("db/tables.py", "db/queries.py", "db/migrations/env.py", "db/migrations/versions"):
            if not (folder / needed).exists():
                yield f"services/{service} has no {needed}; the four services have one shape"


def _sizes(root: Path) -> Iterator[str]:
    for path in _python(root):
        lines = len(path.read_text("utf-8").splitlines())
        if lines > MOST_LINES:
            yield f"{path.relative_to(root)} has {lines} lines, at most {MOST_LINES}"
    makefile = root / "Makefile"
    if makefile.exists() and len(makefile.read_text("utf-8").splitlines()) > MOST_MAKEFILE_LINES:
        yield f"Makefile has more than {MOST_MAKEFILE_LINES} lines"


def _charters(root: Path) -> Iterator[str]:
    for path in _python(root):
        text = path.read_text("utf-8")
        if path.parts[-2] == "versions" or not text.strip() or path.is_relative_to(root / "tests"):
            continue
        if not ast.get_docstring(ast.parse(text)):
            yield f"{path.relative_to(root)} does not open by saying what it is for"
    for service in SERVICES:
        init = root / "services" / service / "__init__.py"
        text = init.read_text("utf-8") if init.exists() else ""
        for word in ("Owns:", "Hears:", "Says:"):
            if word not in text:
                yield f"services/{service}/__init__.py has no charter ({word})"


def _names(root: Path) -> Iterator[str]:
    for path in _python(root):
        for part in (path.stem, *path.relative_to(root).parts[:-1]):
            if part in BANNED:
                yield f"{path.relative_to(root)}: the name {part} says nothing"


def _migrations(root: Path) -> Iterator[str]:
    """One line for each service: two branches that met each brought the next number, and no merge noticed."""
    for service in SERVICES:
        before: str | None = None
        for path in sorted((root / "services" / service / "db" / "migrations" / "versions").glob("[0-9]*.py")):
            told = dict(_REVISION.findall(path.read_text("utf-8")))
            wanted = {"revision": f'"{path.name[:4]}"', "down_revision": f'"{before}"' if before else "None"}
            if told != wanted:
                yield f"{path.relative_to(root)} does not come right after {before}: {told}"
            before = path.name[:4]


def _secrets_of_the_machine(root: Path) -> Iterator[str]:
    """Pins without addresses: a lock that names a registry works on one network only."""
    for path in sorted(root.glob("requirements*.lock")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if "://" in line or line.startswith(("-i ", "--index", "--extra-index", "--find-links")):
                yield f"{path.name}:{number} holds an address"


def _python(root: Path) -> Iterator[Path]:
    for tree in TREES:
        yield from (path for path in sorted((root / tree).rglob("*.py")) if "__pycache__" not in path.parts)
