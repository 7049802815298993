"""What three ways from Pub/Sub to Cloud Storage cost a month, on paper: list prices times arithmetic, in US dollars.

Nothing here was measured on Google Cloud. What was measured, and where, is handed in (`Measured`); everything else is an
assumption with a name. Free tiers and discounts for commitment are left out. Decimals throughout: it is money.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final

HOURS_A_MONTH: Final = 730
SECONDS_A_MONTH: Final = HOURS_A_MONTH * 3600
MINUTES_A_MONTH: Final = HOURS_A_MONTH * 60
RATES: Final = (1_000, 10_000, 100_000)
"""Events a second for which the ways are compared."""

_TIB: Final = Decimal(2**40)
_GB: Final = Decimal(10**9)
_MILLION: Final = Decimal(10**6)


@dataclass(frozen=True)
class Price:
    """A list price in dollars, of what, where it stands, and how it was checked."""

    dollars: Decimal
    unit: str
    source: str
    checked: str


_DATAFLOW: Final = "https://cloud.google.com/dataflow/pricing"
_PUBSUB: Final = "https://cloud.google.com/pubsub/pricing"
_STORAGE: Final = "https://cloud.google.com/storage/pricing"
_RUN: Final = "https://cloud.google.com/run/pricing"
_TRANSCRIBED: Final = "2026-11-23, in transcriptions of the page made in September 2026"
_READ: Final = "2026-11-23, in a stored copy of the page"

PRICES: Final[Mapping[str, Price]] = {
    "Dataflow streaming worker, CPU": Price(Decimal("0.069"), "vCPU and hour", _DATAFLOW, _TRANSCRIBED),
    "Dataflow streaming worker, memory": Price(Decimal("0.003557"), "GB and hour", _DATAFLOW, _TRANSCRIBED),
    "Dataflow Streaming Engine": Price(Decimal("0.018"), "GB processed", _DATAFLOW, _TRANSCRIBED),
    "Pub/Sub throughput": Price(Decimal("40"), "TiB, in and out", _PUBSUB, _TRANSCRIBED),
    "Pub/Sub Cloud Storage subscription": Price(Decimal("50"), "TiB written", _PUBSUB, _TRANSCRIBED),
    "Cloud Storage, writes (class A)": Price(Decimal("5"), "million", _STORAGE, _READ),
    "Cloud Storage, Standard": Price(Decimal("0.020"), "GB and month", _STORAGE, _READ),
    "Cloud Run functions, requests": Price(Decimal("0.40"), "million", _RUN, _READ),
    "Cloud Run functions, CPU": Price(Decimal("0.000024"), "vCPU-second", _RUN, _READ),
    "Cloud Run functions, memory": Price(Decimal("0.0000025"), "GiB-second", _RUN, _READ),
}


@dataclass(frozen=True)
class Measured:
    """What benchmarks on one machine say.

    At one rate, in bundles of one size (`small_bundles`): events a CPU second, state and timers included; bytes that an event
    takes in the lake; bytes of it that pass shuffles and state; objects and manifests a minute.
    """

    events_per_cpu_second: Decimal
    stored_bytes: Decimal
    streamed_bytes: Decimal
    objects_a_minute: Decimal


@dataclass(frozen=True)
class Assumed:
    """What nobody measured here. Bytes, seconds, counts."""

    message_bytes: int = 430
    """Payload, attributes, id and timestamp, as Pub/Sub counts them; published in batches."""

    least_request_bytes: int = 1_000
    """Pub/Sub bills no request for less: a push delivers one message each."""

    worker_vcpus: int = 2
    worker_gb: Decimal = Decimal("7.5")
    """n1-standard-2."""

    utilisation: Decimal = Decimal("0.25")
    """Of a worker's CPU that does what was measured here: the rest is the runner's, Pub/Sub's, and room for peaks."""

    function_seconds: Decimal = Decimal("0.060")
    """From a message to its stored object: nearly all of it is waiting for Cloud Storage."""

    function_concurrency: int = 20
    function_gib: Decimal = Decimal("0.5")
    subscription_files_a_minute: int = 1
    """Of a Cloud Storage subscription with a maximum duration of one minute, for each 10,000 messages a second."""


Lines = dict[str, Decimal]
"""Dollars a month by what they are for."""


def _dollars(name: str) -> Decimal:
    return PRICES[name].dollars


def workers(rate: int, measured: Measured, assumed: Assumed) -> int:
    """Dataflow workers that a rate needs; one at least."""
    each = measured.events_per_cpu_second * assumed.worker_vcpus * assumed.utilisation
    return max(1, int((rate / each).to_integral_value(ROUND_CEILING)))


def dataflow(rate: int, measured: Measured, assumed: Assumed) -> Lines:
    """The job of this repository."""
    count, events = workers(rate, measured, assumed), Decimal(rate * SECONDS_A_MONTH)
    sent = events * assumed.message_bytes
    worker_hour = assumed.worker_vcpus * _dollars("Dataflow streaming worker, CPU")
    worker_hour += assumed.worker_gb * _dollars("Dataflow streaming worker, memory")
    objects = MINUTES_A_MONTH * measured.objects_a_minute
    streamed = events * (assumed.message_bytes + measured.streamed_bytes)  # what comes from the source counts, too
    return {
        "workers": worker_hour * count * HOURS_A_MONTH,
        "Streaming Engine": streamed / _GB * _dollars("Dataflow Streaming Engine"),
        "Pub/Sub": 2 * sent / _TIB * _dollars("Pub/Sub throughput"),
        "writes": objects / _MILLION * _dollars("Cloud Storage, writes (class A)"),
        "a month's events at rest": events * measured.stored_bytes / _GB * _dollars("Cloud Storage, Standard"),
    }


def function(rate: int, assumed: Assumed) -> Lines:
    """One call and one object for each message."""
    events = Decimal(rate * SECONDS_A_MONTH)
    sent = events * (assumed.message_bytes + max(assumed.message_bytes, assumed.least_request_bytes))
    seconds = events * assumed.function_seconds / assumed.function_concurrency
    each_second = _dollars("Cloud Run functions, CPU") + assumed.function_gib * _dollars("Cloud Run functions, memory")
    return {
        "calls": events / _MILLION * _dollars("Cloud Run functions, requests"),
        "CPU and memory": seconds * each_second,
        "Pub/Sub": sent / _TIB * _dollars("Pub/Sub throughput"),
        "writes": events / _MILLION * _dollars("Cloud Storage, writes (class A)"),
        "a month's events at rest": events * assumed.message_bytes / _GB * _dollars("Cloud Storage, Standard"),
    }


def subscription(rate: int, assumed: Assumed) -> Lines:
    """Pub/Sub's own Cloud Storage subscription, text format."""
    events = Decimal(rate * SECONDS_A_MONTH)
    sent = events * assumed.message_bytes
    files = MINUTES_A_MONTH * assumed.subscription_files_a_minute * max(1, rate // 10_000)
    return {
        "Pub/Sub": sent / _TIB * (_dollars("Pub/Sub throughput") + _dollars("Pub/Sub Cloud Storage subscription")),
        "writes": files / _MILLION * _dollars("Cloud Storage, writes (class A)"),
        "a month's events at rest": sent / _GB * _dollars("Cloud Storage, Standard"),
    }


def total(lines: Lines) -> Decimal:
    """The sum of a way's lines."""
    return sum(lines.values(), Decimal(0))
