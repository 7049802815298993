"""`make prove-sizes`: messages of every size through the emulator: all are written, and memory stays bounded.

100 of 10 MB, 60 of 250 KB, and a million tiny ones, each kind in a run of its own. Every message id that the emulator gave must
be in the lake or in quarantine, and the peak of the process's memory is printed beside what was documented.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from beam_pipeline.run_summary import read_run_summary
from lake_cli.local import emulator as emulators
from lake_cli.local import pubsub
from lake_cli.local.ingestion import IngestJob, environment
from lake_cli.local.produce import MOST_WAITING
from lake_cli.local.pubsub import Route
from tests.ingestion.lake_reading import messages_in
from tests.samples import event, payload

BOUND_BYTES = 1_500_000_000
"""Two micro-batches of 64 MiB, an answer of 160 MB at most, and what Beam copies of them, beside Beam itself."""

_REQUEST_BYTES = 9_000_000
_REQUEST_MESSAGES = 1000
_LOOK_SECONDS = 0.1


def sized(number: int, size_bytes: int) -> bytes:
    """A valid event of at least its own size, filled up by a note; beyond the limit of a message it is one for quarantine."""
    found = payload(event(event_id=f"00000000-0000-4000-8000-{number:012d}", note=""))
    return found.replace(b'"note":""', b'"note":"' + b"x" * max(0, size_bytes - len(found)) + b'"')


def main() -> int:
    """Returns 0 if every size came through."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="share of the full counts, for a quick look")
    share = parser.parse_args().share
    kinds = (("10 MB", 100, 9_900_000), ("250 KB", 60, 250_000), ("tiny", 1_000_000, 0))
    return max(_prove(name, max(1, int(share * count)), size_bytes) for name, count, size_bytes in kinds)


def _prove(name: str, count: int, size_bytes: int) -> int:
    with tempfile.TemporaryDirectory() as folder, emulators.running(Path(folder) / "emulator.log") as emulator:
        places, route = Path(folder), Route(pubsub.LOCAL_PROJECT, "sizes", "sizes-lake")
        pubsub.create(emulator.address, route)
        summary_file, log = places / "summary.json", places / "ingest.log"
        job = IngestJob(
            places / "lake", places / "quarantine", summary_file, route.subscription, stop_after_idle_seconds=30
        )
        variables = emulators.client_environment(emulator.address, environment())
        with open(log, "wb") as output:
            ingestion = subprocess.Popen(job.command(), env=variables, stdout=output, stderr=output)
        try:
            sent = set(_publish(emulator.address, route, count, size_bytes, lambda: _read(summary_file, ingestion)))
            code = ingestion.wait()
        finally:
            ingestion.kill()
            ingestion.wait()
        summary = read_run_summary(summary_file)
        found = {one.message_id for one in messages_in(places / "lake", places / "quarantine")}
        said = log.read_text(errors="replace")
    peak = summary.peak_rss_bytes if summary is not None else 0
    right = code == 0 and found == sent and peak <= BOUND_BYTES
    print(
        f"{count:,} of {name}: {len(found & sent):,} written, {len(sent - found):,} missing, {len(found - sent):,} unknown;"
        f" peak {peak / 1e6:,.0f} MB of {BOUND_BYTES / 1e6:,.0f}; exit code {code}{'' if right else '  WRONG'}",
        flush=True,
    )
    if code:
        print(said)
    return 0 if right else 1


def _read(summary_file: Path, ingestion: subprocess.Popen[bytes]) -> int:
    """How many messages the job has read.

    Raises:
        RuntimeError: it has ended, and will read no more.
    """
    summary = read_run_summary(summary_file)
    if ingestion.poll() is not None:
        raise RuntimeError(f"the ingestion ended with {ingestion.returncode} before all was published")
    return 0 if summary is None else summary.messages_read


def _publish(address: str, route: Route, count: int, size_bytes: int, read: Callable[[], int]) -> Iterator[str]:
    """Ids of what is published, no faster than it is read: the emulator serves a pull the slower the more messages wait."""
    per_request = max(1, min(_REQUEST_MESSAGES, _REQUEST_BYTES // max(size_bytes, 1)))
    with pubsub.publisher(address) as client:
        for start in range(0, count, per_request):
            while start - read() > MOST_WAITING:
                time.sleep(_LOOK_SECONDS)
            messages = [{"data": sized(i, size_bytes)} for i in range(start, min(count, start + per_request))]
            yield from client.publish(topic=route.topic, messages=messages, timeout=120).message_ids


if __name__ == "__main__":
    sys.exit(main())
