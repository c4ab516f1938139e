"""Alembic's environment: runs inside the connection that shared.migrations opened."""

from services.publicity.db.tables import metadata
from shared.migrations.run import in_environment

in_environment(metadata)
