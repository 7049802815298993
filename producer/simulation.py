"""The whole of it: sessions of many shoppers, merged in the order in which their messages arrive."""

import heapq
from collections.abc import Iterator
from datetime import datetime
from random import Random

from producer.config import Plan, SimulationConfig, make_plan
from producer.delivery import Delivery, overtake
from producer.messages import Message
from producer.shop import Shop
from producer.timestamps import micros


def simulate(config: SimulationConfig, now: datetime | None = None) -> Iterator[Message]:
    """The messages of a shop, in publishing order, one at a time in bounded memory.

    Args:
        config: what to simulate.
        now: what "about now" means when the configuration has no start; the wall clock by default.

    Raises:
        ConfigError: the configuration cannot be carried out. Raised at once, not at the first message.
    """
    plan = make_plan(config, now)
    # Identifiers must differ between runs that differ, or the warehouse would take one run's events for the other's.
    run = f"{config.seed}/{plan.start.isoformat()}/{plan.days}/{plan.messages}/{plan.rate if config.endless else None}"
    arrivals = _arrivals(plan, Shop(Random(f"shop/{run}")), Delivery(config, Random(f"delivery/{run}")))
    return overtake(arrivals, Random(f"order/{run}"))


def _arrivals(plan: Plan, shop: Shop, delivery: Delivery) -> Iterator[Message]:
    """Messages by arrival; what is still on its way when the simulated time ends, comes then."""
    on_the_way: list[tuple[int, int, Message]] = []
    made = 0
    end = micros(plan.end) if plan.end else None
    for tick in plan.ticks():
        while made < tick.due:
            session = shop.next_visit(tick.start, tick.end)
            for event in session.events():
                if end is not None and event.instant >= end:
                    continue
                for arrival, message in delivery.dispatch(event):
                    if made == plan.messages:
                        break
                    heapq.heappush(on_the_way, (arrival, made, message))
                    made += 1
            shop.remember(session)
        while on_the_way and on_the_way[0][0] < tick.end:
            yield heapq.heappop(on_the_way)[2]
    while on_the_way:
        yield heapq.heappop(on_the_way)[2]
