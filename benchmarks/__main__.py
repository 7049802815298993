"""All benchmarks of the ingestion, then the page of results: `make bench`. Leave the machine alone meanwhile.

    python -m benchmarks [--full]

About twenty minutes on two cores; `--full` adds 10^7 events and the soak, and takes three times as long. Exits with 1 if
a bar is missed, after all have run.
"""

import argparse
import subprocess
import sys
import time
from typing import Final

from benchmarks.jobs import environment

_ALWAYS: Final = (
    "graph",
    "emulator",
    "bench_producer",
    "rivals",
    "growth",
    "latency",
    "small_bundles",
    "two_processes",
)
_SOAK: Final = "soak"


def run(name: str, *options: str) -> bool:
    """Runs one; whether it reached its bars."""
    print(f"\n== {name}", flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", f"benchmarks.{name}", *options]
    code = subprocess.run(command, env=environment(), check=False).returncode
    print(
        f"== {name} {'done' if code == 0 else f'MISSED A BAR, OR FAILED ({code})'}, {time.monotonic() - started:.0f} s"
    )
    return code == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--full", action="store_true", help="10^7 events, too (3.7 GB of disk for a while), and the soak"
    )
    given = parser.parse_args()
    reached = {name: run(name, *(["--full"] if given.full and name == "growth" else [])) for name in _ALWAYS}
    if given.full:
        reached[_SOAK] = run(_SOAK)
    reached["page"] = run("page")
    missed = [name for name, well in reached.items() if not well]
    print("\nEvery bar is reached." if not missed else f"\nNot every bar is reached: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
