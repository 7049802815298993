"""A newcomer's hour: every command of README and of the tutorials, in order, in a fresh clone and a fresh shell.

python -m benchmarks.readme_commands                # clones HEAD into a folder with a space; exit code 1 at the first failure
python -m benchmarks.readme_commands --show         # print the script instead

What needs a Google Cloud project, or takes longer than the rest together, is listed in LEFT_OUT with its reason. What runs until
Ctrl-C gets one after some seconds. The clone and the user's state folder are temporary.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.documentation.pages import ROOT, blocks

PAGES = ("README.md", "docs/tutorials/first-hour.md", "docs/tutorials/break-and-repair.md")
LEFT_OUT = {
    r"terraform |lake cloud |export TF_VAR": "needs a Google Cloud project",
    r"make (test|test-fast|coverage|bench|lint)\b": "CI runs it by itself, or it takes longer than the rest together",
    r"python .*projects/P/": "names a subscription of the reader's",
}
UNTIL_INTERRUPTED = re.compile(r"lake dashboard\b|make airflow\b|lake demo --live$")
OURS = (
    "VIRTUAL_ENV",
    "PYTHON",
    "LAKE_",
    "QUARANTINE_PATH",
    "DUCKDB_",
    "DBT_",
    "PUBSUB_EMULATOR_HOST",
    "AIRFLOW_",
    "TF_VAR_",
)
_OUTPUT = re.compile(r"✓ |Open the report: ")
_INTERRUPT_SECONDS = 30


def commands() -> Iterator[tuple[str, str]]:
    """Page and line, and the command there."""
    for name in PAGES:
        for number, line in blocks(ROOT / name):
            if not _OUTPUT.match(line) and line:
                yield f"{name}:{number}", line


def script() -> str:
    """The commands as one bash session a page: what is activated or exported stays so, as in a reader's terminal."""
    lines = ["set -euo pipefail"]
    for place, command in commands():
        reason = next((why for pattern, why in LEFT_OUT.items() if re.match(pattern, command)), None)
        if reason is not None:
            lines.append(f"echo {shlex.quote(f'== {place}: left out, {reason}: {command}')}")
            continue
        lines.append(f"echo {shlex.quote(f'== {place}: {command}')}")
        if UNTIL_INTERRUPTED.match(command):
            plain = re.sub(r"\s+#.*", "", command)
            lines.append(f"status=0; timeout --signal=INT {_INTERRUPT_SECONDS} {plain} || status=$?")
            lines.append('[ "$status" = 124 ] || [ "$status" = 130 ] || exit "$status"')
        else:
            # `head` ends a listing early, and what feeds it is told so: that is no failure.
            lines.append(f"set +o pipefail; {command}\nset -o pipefail" if "| head" in command else command)
    return "\n".join(lines) + "\n"


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print the script instead of running it")
    if parser.parse_args().show:
        print(script())
        return 0
    with tempfile.TemporaryDirectory(prefix="newcomer-") as folder:
        clone = Path(folder, "a fresh clone")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        # A fresh shell on this machine: its network settings, but nothing that was set or activated for this project.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        environment |= {"XDG_STATE_HOME": f"{folder}/state", "TERM": "dumb"}
        own = {str(ROOT / ".venv/bin"), str(Path(sys.prefix, "bin"))}
        environment["PATH"] = os.pathsep.join(each for each in os.environ["PATH"].split(os.pathsep) if each not in own)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-c", script()], cwd=clone, env=environment, check=False
        )
        lake = clone / ".venv/bin/lake"
        if lake.exists():
            subprocess.run([str(lake), "down", "--discard"], env=environment, check=False)
    print(
        "every command succeeded" if done.returncode == 0 else f"FAILED with {done.returncode}: the last command above"
    )
    return min(done.returncode, 1)


if __name__ == "__main__":
    sys.exit(main())
