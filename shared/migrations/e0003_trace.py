"""Second step of the tables that every service has: an event may remember the trace in which it was said."""

from shared.migrations.run import script


def upgrade() -> None:
    """A nullable column without a default: no row is touched, whatever the size of the outbox."""
    script("""
        alter table outbox add column traceparent text;
        comment on column outbox.traceparent is 'W3C trace context of the saying; null unless tracing was on'
    """)
