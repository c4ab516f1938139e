"""python -m services.intake {api|worker|migrate|ops}, and `receipt verify FILE`, which needs no settings"""

import sys

from services.intake import app
from services.intake.consumer import HANDLERS, OWN
from services.intake.settings import Settings
from shared.process import run

if __name__ == "__main__":
    if sys.argv[1:2] == ["receipt"]:
        sys.exit(app.receipt(sys.argv[2:]))
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
