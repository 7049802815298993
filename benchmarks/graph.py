"""The graph against the plain loop and against the job as it is usually written.

    python -m benchmarks.graph [--messages 100000] [--rounds 5]

Prints medians and ratios. Everything runs in one process on one core, in turn.
"""

import argparse

from benchmarks.contenders import element_by_element, messages, our_graph, plain_loop
from benchmarks.measuring import ROUNDS, interleaved, median_rate, median_ratio


def main() -> None:
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
    count = len(batch)
    for name, taken in seconds.items():
        print(f"  {name:35} {median_rate(count, taken):10,.0f} events per CPU second")
    print(f"graph / plain loop, both uncompressed      {median_ratio(graph, plain):5.2f}   (bar: 0.45)")
    print(f"graph with gzip / without                  {median_ratio(packed, graph):5.2f}")
    print(f"graph / element by element, both gzip      {median_ratio(packed, elements):5.1f}   (bar: 10)")


if __name__ == "__main__":
    main()
