"""A break on purpose: a change of a module's text, made in memory while it is tried."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType


@dataclass(frozen=True, slots=True)
class Mutant:
    """One break: in `module`, each `old` text becomes `new`."""

    name: str
    module: str
    changes: tuple[tuple[str, str], ...]


def mutant(name: str, module: str, *changes: tuple[str, str]) -> Mutant:
    return Mutant(name, module, changes)


@contextmanager
def broken(it: Mutant) -> Iterator[None]:
    """The module with the mutant's text, in place."""
    module: ModuleType = importlib.import_module(it.module)
    text = Path(module.__file__ or "").read_text("utf-8")
    for old, new in it.changes:
        if text.count(old) < 1:
            raise LookupError(f"{it.name}: its place in {it.module} is gone: {old!r}")
        text = text.replace(old, new)
    kept = dict(module.__dict__)
    try:
        exec(compile(text, module.__file__ or "", "exec"), module.__dict__)  # noqa: S102 - our own text
        yield
    finally:
        module.__dict__.clear()
        module.__dict__.update(kept)
