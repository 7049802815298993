"""The job's options: declared once, for the command line, the flex template and the reference page.

python -m beam_pipeline.template_metadata    # renews flex_template/metadata.json and docs/options.md from them
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from apache_beam.options.pipeline_options import PipelineOptions

from beam_pipeline.config import (
    MESSAGES_PER_FILE_BATCH,
    MESSAGES_PER_PULLED_BATCH,
    IngestionConfig,
    MicroBatchConfig,
)
from beam_pipeline.objects import COMPRESSIONS
from beam_pipeline.option_types import (
    input_glob,
    instant,
    mappings,
    positive_float,
    positive_int,
    root_path,
    subscription,
)
from event_contract.mapping import source_names


class InvalidOptions(ValueError):
    """An option is missing, malformed or contradicts another; the text names it and the remedy."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option.

    Attributes:
        name: without dashes.
        help: what it decides, in sentences; the default is added to it.
        metavar: what the value looks like.
        type: reads and checks the value.
        choices: the values there are, each with what it means, in place of a type.
        default: an attribute of this name on the config that the options fill, if it has one.
        label, group, parameter_type, pattern: how a flex template shows it and checks the value
            (https://cloud.google.com/dataflow/docs/guides/templates/configuring-flex-templates#metadata-parameters).
        required: the job does not start without it.
    """

    name: str
    help: str
    metavar: str = ""
    type: Callable[[str], object] = str
    choices: tuple[tuple[str, str], ...] = ()
    default: object = None
    label: str = ""
    group: Literal["Source", "Target", "Objects", "Streaming"] = "Objects"
    parameter_type: str = "NUMBER"
    pattern: str = "^[0-9]*[1-9][0-9]*$"
    required: bool = False


_DEFAULT: Final = IngestionConfig(output_path="", quarantine_path="", pipeline_version="")
_MICRO_BATCH: Final = MicroBatchConfig()
_BUCKET: Final = "^gs://[a-z0-9][a-z0-9_.-]{1,220}[a-z0-9](/.*)?$"

JOB_OPTIONS: Final = (
    Option(
        name="input_subscription",
        type=subscription,
        metavar="projects/P/subscriptions/S",
        help="Pub/Sub subscription to read, without end. Give this or --input_files.",
        label="Pub/Sub subscription",
        group="Source",
        parameter_type="PUBSUB_SUBSCRIPTION",
        pattern="^projects/[a-z][a-z0-9:.-]{4,61}[a-z0-9]/subscriptions/[A-Za-z][A-Za-z0-9_.~+%-]{2,254}$",
    ),
    Option(
        name="input_files",
        type=input_glob,
        metavar="GLOB",
        help="Files to read once: one message a line, plain or gzip, local or gs://. Give this or --input_subscription."
        " `*` stays within a name, `**` takes any number of folders. A message's id is FILE:LINE, with the path below the glob's"
        " fixed part.",
        label="Input files",
        group="Source",
        parameter_type="TEXT",
        pattern="^gs://.+$",
    ),
    Option(
        name="input_publish_time",
        type=instant,
        metavar="INSTANT",
        help="Publish time of all messages from files, like 2026-11-22T10:00:00Z. Without it, each file's modification time.",
        label="Publish time of files",
        group="Source",
        parameter_type="TEXT",
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})$",
    ),
    Option(
        name="output_path",
        type=root_path,
        metavar="PATH",
        help="Root of the lake: a local folder or gs://BUCKET[/FOLDER].",
        label="Lake",
        group="Target",
        parameter_type="GCS_WRITE_FOLDER",
        pattern=_BUCKET,
        required=True,
    ),
    Option(
        name="quarantine_path",
        type=root_path,
        metavar="PATH",
        help="Root of the quarantine, where invalid messages go with the reason: a local folder or gs://BUCKET[/FOLDER].",
        label="Quarantine",
        group="Target",
        parameter_type="GCS_WRITE_FOLDER",
        pattern=_BUCKET,
        required=True,
    ),
    Option(
        name="compression",
        choices=tuple(zip(COMPRESSIONS, ("gzip: a fifth of the size", "none: plain lines"), strict=True)),
        default=_DEFAULT.compression,
        help="Compression of the objects. A lake keeps the one that it began with: BigQuery's tables read one kind.",
        label="Compression of objects",
        parameter_type="ENUM",
    ),
    Option(
        name="mappings",
        type=mappings,
        metavar="NAME[,NAME…]",
        default=_DEFAULT.mappings,
        help="Mappings of other systems' messages to events, from event_contract/mappings, for messages without an event type: "
        f"{', '.join(source_names())}. Quarantine keeps the bytes that were sent.",
        label="Mappings of other systems' messages",
        group="Source",
        parameter_type="TEXT",
        pattern="^[a-z0-9_]+(,[a-z0-9_]+)*$",
    ),
    Option(
        name="keep_attributes",
        choices=(("none", "none: only what the lake needs"), ("all", "all: in _ingest, with the ordering key")),
        default=_DEFAULT.keep_attributes,
        help="Whether `_ingest` of a valid event keeps the attributes and the ordering key of its message. Quarantine always"
        " keeps attributes.",
        label="Attributes of messages",
        parameter_type="ENUM",
    ),
    Option(
        name="window_seconds",
        type=positive_int,
        default=_DEFAULT.window_seconds,
        metavar="N",
        help="Length of the publish-time windows; an object never spans two.",
        label="Window in seconds",
    ),
    Option(
        name="max_object_bytes",
        type=positive_int,
        default=_DEFAULT.max_object_bytes,
        metavar="N",
        help="Close an object at about this many bytes before compression.",
        label="Bytes of an object",
    ),
    Option(
        name="max_object_age_seconds",
        type=positive_int,
        default=_DEFAULT.max_object_age_seconds,
        metavar="N",
        help="Close an object this long after its first message, however small it is. Longer: fewer and larger objects. Shorter:"
        " fresher data. In micro-batches --batch_max_wait_seconds decides.",
        label="Age of an object in seconds",
    ),
    Option(
        name="shards",
        type=positive_int,
        default=_DEFAULT.shards,
        metavar="N",
        help="Objects of one folder that may fill at the same time. Only a folder that fills chunks of 256 KiB within a bundle"
        " uses more than one, so small objects do not become more. In micro-batches it has no effect.",
        label="Shards of a folder",
    ),
    Option(
        name="streaming_mode",
        choices=(("exactly_once", "Exactly once"), ("at_least_once", "At least once")),
        default=_DEFAULT.streaming_mode,
        help="Dataflow's streaming mode. at_least_once moves fewer bytes and may repeat lines in the lake, which the warehouse"
        " deduplicates; it is billed by Streaming Engine Compute Units, not by bytes.",
        label="Streaming mode",
        group="Streaming",
        parameter_type="ENUM",
    ),
)
"""What the job reads, where it writes, and how large objects grow."""

DIRECT_RUNNER_OPTIONS: Final = (
    Option(
        name="batch_max_messages",
        type=positive_int,
        default=_MICRO_BATCH.batch_max_messages,
        metavar="N",
        help=f"Maximum messages per micro-batch (default: {MESSAGES_PER_PULLED_BATCH} from a subscription, where one fills"
        f" while another is written; {MESSAGES_PER_FILE_BATCH} from files).",
    ),
    Option(
        name="batch_max_bytes",
        type=positive_int,
        default=_MICRO_BATCH.batch_max_bytes,
        metavar="N",
        help="Maximum message bytes per micro-batch; bounds memory.",
    ),
    Option(
        name="batch_max_wait_seconds",
        type=positive_float,
        default=_MICRO_BATCH.batch_max_wait_seconds,
        metavar="S",
        help="Write a micro-batch at the latest this long after its first message.",
    ),
    Option(
        name="stop_after_idle_seconds",
        type=positive_float,
        metavar="S",
        help="Stop once the subscription has been empty for this long. Without it the job runs until interrupted.",
    ),
    Option(
        name="summary_file",
        metavar="FILE",
        help="Write a JSON summary of the run to this file about once a second.",
    ),
)
"""Options of the local run in micro-batches."""


class IngestionOptions(PipelineOptions):
    """What to read, where to write, and how large objects grow."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        add_arguments(parser, JOB_OPTIONS)


class DirectRunnerOptions(PipelineOptions):
    """Options of the local run in micro-batches; other runners ignore them."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        add_arguments(parser, DIRECT_RUNNER_OPTIONS)


def add_arguments(parser: Any, options: tuple[Option, ...]) -> None:
    """Adds options to a parser or a group of one."""
    for option in options:
        text = option.help + (" Required." if option.required else "")
        shown = text if option.default is None else f"{text} Default: %(default)s."
        kind: dict[str, Any] = (
            {"choices": tuple(value for value, _ in option.choices)}
            if option.choices
            else {"type": option.type, "metavar": option.metavar}
        )
        parser.add_argument(f"--{option.name}", default=option.default, help=shown, **kind)


def ingestion_config(options: PipelineOptions) -> IngestionConfig:
    """Reads and cross-checks the job's options.

    Raises:
        InvalidOptions: one is missing, or two contradict each other.
    """
    given = options.view_as(IngestionOptions)
    check_input(given)
    for option in JOB_OPTIONS:
        if option.required and not getattr(given, option.name):
            raise InvalidOptions(f"--{option.name} is missing: give a local folder or gs://BUCKET[/FOLDER]")
    check_apart(given.output_path, given.quarantine_path)
    names = IngestionConfig.__dataclass_fields__.keys() & {option.name for option in JOB_OPTIONS}
    return IngestionConfig(
        **{name: getattr(given, name) for name in names}, publish_time_source=_publish_time_source(given)
    )


def _publish_time_source(given: IngestionOptions) -> str:
    if not given.input_files:
        return ""
    if given.input_publish_time is not None:
        return "given by --input_publish_time"
    return "the file's modification time; --input_publish_time sets another"


def micro_batch_config(options: PipelineOptions) -> MicroBatchConfig:
    """Reads the options of the local run."""
    given = options.view_as(DirectRunnerOptions)
    return MicroBatchConfig(**{name: getattr(given, name) for name in MicroBatchConfig.__dataclass_fields__})


def check_input(given: IngestionOptions) -> None:
    """Exactly one input must be given.

    Raises:
        InvalidOptions: none is, or both are, or an option of the other is.
    """
    if given.input_subscription and given.input_files:
        raise InvalidOptions("--input_subscription and --input_files are both given: choose one")
    if given.input_publish_time is not None and not given.input_files:
        raise InvalidOptions(
            "--input_publish_time is for files, whose lines have none; Pub/Sub's messages bring their own"
        )
    if not given.input_subscription and not given.input_files:
        raise InvalidOptions("no input: give --input_subscription=projects/P/subscriptions/S or --input_files=GLOB")


def check_apart(output_path: str, quarantine_path: str) -> None:
    """Lake and quarantine must not be the same place: readers of one would read the other.

    Raises:
        InvalidOptions: they are the same.
    """
    if output_path == quarantine_path:
        raise InvalidOptions(
            f"--output_path and --quarantine_path are both {output_path!r}: give the quarantine a place of its own"
        )
