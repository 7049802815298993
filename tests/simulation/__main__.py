"""`make simulate`: lives until the time is over, after every planted mistake has been found. Ends at the first violation."""

from __future__ import annotations

import argparse
import itertools
import sys
import time

import pytest

from tests.simulation.life import fails, numbers, shrink, trace
from tests.simulation.planted import PLANTED
from tests.simulation.stored_world import StoredWorld
from tests.simulation.world import World

PLANTED_SECONDS = 60.0
READABLE_LINES = 30
WRITTEN_EVERY = 500
"""One life of so many writes its lake by the real graph."""


def main() -> int:
    """Runs the simulation; prints what it did, and the shortest trace of what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long")
    parser.add_argument("--first", type=int, default=0, help="seed of the first life")
    parser.add_argument("--seed", type=int, help="show the life of one seed instead")
    given = parser.parse_args()
    if given.seed is not None:
        sys.stdout.write("\n".join(trace(numbers(given.seed))) + "\n")
        return 0
    missed = [name for name in PLANTED if not _found(name)]
    if missed:
        sys.stdout.write(
            f"not found in {PLANTED_SECONDS:.0f} s, or not in {READABLE_LINES} lines: {', '.join(missed)}\n"
        )
        return 1
    began, worked = time.monotonic(), time.process_time()
    lives = 0
    for seed in itertools.count(given.first):
        lives += 1
        world = World if seed % WRITTEN_EVERY else StoredWorld
        if fails(numbers(seed), world=world):
            sys.stdout.write(f"seed {seed}:\n" + "\n".join(trace(shrink(numbers(seed), world), world)) + "\n")
            return 1
        if time.monotonic() - began >= 60 * given.minutes:
            break
    each_minute = lives / (time.process_time() - worked) * 60
    sys.stdout.write(f"{lives:,} lives without a violation, {each_minute:,.0f} in a minute of one core\n")
    return 0


def _found(name: str) -> bool:
    """Whether a planted mistake is found in time, and told in few lines; says how."""
    with pytest.MonkeyPatch.context() as patch:
        PLANTED[name](patch)
        began = time.process_time()
        for seed in itertools.count():
            if time.process_time() - began > PLANTED_SECONDS:
                return False
            if fails(numbers(seed)):
                break
        seconds = time.process_time() - began
        lines = trace(shrink(numbers(seed)))
    sys.stdout.write(f"{name}: seed {seed}, {seconds:.1f} s; {len(lines)} lines: {lines[-1]}\n")
    sys.stdout.flush()
    return len(lines) <= READABLE_LINES


if __name__ == "__main__":
    sys.exit(main())
