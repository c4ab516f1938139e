"""The composition root: settings → database, keys, HTTP app; and the worker's tasks."""

from pathlib import Path

from fastapi import FastAPI
from starlette.applications import Starlette

from services.discipline.api import legs, reports
from services.discipline.clock import TIMERS
from services.discipline.consumer import HANDLERS
from services.discipline.settings import Settings
from shared.auth import Keys
from shared.db import Database
from shared.http import create_app, read_alerts, worker_app
from shared.sealing import Opener
from shared.worker import Worker

SERVICE = "discipline"
MIGRATIONS = Path(__file__).parent / "db" / "migrations"
ROUTERS = (legs.router, reports.router, read_alerts.router)


def api() -> FastAPI:
    """The HTTP app."""
    settings = Settings()
    database = Database(
        settings.database_url.get_secret_value(), pool=settings.database_pool, application=f"{SERVICE}-api"
    )
    app = create_app(SERVICE, settings=settings, database=database, keys=Keys(settings.issuer), routers=ROUTERS)
    app.state.opener = Opener(settings.unseal_keys)
    return app


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
