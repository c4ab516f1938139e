"""Alembic for all services: one way to run it, and the frozen steps of the tables that every service has."""
