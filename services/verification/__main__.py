"""python -m services.verification {api|worker|migrate|ops}, `draw verify FILE` (no settings).

Each role draws in what it needs and no more: imports are most of a start.
"""

import sys
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
    if sys.argv[1:2] == ["draw"]:
        from services.verification.api.draw_command import main

        sys.exit(main(sys.argv[2:]))
    migrations = Path(__file__).parent / "db" / "migrations"
    more = "Verification also has: draw verify FILE."
    run("verification", settings=Settings, api=api, worker=worker, operated=operated, migrations=migrations, more=more)
