"""`_control/watermark.json`: up to which publish time everything has been written.

Readers (the daily gate, `lake status`) trust that every message published before the watermark is in the lake or in
quarantine. It never goes back.
"""

import contextlib
import fcntl
import json
from collections.abc import Iterator
from pathlib import Path

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.messages import micros_of, now_micros, rfc3339
from beam_pipeline.storage import store
from event_contract.lake_layout import WATERMARK


def read_watermark(lake_root: str) -> int | None:
    """The watermark in microseconds since the epoch, or None if none has been written yet.

    Raises:
        ValueError: the file is there and is not a watermark.
    """
    path = FileSystems.join(lake_root, WATERMARK)
    if not FileSystems.exists(path):
        return None
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        content = file.read()
    try:
        return micros_of(json.loads(content)["watermark"])
    except (ValueError, TypeError, KeyError) as problem:
        raise ValueError(f"{path} is no watermark: {content[:60]!r}") from problem


def advance_watermark(lake_root: str, watermark_micros: int) -> bool:
    """Moves the watermark forward; False, and nothing changed, if it is there or further already.

    A damaged file is replaced: what is written now is true whatever stood there.
    """
    with _one_at_a_time(lake_root):
        try:
            before = read_watermark(lake_root)
        except ValueError:
            before = None
        if before is not None and before >= watermark_micros:
            return False
        content = {"watermark": rfc3339(watermark_micros), "written_at": rfc3339(now_micros())}
        store(lake_root, WATERMARK, json.dumps(content).encode() + b"\n")
        return True


@contextlib.contextmanager
def _one_at_a_time(lake_root: str) -> Iterator[None]:
    """In a folder, no other ingestion advances the watermark meanwhile, or a smaller one might replace it.

    In a bucket it may go back by seconds then, which harms nobody: it is true all the same.
    """
    if FileSystems.get_scheme(lake_root) is not None:
        yield
        return
    lock = Path(lake_root) / f"{WATERMARK}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
