"""Which process of which machine wrote something, so that another one there can tell whether it still runs."""

import os
from pathlib import Path


def identity() -> str:
    """This process, unlike any other: boot, process namespace, id and start. Empty where the system does not tell."""
    start = _start_of(os.getpid())
    return f"{_place()} {os.getpid()} {start}" if start else ""


def is_dead(process: str) -> bool:
    """Whether that process ran here and does no more; False for what cannot be told from here."""
    parts = process.split()
    if len(parts) != 4 or f"{parts[0]} {parts[1]}" != _place() or not parts[2].isdigit():
        return False
    return _start_of(int(parts[2])) != parts[3]


def _place() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _start_of(pid: int) -> str:
    """When a process was started, in ticks since boot; empty if there is none, or it has ended and is only not collected."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in ("Z", "X") else fields[19]
