"""``_control/watermark.json``: up to which publish time everything has been written.

Readers (the daily gate, `lake status`) trust that every message published before the watermark is in the lake or in
quarantine. It never goes back.
"""

import json
from typing import Final

import apache_beam as beam
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.pvalue import PCollection
from apache_beam.transforms.window import FixedWindows, IntervalWindow

from beam_pipeline.messages import micros_of, now_micros, rfc3339
from beam_pipeline.storage import store

PATH: Final = "_control/watermark.json"
_AFTER_TIMERS_SECONDS: Final = 1


def read_watermark(lake_root: str) -> int | None:
    """The watermark in microseconds since the epoch, or None if none has been written yet.

    Raises:
        ValueError: the file is there and is not a watermark.
    """
    path = FileSystems.join(lake_root, PATH)
    if not FileSystems.exists(path):
        return None
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        return micros_of(json.loads(file.read())["watermark"])


def advance_watermark(lake_root: str, watermark_micros: int) -> bool:
    """Moves the watermark forward; False, and nothing changed, if it is there or further already."""
    before = read_watermark(lake_root)
    if before is not None and before >= watermark_micros:
        return False
    content = {"watermark": rfc3339(watermark_micros), "written_at": rfc3339(now_micros())}
    store(lake_root, PATH, json.dumps(content).encode() + b"\n")
    return True


class AdvanceWatermark(beam.PTransform):
    """Writes the watermark each time the pipeline's own has passed the end of a publish-time window.

    Input: what the last step writes, flattened with a heartbeat that has at least one element in every window, so that
    quiet periods advance too. Why only at ends of windows, and a second late: a batch under way holds the pipeline's
    watermark at the end of its window, not at its oldest message.
    """

    def __init__(self, lake_root: str, window_seconds: int) -> None:
        super().__init__()
        self._lake_root = lake_root
        self._window_seconds = window_seconds

    def expand(self, written_and_heartbeat: PCollection) -> PCollection:
        return (
            written_and_heartbeat
            | "WatermarkWindows" >> beam.WindowInto(FixedWindows(self._window_seconds, offset=_AFTER_TIMERS_SECONDS))
            | "OneKey" >> beam.Map(_one_key).with_output_types(tuple[str, None])
            | "WhenPassed" >> beam.GroupByKey()
            | "WriteWatermark" >> beam.Map(_advance, self._lake_root)
        )


def _one_key(_: object) -> tuple[str, None]:
    return "watermark", None


def _advance(_: object, lake_root: str, window: IntervalWindow = beam.DoFn.WindowParam) -> int:
    end_micros: int = window.end.micros - _AFTER_TIMERS_SECONDS * 1_000_000
    advance_watermark(lake_root, end_micros)
    return end_micros
