"""The graph against the plain loop and against the job as it is usually written.

    python -m benchmarks.graph [--messages 100000] [--rounds 5]

Prints medians and ratios. Everything runs in one process on one core, in turn.
"""

import argparse

from benchmarks.contenders import element_by_element, messages, our_graph, plain_loop
from benchmarks.measuring import ROUNDS, interleaved, median_rate, median_ratio

_SMALLER = 10  # the element-by-element job gets a tenth of the messages: it would take a minute a round


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    batch = messages(given.messages)
    small = batch[::_SMALLER]
    size = sum(len(message.data) for message in batch) / len(batch)
    print(f"{len(batch):,} messages of {size:.0f} bytes in memory, {given.rounds} rounds, medians")
    seconds = interleaved(
        {
            "plain loop, uncompressed": plain_loop(batch, "none"),
            "graph, uncompressed": our_graph(batch, "none"),
            "graph, gzip": our_graph(batch, "gzip"),
            f"element by element, uncompressed ({len(small):,})": element_by_element(small),
        },
        given.rounds,
    )
    plain, graph, packed, elements = seconds.values()
    counts = [len(batch)] * 3 + [len(small)]
    for (name, taken), count in zip(seconds.items(), counts, strict=True):
        print(f"  {name:45} {median_rate(count, taken):10,.0f} events/s")
    print(
        f"graph / plain loop, both uncompressed      {median_ratio(len(batch), graph, len(batch), plain):5.2f}   (bar: 0.45)"
    )
    print(f"graph with gzip / without                  {median_ratio(len(batch), packed, len(batch), graph):5.2f}")
    print(
        f"graph / element by element                 {median_ratio(len(batch), graph, len(small), elements):5.1f}   (bar: 10)"
    )


if __name__ == "__main__":
    main()
