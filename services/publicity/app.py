"""The HTTP app put together: settings → database, keys, routes."""

from fastapi import FastAPI

from services.publicity.api import facts, figures
from services.publicity.settings import Settings
from shared.auth import Keys
from shared.db import Database
from shared.http import create_app

SERVICE = "publicity"
ROUTERS = (figures.router, facts.router)


def api() -> FastAPI:
    """The HTTP app."""
    settings = Settings()
    database = Database(
        settings.database_url.get_secret_value(), pool=settings.database_pool, application=f"{SERVICE}-api"
    )
    return create_app(SERVICE, settings=settings, database=database, keys=Keys(settings.issuer), routers=ROUTERS)
