"""python -m services.verification {api|worker|migrate|ops}. Each role draws in what it needs and no more: imports are most of a start."""

from pathlib import Path

from services.verification.settings import Settings
from shared.process import ASGIApp, Operated, run


def api() -> ASGIApp:
    """The HTTP app."""
    from services.verification.app import api

    return api()


def worker() -> ASGIApp:
    """The worker with its health page."""
    from services.verification.worker import worker

    return worker()


def operated() -> Operated:
    """What an operator's actions need."""
    from services.verification.consumer import HANDLERS, OWN

    return HANDLERS, OWN, ()


if __name__ == "__main__":
    migrations = Path(__file__).parent / "db" / "migrations"
    run("verification", settings=Settings, api=api, worker=worker, operated=operated, migrations=migrations)
