"""The settings of the graph: every default of the job stands here, and nowhere else."""

from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from event_contract.lake_layout import LAKE, QUARANTINE

DISTRIBUTION: Final = "ecommerce-lake"


def pipeline_version() -> str:
    """Version of the installed package, as quarantined messages and job labels carry it."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "0+unknown"


@dataclass(frozen=True, kw_only=True)
class IngestionConfig:
    """What the graph needs to know, checked.

    Command line, `--help`, `flex_template/metadata.json` and `docs/options.md` take their defaults from here.

    Attributes:
        output_path: root of the lake: a local folder or gs:// address.
        quarantine_path: root of the quarantine.
        compression: one of `objects.COMPRESSIONS`.
        window_seconds: length of the publish-time windows.
        max_object_bytes: size of an object before compression.
        max_object_rows: rows of an object; not an option, because events of ordinary size reach the bytes first.
        max_object_age_seconds: age at which a batch is closed on unbounded input.
        shards: batches of one destination and window that may fill at the same time on unbounded input.
        streaming_mode: `exactly_once`, or `at_least_once`: then what is written does not pass a stable-input barrier first.
        pipeline_version: what quarantined messages name as the version that refused them.
        mappings: names of mappings of other systems' messages (`event_contract.mapping`), separated by commas.
        keep_attributes: `all` to keep attributes and ordering key of valid messages in `_ingest`, or `none`.
        publish_time_source: where publish times come from if not from Pub/Sub, for reasons that compare with them.
    """

    output_path: str
    quarantine_path: str
    compression: str = "gzip"
    window_seconds: int = 600
    max_object_bytes: int = 64 * 1024 * 1024
    max_object_rows: int = 200_000
    max_object_age_seconds: int = 60
    shards: int = 4
    streaming_mode: str = "exactly_once"
    pipeline_version: str = field(default_factory=pipeline_version)
    publish_time_source: str = ""
    keep_attributes: str = "none"
    mappings: str = ""

    @property
    def roots(self) -> dict[str, str]:
        """The path behind each root's name (`event_contract.lake_layout`)."""
        return {LAKE: self.output_path, QUARANTINE: self.quarantine_path}


@dataclass(frozen=True, kw_only=True)
class MicroBatchConfig:
    """Settings of the local run in micro-batches (`beam_pipeline.microbatch`).

    Attributes:
        batch_max_messages: maximum messages per micro-batch; None: `MESSAGES_PER_PULLED_BATCH` from a subscription, where one
            micro-batch fills while another is written, `MESSAGES_PER_FILE_BATCH` from files.
        batch_max_bytes: maximum message bytes per micro-batch.
        batch_max_wait_seconds: age at which a micro-batch is written.
    """

    batch_max_messages: int | None = None
    batch_max_bytes: int = 64 * 1024 * 1024
    batch_max_wait_seconds: float = 2.0


MESSAGES_PER_PULLED_BATCH: Final = 20_000
MESSAGES_PER_FILE_BATCH: Final = 50_000
