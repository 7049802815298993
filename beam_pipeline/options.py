"""The job's options: typed, validated before anything is read, explained for a stranger."""

import argparse
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from apache_beam.options.pipeline_options import PipelineOptions

from beam_pipeline.objects import COMPRESSIONS
from beam_pipeline.routing import LAKE, QUARANTINE

DISTRIBUTION: Final = "ecommerce-lake"
_SUBSCRIPTION: Final = re.compile(
    r"projects/[a-z][a-z0-9:.-]{4,61}[a-z0-9]/subscriptions/[A-Za-z][\w.~+%-]{2,254}", re.ASCII
)
_ATTRIBUTE: Final = re.compile(r"[A-Za-z0-9_.-]{1,256}")
_REMOTE: Final = re.compile(r"gs://[a-z0-9][a-z0-9_.-]{1,220}[a-z0-9](?:/.*)?")
PUBSUB_RETENTION_DAYS: Final = 31
"""Longest that Pub/Sub keeps a message (https://cloud.google.com/pubsub/docs/subscription-properties)."""


class InvalidOptions(ValueError):
    """An option is missing, malformed or contradicts another; the text names it and the remedy."""


class IngestionOptions(PipelineOptions):
    """What to read, where to write, and how large objects grow."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        add_arguments(parser)


class DirectRunnerOptions(PipelineOptions):
    """Options of the local run in micro-batches; other runners ignore them."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        add_direct_runner_arguments(parser)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the job's own options to a parser."""
    parser.add_argument(
        "--input_subscription",
        type=subscription,
        metavar="projects/P/subscriptions/S",
        help="Pub/Sub subscription to read, without end. Give this or --input_files.",
    )
    parser.add_argument(
        "--input_files",
        metavar="GLOB",
        help="Files to read once: one message a line, plain or gzip (*.gz), local or gs://. Give this or --input_subscription."
        " A message's publish time is its file's modification time, its id is FILE:LINE.",
    )
    parser.add_argument(
        "--output_path",
        type=root_path,
        metavar="PATH",
        help="Root of the lake: a local folder or gs://BUCKET[/FOLDER]. Required.",
    )
    parser.add_argument(
        "--quarantine_path",
        type=root_path,
        metavar="PATH",
        help="Root of the quarantine, where refused messages go with the reason: a local folder or gs://BUCKET[/FOLDER]."
        " Required.",
    )
    parser.add_argument(
        "--compression",
        choices=COMPRESSIONS,
        default="gzip",
        help="Compression of the objects (default: gzip, which BigQuery and DuckDB read).",
    )
    parser.add_argument(
        "--window_seconds",
        type=positive_int,
        default=600,
        metavar="N",
        help="Length of the publish-time windows; an object never spans two (default: 600).",
    )
    parser.add_argument(
        "--allowed_lateness_seconds",
        type=positive_int,
        default=(PUBSUB_RETENTION_DAYS + 1) * 86_400,
        metavar="N",
        help="How long after its publish-time window a message is still accepted. The default, 32 days, is longer than Pub/Sub"
        " keeps a message, so that none is ever dropped as late; a shorter one can lose messages of a replay.",
    )
    parser.add_argument(
        "--max_object_bytes",
        type=positive_int,
        default=64 * 1024 * 1024,
        metavar="N",
        help="Close an object at about this many bytes before compression (default: 67108864).",
    )
    parser.add_argument(
        "--max_object_rows",
        type=positive_int,
        default=200_000,
        metavar="N",
        help="Close an object at about this many rows (default: 200000).",
    )
    parser.add_argument(
        "--max_object_age_seconds",
        type=positive_int,
        default=60,
        metavar="N",
        help="Close an object this long after its first message, however small it is (default: 60). In micro-batches"
        " --batch_max_wait_seconds decides.",
    )
    parser.add_argument(
        "--id_label",
        type=attribute_name,
        metavar="ATTRIBUTE",
        help="Message attribute by which Dataflow drops repeats within ten minutes (DataflowRunner only; default: Pub/Sub's own"
        " message id). Two different messages with the same value count as one: the later is lost.",
    )
    parser.add_argument(
        "--streaming_mode",
        choices=("exactly_once", "at_least_once"),
        default="exactly_once",
        help="Dataflow's streaming mode. at_least_once is cheaper and may repeat lines in the lake, which the warehouse"
        " deduplicates (default: exactly_once).",
    )


MESSAGES_PER_PULLED_BATCH: Final = 20_000
MESSAGES_PER_FILE_BATCH: Final = 50_000


def add_direct_runner_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the local run to a parser."""
    parser.add_argument(
        "--batch_max_messages",
        type=positive_int,
        default=None,
        metavar="N",
        help=f"Most messages in one micro-batch (default: {MESSAGES_PER_PULLED_BATCH} from a subscription, where one fills"
        f" while another is written; {MESSAGES_PER_FILE_BATCH} from files).",
    )
    parser.add_argument(
        "--batch_max_bytes",
        type=positive_int,
        default=64 * 1024 * 1024,
        metavar="N",
        help="Most message bytes in one micro-batch; bounds memory (default: 67108864).",
    )
    parser.add_argument(
        "--batch_max_wait_seconds",
        type=positive_float,
        default=2.0,
        metavar="S",
        help="Write a micro-batch at the latest this long after its first message (default: 2).",
    )
    parser.add_argument(
        "--stop_after_idle_seconds",
        type=positive_float,
        metavar="S",
        help="Stop once the subscription has been empty for this long (default: run until interrupted).",
    )
    parser.add_argument(
        "--summary_file",
        metavar="FILE",
        help="Keep a JSON summary of the run in this file, renewed about once a second.",
    )


def subscription(text: str) -> str:
    """A full subscription name.

    Raises:
        argparse.ArgumentTypeError: it is not like projects/P/subscriptions/S.
    """
    if not _SUBSCRIPTION.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a subscription: write it as projects/PROJECT/subscriptions/NAME"
            " (a project id has 6 to 63 characters, a name at least 3)"
        )
    return text


def root_path(text: str) -> str:
    """A local folder or a gs:// address, without a trailing slash; ``file://`` is taken off.

    Raises:
        argparse.ArgumentTypeError: it is empty or of another scheme.
    """
    path = text.removeprefix("file://")
    if not path.endswith("://"):
        path = path.rstrip("/") or path[:1]
    if not path or ("://" in path and not _REMOTE.fullmatch(path)):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no place to write to: give a local folder or gs://BUCKET[/FOLDER]"
        )
    return path


def attribute_name(text: str) -> str:
    """Name of a message attribute.

    Raises:
        argparse.ArgumentTypeError: it has characters that no attribute name has.
    """
    if not _ATTRIBUTE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an attribute name: use letters, digits, _ . or -")
    return text


def positive_int(text: str) -> int:
    """A whole number above zero.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)


def positive_float(text: str) -> float:
    """A number above zero, and finite.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above zero")
    return number


@dataclass(frozen=True)
class IngestionConfig:
    """What the graph needs to know, checked. Paths are roots (`root_path`); sizes in bytes before compression."""

    output_path: str
    quarantine_path: str
    compression: str
    window_seconds: int
    allowed_lateness_seconds: int
    max_object_bytes: int
    max_object_rows: int
    max_object_age_seconds: int
    pipeline_version: str

    @property
    def roots(self) -> dict[str, str]:
        """The path behind each root's name (`routing`)."""
        return {LAKE: self.output_path, QUARANTINE: self.quarantine_path}

    @classmethod
    def from_options(cls, options: PipelineOptions) -> "IngestionConfig":
        """Reads and cross-checks the job's options.

        Raises:
            InvalidOptions: one is missing, or two contradict each other.
        """
        given = options.view_as(IngestionOptions)
        check_input(given)
        for name in ("output_path", "quarantine_path"):
            if not getattr(given, name):
                raise InvalidOptions(f"--{name} is missing: give a local folder or gs://BUCKET[/FOLDER]")
        check_apart(given.output_path, given.quarantine_path)
        return cls(
            output_path=given.output_path,
            quarantine_path=given.quarantine_path,
            compression=given.compression,
            window_seconds=given.window_seconds,
            allowed_lateness_seconds=given.allowed_lateness_seconds,
            max_object_bytes=given.max_object_bytes,
            max_object_rows=given.max_object_rows,
            max_object_age_seconds=given.max_object_age_seconds,
            pipeline_version=pipeline_version(),
        )


def check_input(given: IngestionOptions) -> None:
    """Exactly one input must be given.

    Raises:
        InvalidOptions: none is, or both are.
    """
    if given.input_subscription and given.input_files:
        raise InvalidOptions("--input_subscription and --input_files are both given: choose one")
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


def pipeline_version() -> str:
    """Version of the installed package, as quarantined messages and job labels carry it."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "0+unknown"
