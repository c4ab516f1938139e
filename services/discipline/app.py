"""The HTTP app put together: settings → database, keys, routes."""

from fastapi import FastAPI

from services.discipline.api import legs, report_letters, report_openings, reports, retention
from services.discipline.settings import Settings
from services.discipline.usecases.report_post import Post
from shared.auth import Keys
from shared.db import Database
from shared.http import create_app, read_alerts
from shared.sealing import Opener

SERVICE = "discipline"
ROUTERS = (
    legs.router,
    reports.router,
    report_openings.router,
    report_letters.router,
    retention.router,
    read_alerts.router,
)


def api() -> FastAPI:
    """The HTTP app."""
    settings = Settings()
    database = Database(
        settings.database_url.get_secret_value(), pool=settings.database_pool, application=f"{SERVICE}-api"
    )
    app = create_app(SERVICE, settings=settings, database=database, keys=Keys(settings.issuer), routers=ROUTERS)
    app.state.opener = Opener(settings.unseal_keys)
    app.state.post = Post(settings.unseal_keys)
    app.state.files = settings.files()
    return app
