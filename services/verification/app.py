"""The HTTP app put together: settings → database, keys, routes."""

from fastapi import FastAPI

from services.verification.api import reviews, staff, works
from services.verification.settings import Settings
from shared.auth import Keys
from shared.db import Database
from shared.http import create_app, read_alerts
from shared.sealing import Opener

SERVICE = "verification"
ROUTERS = (works.router, reviews.router, staff.router, read_alerts.router)


def api() -> FastAPI:
    """The HTTP app."""
    settings = Settings()
    database = Database(
        settings.database_url.get_secret_value(), pool=settings.database_pool, application=f"{SERVICE}-api"
    )
    app = create_app(SERVICE, settings=settings, database=database, keys=Keys(settings.issuer), routers=ROUTERS)
    app.state.opener = Opener(settings.unseal_keys)
    return app
