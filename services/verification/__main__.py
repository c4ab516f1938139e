"""python -m services.verification {api|worker|migrate|ops}"""

from services.verification import app
from services.verification.consumer import HANDLERS, OWN
from services.verification.settings import Settings
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
    )
