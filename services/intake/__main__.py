"""python -m services.intake {api|worker|migrate|ops}, `seal-stored`, `vault` (settings of its own), `receipt verify FILE`,
`draw verify FILE` (none).

Each role draws in what it needs and no more: imports are most of a start.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from services.intake.settings import Settings
from shared.process import ASGIApp, Operated, import_fast, run


def api() -> ASGIApp:
    """The HTTP app."""
    from services.intake.app import api

    return api()


def worker() -> ASGIApp:
    """The worker with its health page."""
    from services.intake.worker import worker

    return worker()


def operated() -> Operated:
    """What an operator's actions need."""
    from services.intake.api.notice_command import bring_notice
    from services.intake.consumer import HANDLERS, OWN
    from shared.ops_command import FileAction

    about = "bring a year's holiday notice (JSON); limits that run are counted again, and those that moved are shown"
    return HANDLERS, OWN, (FileAction(name="import-notice", about=about, run=bring_notice),)


def seal_stored(arguments: list[str]) -> int:
    """The owner's command after an upgrade."""
    from services.intake.api.seal_command import main
    from shared.db import Database
    from shared.process import read

    settings = read(Settings)
    try:
        url, store = settings.migration_url(), settings.store(settings.office())
    except ValueError as fault:
        print(fault, file=sys.stderr)
        return 2
    return main(arguments, owner=Database(url, pool=2), keys=settings.subjects(), store=store)


def command(name: str) -> Callable[[list[str]], int] | None:
    """What only intake has."""
    if name == "draw":
        from services.intake.api.draw_command import main
    elif name == "receipt":
        from services.intake.api.receipt_command import main
    elif name == "seal-stored":
        return seal_stored
    elif name == "vault":
        from services.intake.vault import main
    else:
        return None
    return main


if __name__ == "__main__":
    import_fast()
    if own := command(sys.argv[1] if sys.argv[1:] else ""):
        sys.exit(own(sys.argv[2:]))
    migrations = Path(__file__).parent / "db" / "migrations"
    more = "Intake also has: seal-stored, vault [serve | rotate], receipt verify FILE, draw verify FILE."
    run("intake", settings=Settings, api=api, worker=worker, operated=operated, migrations=migrations, more=more)
