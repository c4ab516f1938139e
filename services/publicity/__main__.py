"""python -m services.publicity {api|worker|migrate|ops}"""

from services.publicity import app
from services.publicity.consumer import HANDLERS
from services.publicity.settings import Settings
from shared.process import run

if __name__ == "__main__":
    run(app.SERVICE, settings=Settings, api=app.api, worker=app.worker, handlers=HANDLERS, migrations=app.MIGRATIONS)
