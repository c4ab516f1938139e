"""python -m services.intake {api|worker|migrate|ops}, `vault` (settings of its own), `receipt verify FILE`, `draw verify FILE` (none)"""

import sys

from services.intake import app
from services.intake.consumer import HANDLERS, OWN
from services.intake.settings import Settings
from shared.process import run

if __name__ == "__main__":
    if sys.argv[1:2] == ["draw"]:
        sys.exit(app.draw(sys.argv[2:]))
    if sys.argv[1:2] == ["receipt"]:
        sys.exit(app.receipt(sys.argv[2:]))
    if sys.argv[1:2] == ["vault"]:
        sys.exit(app.vault_main(sys.argv[2:]))
    run(
        app.SERVICE,
        settings=Settings,
        api=app.api,
        worker=app.worker,
        handlers=HANDLERS,
        own=OWN,
        migrations=app.MIGRATIONS,
        actions=app.ACTIONS,
    )
