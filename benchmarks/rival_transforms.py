"""Rivals inside the graph and inside the loop: Beam's file sink as documented, and json + pydantic for validation."""

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union

import apache_beam as beam
import msgspec
import pydantic
from apache_beam.io import fileio
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from beam_pipeline.messages import Message
from beam_pipeline.routing import lake_destination, lake_lines, quarantine_destination, quarantine_line
from benchmarks.contenders import Contender
from event_contract import EVENT_TYPES, ErrorCode, Partition, Rejection, inspect
from event_contract.amounts import check_order_total, check_subtotal
from event_contract.events import NOT_OF_ONE_DIGIT

_waiting: list[list[Message]] = []


def _routed(message: Message) -> tuple[str, bytes]:
    """Destination and line of a message, by our validation."""
    verdict = inspect(message.data, message.publish_micros)
    if isinstance(verdict, Rejection):
        line = quarantine_line(message, verdict, "benchmark")
        return quarantine_destination(verdict, message.publish_micros), line
    return lake_destination(verdict), lake_lines((message,))[0]


class _LineSink(fileio.FileSink):
    """What a FileSink must do, for (destination, line)."""

    def open(self, fh: Any) -> None:
        self._file = fh

    def write(self, record: tuple[str, bytes]) -> None:
        self._file.write(record[1])

    def flush(self) -> None:
        self._file.flush()


def write_to_files(batch: list[Message], *, nested: bool) -> Contender:
    """The job with `fileio.WriteToFiles` and dynamic destinations, as Beam's documentation has it.

    Args:
        batch: the messages.
        nested: destinations are folders, as a Hive lake needs; else one flat name each.
    """

    def run(folder: Path) -> None:
        _waiting.append(batch)
        with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(["--no_save_main_session"])) as pipeline:
            (
                pipeline
                | beam.Impulse()
                | "Take" >> beam.FlatMap(_take)
                | "Route" >> beam.Map(_routed).with_output_types(tuple[str, bytes])
                | "Write"
                >> fileio.WriteToFiles(
                    path=str(folder),
                    destination=lambda record: record[0] if nested else record[0].replace("/", "."),
                    sink=lambda _: _LineSink(),
                    file_naming=fileio.destination_prefix_naming(suffix=".ndjson"),
                )
            )

    return lambda folder: partial(run, folder)


def _take(_: bytes) -> list[Message]:
    return _waiting.pop()


def _model(name: str, struct: type[msgspec.Struct], tag: str | None = None) -> type[pydantic.BaseModel]:
    """A strict pydantic model with the fields and limits of a msgspec type; unknown fields are accepted, too."""
    info = msgspec.inspect.type_info(struct)
    assert isinstance(info, msgspec.inspect.StructType)
    fields: dict[str, Any] = {
        field.name: (_type(field.type), ... if field.required else field.default) for field in info.fields
    }
    if tag is not None:
        fields |= {"event_type": (Literal[tag], ...), "timestamp": (pydantic.AwareDatetime, ...)}
    return pydantic.create_model(name, __config__=pydantic.ConfigDict(strict=True, extra="ignore"), **fields)


def _type(found: Any) -> Any:
    """A type of the contract as pydantic has it."""
    kinds = msgspec.inspect
    if isinstance(found, kinds.Metadata):
        return _type(found.type)
    if isinstance(found, kinds.UnionType):
        return Union[tuple(_type(part) for part in found.types)]  # noqa: UP007 - of a tuple that is not known before
    if isinstance(found, kinds.NoneType):
        return None
    if isinstance(found, kinds.LiteralType):
        return Literal[tuple(found.values)]
    if isinstance(found, kinds.BoolType):
        return bool
    if isinstance(found, kinds.IntType):
        return Annotated[int, pydantic.Field(ge=found.ge, le=found.le)]
    if isinstance(found, kinds.StrType):
        # Rust writes the end of a text otherwise, and cannot look ahead: the rival takes ids of one digit.
        pattern = (found.pattern or "").replace(NOT_OF_ONE_DIGIT, "").replace(r"\Z", r"\z") or None
        limits = pydantic.Field(min_length=found.min_length, max_length=found.max_length, pattern=pattern)
        return Annotated[str, limits]
    if isinstance(found, kinds.ListType):
        limits = pydantic.Field(min_length=found.min_length, max_length=found.max_length)
        return Annotated[list[_type(found.item_type)], limits]  # type: ignore[misc]
    if isinstance(found, kinds.StructType):
        return _model(found.cls.__name__, found.cls)
    raise TypeError(f"{found} has no pydantic type here: add it")


_MODELS: Final = {tag: _model(kind.__name__, kind, tag) for tag, kind in EVENT_TYPES.items()}
_any_model: Any = Union[tuple(_MODELS.values())]  # noqa: UP007 - of a tuple that is not known before
_tagged: Any = Annotated[_any_model, pydantic.Field(discriminator="event_type")]
_ANY_EVENT: Final[pydantic.TypeAdapter[Any]] = pydantic.TypeAdapter(_tagged)
_Check = Callable[[Any], Rejection | None]
_AMOUNTS: Final[dict[str, _Check]] = {"order_completed": check_order_total, "checkout_started": check_subtotal}


def inspect_with_pydantic(payload: bytes, *, by_json: bool) -> Partition | None:
    """The partition of an event, or None if it is refused.

    Args:
        payload: the message.
        by_json: `json.loads` and then pydantic, as most code has it; else pydantic's own parser.
    """
    try:
        if by_json:
            document = json.loads(payload)
            if not isinstance(document.get("timestamp"), str):
                return None  # pydantic would take a number for seconds
            document["timestamp"] = _instant.validate_python(document["timestamp"])
            event = _ANY_EVENT.validate_python(document)
        else:
            event = _ANY_EVENT.validate_json(payload)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    check = _AMOUNTS.get(event.event_type)
    if check is not None and check(event) is not None:
        return None
    return Partition.of(event.event_type, event.timestamp.astimezone(UTC).date())


_instant: Final = pydantic.TypeAdapter(pydantic.AwareDatetime)


def loop_with_pydantic(batch: list[Message], *, by_json: bool) -> Contender:
    """The plain loop, validating with pydantic; what it refuses goes to quarantine without a reason."""
    refused = Rejection(ErrorCode.INVALID_VALUE, "refused")

    def run(folder: Path) -> None:
        lines: dict[str, list[bytes]] = defaultdict(list)
        events: dict[str, list[Message]] = defaultdict(list)
        for message in batch:
            partition = inspect_with_pydantic(message.data, by_json=by_json)
            if partition is not None:
                events[lake_destination(partition)].append(message)
            else:
                destination = quarantine_destination(refused, message.publish_micros)
                lines[destination].append(quarantine_line(message, refused, "benchmark"))
        for destination, found in events.items():
            lines[destination] = lake_lines(found)
        for destination, written in lines.items():
            (folder / destination).mkdir(parents=True, exist_ok=True)
            (folder / destination / "object.ndjson").write_bytes(b"".join(written))

    return lambda folder: partial(run, folder)
