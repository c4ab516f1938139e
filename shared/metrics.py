"""What a process counts for its operator, as Prometheus metrics; `/metrics` on its own port shows them.

Labels hold only names from our own lists (a topic, a route's pattern, a task): never an id, never what somebody typed, so that their number
is bounded and nothing personal can stand in one. What a service counts beside this it declares with `counter`, in its own module.
"""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics, generate_latest

__all__ = ["Counter", "Gauge", "Histogram", "counter", "page"]

disable_created_metrics()  # type: ignore[no-untyped-call] # the package leaves it so
TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
RELAY_STATES = ("starting", "standby", "active", "replaying", "retrying", "needs an operator")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)


def counter(name: str, about: str, labels: Iterable[str] = ()) -> Counter:
    """A counter of a service's own: `xiansuo_<name>_total`. Labels from closed lists only."""
    return Counter(f"xiansuo_{name}", about, labels)


# HTTP
requests = Counter("xiansuo_http_requests", "Requests answered", ["route", "method", "status"])
request_seconds = Histogram(
    "xiansuo_http_request_seconds", "Time to the end of the answer", ["route", "method"], buckets=_SECONDS
)

# database
pool_wait = Histogram("xiansuo_pool_wait_seconds", "Time to get a connection from the pool", buckets=_SECONDS)
pool_timeouts = Counter("xiansuo_pool_timeouts", "Waits for a connection that were given up")
pool_in_use = Gauge("xiansuo_pool_in_use", "Connections of the pool in use")
pool_size = Gauge("xiansuo_pool_size", "Connections that the pool may have")
database_errors = Counter("xiansuo_database_errors", "Transactions that the database ended", ["kind"])
database_restored = Gauge("xiansuo_database_restored", "1: the database was restored and nobody has accepted it yet")
flush_size = Histogram("xiansuo_flush_size", "Requests that shared one commit", buckets=_SIZES)
"""For the group commit: `metrics.flush_size.observe(len(batch))` once a flush; count and sum give flushes and their mean size."""

# events out
outbox_rows = Gauge("xiansuo_outbox_lag_rows", "Events not published yet (counted to 100,000)")
outbox_seconds = Gauge("xiansuo_outbox_lag_seconds", "How long the first unpublished event has been seen waiting")
relay_state = Gauge("xiansuo_relay_state", "1 at the state in which this process's relay is", ["state"])
relay_epoch = Gauge("xiansuo_relay_epoch", "Epoch of this process's relay, 0 before its first")
relay_retries = Counter("xiansuo_relay_retries", "Faults after which the relay began anew")
relay_replays = Counter("xiansuo_relay_replays", "Replays because the broker was behind or another one", ["topic"])
published = Counter("xiansuo_events_published", "Events acknowledged by the broker, repeats included", ["topic"])
batch_size = Histogram("xiansuo_relay_batch_size", "Events in a batch to one partition", buckets=_SIZES)

# events in
inbox_lag = Gauge(
    "xiansuo_inbox_lag_records", "Records of this member's partitions that are not applied yet", ["topic"]
)
applied = Counter("xiansuo_events_applied", "Events applied", ["topic"])
repeated = Counter("xiansuo_events_repeated", "Events that were known already", ["topic"])
set_aside = Counter("xiansuo_events_held", "Events held for a gap or for another topic", ["topic"])
given_up = Counter("xiansuo_events_parked", "Events parked for an operator", ["topic"])
consume_retries = Counter("xiansuo_consume_retries", "Batches tried again after a passing fault")
held = Gauge("xiansuo_held", "Events held now (counted to 100,000)")
held_age = Gauge("xiansuo_held_age_seconds", "Age of the oldest held event, 0 if none")
parked = Gauge("xiansuo_parked", "Events parked now (counted to 100,000)")
parked_age = Gauge("xiansuo_parked_age_seconds", "Age of the oldest parked event, 0 if none")

# the process
probe_up = Gauge("xiansuo_probe_up", "1: the last look at this part succeeded", ["part"])
task_restarts = Counter("xiansuo_task_restarts", "Faults after which a task was started anew", ["task"])
needs_operator = Gauge(
    "xiansuo_task_needs_operator", "1: the task has stopped for good until an operator acts", ["task"]
)
timer_runs = Counter("xiansuo_timer_runs", "Runs of a timer", ["timer"])
timer_seconds = Histogram("xiansuo_timer_seconds", "Time a run took", ["timer"], buckets=(*_SECONDS, 30, 60))
timer_last = Gauge(
    "xiansuo_timer_last_run_timestamp_seconds", "When it last ran to its end, by this process", ["timer"]
)

_KINDS = {
    "53100": "disk full",
    "08": "connection",
    "40": "rolled back",
    "53": "resources",
    "55": "lock",
    "57": "server",
}


def database_error(sqlstate: str | None) -> None:
    """Count what the database refused, by the kind of its SQLSTATE. Constraints that said no are ordinary answers and not counted."""
    if sqlstate is None:
        database_errors.labels("connection").inc()
    elif not sqlstate.startswith("23"):
        database_errors.labels(_KINDS.get(sqlstate) or _KINDS.get(sqlstate[:2], "statement")).inc()


def page() -> bytes:
    """All of them in Prometheus' text format."""
    return generate_latest()
