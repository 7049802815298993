"""The job's metrics, as Dataflow and Cloud Monitoring show them."""

from collections import Counter
from typing import Final

from apache_beam.metrics import Metrics
from apache_beam.metrics.metric import MetricResults

NAMESPACE: Final = "ecommerce_lake"
MESSAGES_READ: Final = "messages_read"
EVENTS_VALID: Final = "events_valid_"
EVENTS_QUARANTINED: Final = "events_quarantined_"
BYTES_WRITTEN: Final = "bytes_written"
OBJECTS_WRITTEN: Final = "objects_written"
AGE_AT_WRITE: Final = "age_at_write_ms"
"""Distribution: milliseconds from the oldest publish time in an object until it was stored."""


def count(name: str, amount: int) -> None:
    """Adds to one of the job's counters."""
    Metrics.counter(NAMESPACE, name).inc(amount)


def observe(name: str, value: int) -> None:
    """Adds a value to one of the job's distributions."""
    Metrics.distribution(NAMESPACE, name).update(value)


def totals(metrics: MetricResults) -> Counter[str]:
    """Every counter of a finished run, by name."""
    found: Counter[str] = Counter()
    for result in metrics.query()["counters"]:
        if result.key.metric.namespace == NAMESPACE:
            found[result.key.metric.name] += result.committed or result.attempted or 0
    return found
