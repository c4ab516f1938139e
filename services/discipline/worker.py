"""The worker put together: settings → database, what is heard, what time asks for."""

from starlette.applications import Starlette

from services.discipline.clock import TIMERS
from services.discipline.consumer import HANDLERS
from services.discipline.settings import Settings
from shared.db import Database
from shared.health import worker_app
from shared.worker import Worker

SERVICE = "discipline"


def worker() -> Starlette:
    """The worker with its health page."""
    settings = Settings()
    database = Database(settings.database_url.get_secret_value(), application=f"{SERVICE}-worker", by_index=True)
    return worker_app(
        SERVICE,
        Worker(
            service=SERVICE,
            region=settings.region,
            database=database,
            address=settings.kafka_address(),
            handlers=HANDLERS,
            timers=TIMERS,
            signer=settings.audit_signer(),
            checkpoint_every=settings.audit_checkpoint_seconds,
            anchors=settings.audit_anchors,
        ),
    )
