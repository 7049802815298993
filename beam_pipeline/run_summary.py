"""What a local run reports about itself in its `--summary_file`. Without Beam, so that readers start quickly."""

from pathlib import Path

import msgspec


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A run of the job so far, as JSON. Only messages that are written and acknowledged are counted.

    Attributes:
        state: `running`, `finished` or `failed`.
        messages_read: messages written and acknowledged.
        message_bytes: bytes of their data, from a subscription; 0 from files.
        valid: messages in the lake, by event type.
        quarantined: messages in quarantine, by reason code.
        objects: objects stored.
        bytes_written: their stored size.
        batches: micro-batches.
        seconds: from the start to the end of the last micro-batch: waiting for more is not counted.
        messages_per_second: `messages_read` over `seconds`.
        peak_rss_bytes: largest resident memory of the process so far.
    """

    state: str
    messages_read: int = 0
    message_bytes: int = 0
    valid: dict[str, int] = {}
    quarantined: dict[str, int] = {}
    objects: int = 0
    bytes_written: int = 0
    batches: int = 0
    seconds: float = 0.0
    messages_per_second: float = 0.0
    peak_rss_bytes: int = 0

    @property
    def messages_written(self) -> int:
        """Messages that are in the lake or in quarantine."""
        return sum(self.valid.values()) + sum(self.quarantined.values())


def read_run_summary(file: Path) -> RunSummary | None:
    """The latest report of a run; None before its first.

    Raises:
        ValueError: the file holds something else.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=RunSummary)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ValueError(f"{file} is not a report of the ingestion ({error}): delete it") from None
