"""python -m services.intake {api|worker|migrate|ops}"""

from services.intake import app
from services.intake.consumer import HANDLERS, OWN
from services.intake.settings import Settings
from shared.process import run

if __name__ == "__main__":
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
