"""The cost model is arithmetic: checked against sums done by hand."""

from decimal import Decimal

import pytest

from benchmarks import cost

_MEASURED = cost.Measured(
    events_per_cpu_second=Decimal(50_000),
    stored_bytes=Decimal(64),
    streamed_bytes=Decimal(400),
    objects_a_minute=Decimal(30),
)
_ASSUMED = cost.Assumed()


def test_a_function_per_message_pays_a_write_and_a_call_for_each() -> None:
    lines = cost.function(1_000, _ASSUMED)

    assert lines["writes"] == Decimal(2_628) * 5  # 1,000 a second are 2,628 million a month
    assert lines["calls"] == Decimal(2_628) * Decimal("0.40")


def test_pubsub_bills_publishing_and_delivering() -> None:
    tebibytes = Decimal(2_628_000_000 * 430) / 2**40

    assert cost.dataflow(1_000, _MEASURED, _ASSUMED)["Pub/Sub"] == tebibytes * 80
    assert cost.subscription(1_000, _ASSUMED)["Pub/Sub"] == tebibytes * 90


def test_a_push_is_billed_as_a_thousand_bytes() -> None:
    assert cost.function(1_000, _ASSUMED)["Pub/Sub"] == Decimal(2_628_000_000 * 1_430) / 2**40 * 40


@pytest.mark.parametrize(("rate", "workers"), [(1, 1), (25_000, 1), (25_001, 2), (100_000, 4)])
def test_workers_are_whole_and_at_least_one(rate: int, workers: int) -> None:
    assert cost.workers(rate, _MEASURED, _ASSUMED) == workers


def test_one_worker_costs_what_its_hours_cost() -> None:
    hour = 2 * Decimal("0.069") + Decimal("7.5") * Decimal("0.003557")

    assert cost.dataflow(1_000, _MEASURED, _ASSUMED)["workers"] == hour * 730


@pytest.mark.parametrize("rate", cost.RATES)
def test_a_total_is_the_sum_of_its_lines_to_the_last_digit(rate: int) -> None:
    for lines in (
        cost.dataflow(rate, _MEASURED, _ASSUMED),
        cost.function(rate, _ASSUMED),
        cost.subscription(rate, _ASSUMED),
    ):
        assert all(isinstance(dollars, Decimal) and dollars > 0 for dollars in lines.values())
        assert cost.total(lines) == sum(lines.values())


def test_streaming_engine_bills_the_source_and_every_pass() -> None:
    assert cost.dataflow(1_000, _MEASURED, _ASSUMED)["Streaming Engine"] == Decimal("2.628") * 830 * Decimal("0.018")


def test_every_object_is_a_write() -> None:
    assert cost.dataflow(1_000, _MEASURED, _ASSUMED)["writes"] == Decimal(730 * 60 * 30 * 5) / 10**6


def test_every_price_says_where_it_stands_and_when_it_was_checked() -> None:
    for price in cost.PRICES.values():
        assert price.source.startswith("https://cloud.google.com/")
        assert price.checked.startswith("2026-")
