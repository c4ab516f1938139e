"""The composition root: settings → database, keys, HTTP app; and the worker's tasks."""

import asyncio
import json
from pathlib import Path

from fastapi import FastAPI
from starlette.applications import Starlette

from services.intake.api import codes, dual_assignments, leads, ledgers, merges
from services.intake.clock import timers
from services.intake.consumer import HANDLERS
from services.intake.settings import Settings
from services.intake.usecases.submit_lead import SubmitLead
from shared.auth import Keys
from shared.db import Database
from shared.deadlines import Calendar, Notice
from shared.http import create_app, worker_app
from shared.sealing import Sealer
from shared.worker import Worker

SERVICE = "intake"
MIGRATIONS = Path(__file__).parent / "db" / "migrations"
ROUTERS = (leads.router, ledgers.router, dual_assignments.router, codes.router, merges.router)


def api() -> FastAPI:
    """The HTTP app."""
    settings = Settings()
    database = Database(
        settings.database_url.get_secret_value(), pool=settings.database_pool, application=f"{SERVICE}-api"
    )
    app = create_app(SERVICE, settings=settings, database=database, keys=Keys(settings.issuer), routers=ROUTERS)
    app.state.submit_lead = SubmitLead(database, region=settings.region, view=leads.view)
    app.state.ledger_turn = asyncio.Lock()
    app.state.sealer = Sealer(settings.seal_keys)
    app.state.days = Calendar(_notices(settings.holiday_notices))
    return app


def worker() -> Starlette:
    """The worker with its health page."""
    settings = Settings()
    database = Database(settings.database_url.get_secret_value(), application=f"{SERVICE}-worker")
    return worker_app(
        SERVICE,
        Worker(
            service=SERVICE,
            region=settings.region,
            database=database,
            address=settings.kafka_address(),
            handlers=HANDLERS,
            timers=timers(settings.digest()),
            signer=settings.audit_signer(),
            checkpoint_every=settings.audit_checkpoint_seconds,
        ),
    )


def _notices(folder: Path | None) -> list[Notice]:
    files = sorted(folder.glob("*.json")) if folder else []
    return [Notice.of(json.loads(file.read_text("utf-8"))) for file in files]
