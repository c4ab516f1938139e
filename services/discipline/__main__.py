"""python -m services.discipline {api|worker|migrate|ops}"""

from services.discipline import app
from services.discipline.consumer import HANDLERS, OWN
from services.discipline.settings import Settings
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
