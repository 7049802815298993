"""`make prove-down`: 300,000 messages at full speed into a running platform, and `lake down` at once: nothing is lost.

The publisher waits for nobody, as `lake produce` would. Every message must be in the lake or in quarantine when `lake down` has
ended with 0; if it ends with 1 instead, it must have said how many wait, and the emulator must still hold them.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from beam_pipeline.option_types import positive_int
from lake_cli.local import emulator as emulators
from lake_cli.local.backlog import count_waiting
from lake_cli.local.demo import audit as audits
from lake_cli.local.live import state as states
from lake_cli.places import Places
from producer import SimulationConfig, publish_to_topic, simulate


def main() -> int:
    """Returns 0 if nothing is lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=positive_int, default=300_000, help="messages (default: 300000)")
    events = parser.parse_args().events
    with tempfile.TemporaryDirectory(prefix="prove-down-") as folder:
        os.environ["XDG_STATE_HOME"] = f"{folder}/state"
        os.environ.pop(emulators.HOST_VARIABLE, None)
        try:
            return _prove(Path(folder), events)
        finally:
            _lake("down", "--discard")


def _prove(folder: Path, events: int) -> int:
    places = Places(folder / "platform")
    up = _lake("up", "--folder", str(places.folder))
    state = states.load(folder / "state/ecommerce-lake/live")
    if up.returncode or state is None:
        print(up.stdout, up.stderr)
        return 1
    os.environ.update(emulators.client_environment(state.emulator.address))
    sent = publish_to_topic(simulate(SimulationConfig(events=events, days=7)), state.topic, truth=places.truth)
    print(f"{sent.messages:,} messages published, {sent.messages_per_second:,.0f}/s; lake down at once", flush=True)
    began = time.monotonic()
    down = _lake("down")
    print(f"lake down: exit code {down.returncode} after {time.monotonic() - began:.1f} s. {down.stderr.strip()}")
    audit = audits.audit(places, lambda _: None)
    if down.returncode == 0:
        right, left = audit.published == audit.arrived, 0
    else:
        # What the ingestion had taken when it was ended is leased to it for a while, and then there again.
        said = re.search(r"at least ([\d,]+) messages", down.stderr)
        left = count_waiting(state.emulator.address, state.subscription, patience_seconds=60.0)
        right = said is not None and left >= audit.published - audit.arrived
    print(f"{audit.equation}; {left:,} still in the emulator{'' if right else '  LOST'}")
    return 0 if right else 1


def _lake(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from lake_cli.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
