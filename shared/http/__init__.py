"""The HTTP edge of every service: app factory, commit before reply, problem+json, who may call, idempotency, keyset pages."""

from shared.http.app import create_app
from shared.http.callers import public, reader, require, undeclared_routes
from shared.http.edge import Claimed, Now, Once, Tx, answered
from shared.http.fields import Day, Order, Purpose, Reason, Said, in_order, is_key, key_form
from shared.http.handing import handed_out
from shared.http.paging import Page, Paging

__all__ = [
    "Claimed",
    "Day",
    "Now",
    "Once",
    "Order",
    "Page",
    "Paging",
    "Purpose",
    "Reason",
    "Said",
    "Tx",
    "answered",
    "create_app",
    "handed_out",
    "in_order",
    "is_key",
    "key_form",
    "public",
    "reader",
    "require",
    "undeclared_routes",
]
