"""What becomes of one message that is not proven valid as it is: the job and the plan of a replay ask the same."""

from collections.abc import Sequence

from beam_pipeline.compressed import decompressed
from beam_pipeline.messages import Message
from event_contract import Partition, Rejection, inspect, judge
from event_contract.mapping import Source, mapped


def judge_message(message: Message, sources: Sequence[Source] = ()) -> tuple[Partition, Message] | Rejection:
    """The event's partition and the message as the lake holds it, or why quarantine holds the bytes that were sent.

    A compressed message is decompressed; one without an event type becomes an event if one of the mappings recognises it.

    Args:
        message: not proven valid by `event_contract.accept`.
        sources: the mappings in use.
    """
    publish_micros = message.publish_micros
    opened = decompressed(message)
    if isinstance(opened, Rejection):
        return opened
    if opened is None:
        opened, verdict = message, judge(message.data, publish_micros)
    else:
        verdict = inspect(opened.data, publish_micros)
    if sources and isinstance(verdict, Rejection) and verdict.field == "event_type":
        event = mapped(opened.data, sources)
        if isinstance(event, Rejection):
            return event
        if event is not None:
            opened, verdict = opened._replace(data=event), inspect(event, publish_micros)
    return verdict if isinstance(verdict, Rejection) else (verdict, opened)
