"""Up to which publish time the job has written everything: from the pipeline's own watermark to `_control/watermark.json`.

What has not been written holds the watermark back: messages in Pub/Sub do, chunks in a batch do (`collecting`), batches and
records on their way do. So when the watermark of what the last step wrote has passed an instant, all messages published before it
are in the lake or in quarantine. With one exception: on a drain the runner moves the watermark to the end of time, although
messages that were not pulled still wait in the subscription.

Hence an instant that the watermark has passed is claimed only when a heartbeat has come that was sent after it passed: a drain
stops the heartbeats first.

    written, beats ──► Passed ──► WriteWatermark
                         ▲  state: what is awaited, what has passed and is not confirmed
                         └─ event-time timer at the awaited instant
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import PCollection
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, TimerSpec, on_timer
from apache_beam.utils.timestamp import Timestamp

from beam_pipeline.coders import NumbersCoder
from beam_pipeline.messages import now_micros
from beam_pipeline.watermark import advance_watermark

HEARTBEAT_SECONDS: Final = 15
WRITTEN: Final = 0
"""An element of this value says that something was written, any other that a beat was sent, and when."""

_STEP_MICROS: Final = 60_000_000
_STEPS_BEHIND: Final = 64  # a backlog of days is followed in hundreds of steps, not in thousands


class Claims(NamedTuple):
    """State of the step. Microseconds since the epoch, 0 for none.

    Attributes:
        newest_beat: when the newest heartbeat was sent.
        awaited: the instant that the watermark is to pass next: a timer is set there.
        passed: the last instant that it has passed.
        first, first_at: the earliest instant passed and not confirmed, and when that was.
        last, last_at: the latest one, if there is another.
    """

    newest_beat: int = 0
    awaited: int = 0
    passed: int = 0
    first: int = 0
    first_at: int = 0
    last: int = 0
    last_at: int = 0


class ClaimsCoder(NumbersCoder):
    """State of `Passed`."""

    made = Claims


def heard(claims: Claims, beat: int) -> tuple[Claims, int]:
    """A heartbeat has come that was sent at that time. Returns what to remember, and the instant that it confirms, or 0."""
    confirmed = 0
    while claims.first_at and claims.first_at < beat:
        confirmed = claims.first
        claims = claims._replace(first=claims.last, first_at=claims.last_at, last=0, last_at=0)
    claims = claims._replace(newest_beat=max(claims.newest_beat, beat))
    return _awaiting(claims, beat), confirmed


def written(claims: Claims, instant: int) -> Claims:
    """Something was written whose oldest message was published at that instant: so far the watermark may be soon."""
    return _awaiting(claims, instant)


def _awaiting(claims: Claims, instant: int) -> Claims:
    if instant > claims.passed and not 0 < claims.awaited <= instant:
        return claims._replace(awaited=instant)
    return claims


def passed(claims: Claims, instant: int, now: int) -> Claims:
    """The watermark has passed an instant, and it is now that time."""
    instant = min(instant, claims.awaited)
    claims = claims._replace(passed=instant, awaited=0)
    claims = (
        claims._replace(last=instant, last_at=now) if claims.first else claims._replace(first=instant, first_at=now)
    )
    behind = claims.newest_beat - instant
    if behind > 0:
        claims = claims._replace(awaited=instant + min(behind, max(_STEP_MICROS, behind // _STEPS_BEHIND)))
    return claims


class ClaimWatermark(beam.PTransform):
    """Writes the watermark as far as all is written.

    Input: `WRITTEN` for each thing that the last step wrote, stamped with the publish time of its oldest message, and beats
    (`heartbeat.Heartbeat`). Yields the instants claimed, in microseconds since the epoch.
    """

    def __init__(self, lake_root: str) -> None:
        super().__init__()
        self._lake_root = lake_root

    def expand(self, written_and_beats: PCollection) -> PCollection:
        return (
            written_and_beats
            | "OneKey" >> beam.Map(_one_key).with_output_types(tuple[str, int])
            | "Passed" >> beam.ParDo(Passed()).with_output_types(int)
            | "WriteWatermark" >> beam.Map(_write, self._lake_root).with_output_types(int)
        )


class Passed(beam.DoFn):
    """Yields instants that may be claimed."""

    CLAIMS: Final = ReadModifyWriteStateSpec("claims", ClaimsCoder())
    AWAITED: Final = TimerSpec("awaited", TimeDomain.WATERMARK)

    def process(
        self,
        element: tuple[str, int],
        instant: Timestamp = beam.DoFn.TimestampParam,
        state: Any = beam.DoFn.StateParam(CLAIMS),
        timer: Any = beam.DoFn.TimerParam(AWAITED),
    ) -> Iterator[int]:
        before: Claims = state.read() or Claims()
        _, beat = element
        after, confirmed = (written(before, instant.micros), 0) if beat == WRITTEN else heard(before, beat)
        if after != before:
            state.write(after)
        if after.awaited != before.awaited:
            timer.set(Timestamp(micros=after.awaited))
        if confirmed:
            yield confirmed

    @on_timer(AWAITED)  # type: ignore[untyped-decorator]
    def on_passed(
        self,
        instant: Timestamp = beam.DoFn.TimestampParam,
        state: Any = beam.DoFn.StateParam(CLAIMS),
        timer: Any = beam.DoFn.TimerParam(AWAITED),
    ) -> None:
        """The watermark has passed what was awaited; on a drain, because it moved to the end of time."""
        claims = passed(state.read() or Claims(), instant.micros, now_micros())
        state.write(claims)
        if claims.awaited:
            timer.set(Timestamp(micros=claims.awaited))


def _one_key(beat: int) -> tuple[str, int]:
    return "watermark", beat


def _write(instant_micros: int, lake_root: str) -> int:
    advance_watermark(lake_root, instant_micros)
    return instant_micros
