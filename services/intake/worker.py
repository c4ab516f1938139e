"""The worker put together: settings → database, what is heard, what time asks for."""

import json
from pathlib import Path

from starlette.applications import Starlette

from services.intake.clock import attachment_timers, timers
from services.intake.consumer import HANDLERS
from services.intake.settings import Settings
from shared.db import Database
from shared.deadlines import Notice
from shared.health import worker_app
from shared.worker import Worker

SERVICE = "intake"


def worker() -> Starlette:
    """The worker with its health page."""
    settings = Settings()
    store = settings.store()
    database = Database(settings.database_url.get_secret_value(), application=f"{SERVICE}-worker", by_index=True)
    return worker_app(
        SERVICE,
        Worker(
            service=SERVICE,
            region=settings.region,
            database=database,
            address=settings.kafka_address(),
            handlers=HANDLERS,
            timers={
                **timers(
                    settings.digest(),
                    settings.subjects(),
                    notices=_notices(settings.holiday_notices),
                    remind_from=settings.remind_from,
                ),
                **attachment_timers(database, store),
            },
            signer=settings.audit_signer(),
            checkpoint_every=settings.audit_checkpoint_seconds,
            anchors=settings.audit_anchors,
        ),
        {"attachments": store.objects.ready},
    )


def _notices(folder: Path | None) -> list[Notice]:
    files = sorted(folder.glob("*.json")) if folder else []
    return [Notice.of(json.loads(file.read_text("utf-8"))) for file in files]
