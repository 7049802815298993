"""All benchmarks, one after the other: ``make bench``. Leave the machine alone meanwhile."""

import subprocess
import sys


def main() -> int:
    for name in ("benchmarks.graph", "benchmarks.emulator", "benchmarks.bench_producer"):
        print(f"\n== {name}", flush=True)
        code = subprocess.run([sys.executable, "-m", name], check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
