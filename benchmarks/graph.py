"""The graph against the plain loop and against the job as it is usually written.

    python -m benchmarks.graph [--messages 100000] [--rounds 5]

Prints medians and ratios, in CPU seconds; exits with 1 if a bar is missed. Everything runs in one process, in turn.
"""

import argparse
import sys

from benchmarks.contenders import element_by_element, messages, our_graph, plain_loop
from benchmarks.figures import Bar, finish, table
from benchmarks.measuring import ROUNDS, interleaved, median_rate, median_ratio


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    batch = messages(given.messages)
    size = sum(len(message.data) for message in batch) / len(batch)
    print(f"{len(batch):,} messages of {size:.0f} bytes in memory, {given.rounds} rounds, medians")
    seconds = interleaved(
        {
            "plain loop, uncompressed": plain_loop(batch, "none"),
            "graph, uncompressed": our_graph(batch, "none"),
            "graph, gzip": our_graph(batch, "gzip"),
            "element by element, gzip": element_by_element(batch, "gzip"),
        },
        given.rounds,
    )
    plain, graph, packed, elements = seconds.values()
    rates = {name: median_rate(len(batch), taken) for name, taken in seconds.items()}
    print(table(["", "events per CPU second"], [[name, f"{rate:,.0f}"] for name, rate in rates.items()]))
    bars = [
        Bar("in memory: graph / plain loop, both uncompressed", median_ratio(graph, plain), 0.45),
        Bar(
            "in memory: graph / WindowInto and GroupIntoBatches per element, both gzip",
            median_ratio(packed, elements),
            10,
        ),
    ]
    return finish("graph", {"messages": len(batch), "rates": rates, "gzip": median_ratio(packed, graph)}, bars)


if __name__ == "__main__":
    sys.exit(main())
