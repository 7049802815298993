"""The graph: read, validate, route, chunk, window, batch, write, record."""

from typing import Final

import apache_beam as beam
from apache_beam.io.gcp.pubsub import ReadFromPubSub
from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    PipelineOptions,
    StandardOptions,
)
from apache_beam.pvalue import PBegin, PCollection

from beam_pipeline.batching import BatchByKey, KeyByWindow
from beam_pipeline.claims import HEARTBEAT_SECONDS, WRITTEN, ClaimWatermark
from beam_pipeline.coders import MessageList
from beam_pipeline.collecting import ELEMENT_BYTES, Limits
from beam_pipeline.config import IngestionConfig
from beam_pipeline.dictionary import NEWEST
from beam_pipeline.file_input import ReadMessageFiles
from beam_pipeline.heartbeat import Heartbeat
from beam_pipeline.messages import Message, from_pubsub
from beam_pipeline.options import IngestionOptions, ingestion_config
from beam_pipeline.validation import Routed, ValidateRouteChunk
from beam_pipeline.writing import WriteManifest, WriteObjects
from event_contract import ManifestRecord

_MANIFEST_RECORDS_PER_FILE: Final = 1000


class ReadMessages(beam.PTransform):
    """Lists of messages from the subscription or the files that the options name."""

    def __init__(self, options: PipelineOptions) -> None:
        super().__init__()
        given = options.view_as(IngestionOptions)
        self._subscription = given.input_subscription
        self._files = given.input_files
        self._publish_micros = given.input_publish_time

    def expand(self, begin: PBegin) -> PCollection:
        if self._files:
            return begin | "ReadFiles" >> ReadMessageFiles(self._files, self._publish_micros)
        return (
            begin
            | "ReadFromPubSub" >> ReadFromPubSub(subscription=self._subscription, with_attributes=True)
            | "AsMessages" >> beam.Map(_as_list).with_output_types(MessageList)
        )


def _as_list(message: beam.io.gcp.pubsub.PubsubMessage) -> list[Message]:
    return [from_pubsub(message)]


class IngestMessages(beam.PTransform):
    """Lists of messages in, objects in the lake and in quarantine out; yields the paths of the manifest files.

    Lake and quarantine are one keyed stream with one writer: the destination is part of the key.

    Args:
        config: where and how to write.
        heartbeat: what `Heartbeat` emits; with it the watermark is written, too. Bounded runs leave that to their driver.
    """

    def __init__(self, config: IngestionConfig, heartbeat: PCollection | None = None) -> None:
        super().__init__()
        self._config = config
        self._heartbeat = heartbeat

    def expand(self, messages: PCollection) -> PCollection:
        config = self._config
        stable_input = config.streaming_mode != "at_least_once"
        # A micro-batch is one bundle: its tiny chunks have no others to be joined with.
        dictionary = 0 if messages.is_bounded else NEWEST
        routed = messages | "ValidateRouteChunk" >> beam.ParDo(
            ValidateRouteChunk(
                config.window_seconds,
                config.pipeline_version,
                config.publish_time_source,
                keep_attributes=config.keep_attributes == "all",
                mappings=config.mappings.split(",") if config.mappings else (),
                dictionary=dictionary,
            )
        ).with_outputs(ValidateRouteChunk.QUARANTINED, main=ValidateRouteChunk.VALID)
        records = (
            (routed[ValidateRouteChunk.VALID], routed[ValidateRouteChunk.QUARANTINED])
            | "LakeAndQuarantine" >> beam.Flatten().with_output_types(Routed)
            | "ObjectsByWindow" >> KeyByWindow(config.window_seconds, config.shards)
            | "BatchObjects" >> BatchByKey(object_limits(config), stable_input=stable_input)
            | "WriteObjects"
            >> beam.ParDo(
                WriteObjects(config.roots, config.compression, config.max_object_bytes, config.max_object_rows)
            ).with_output_types(tuple[str, ManifestRecord])
        )
        manifests = (
            records
            | "RecordsByWindow" >> KeyByWindow(config.window_seconds)
            | "BatchRecords" >> BatchByKey(manifest_limits(config), stable_input=stable_input)
            | "WriteManifest" >> beam.ParDo(WriteManifest(config.output_path))
        )
        if self._heartbeat is not None:
            (
                (manifests | "Written" >> beam.Map(_written).with_output_types(int), self._heartbeat)
                | "WithHeartbeat" >> beam.Flatten()
                | "ClaimWatermark" >> ClaimWatermark(config.output_path)
            )
        return manifests


def _written(_: str) -> int:
    return WRITTEN


def object_limits(config: IngestionConfig) -> Limits:
    """What closes a batch of chunks, which becomes an object."""
    return Limits(
        raw_bytes=config.max_object_bytes, rows=config.max_object_rows, age_seconds=config.max_object_age_seconds
    )


def manifest_limits(config: IngestionConfig) -> Limits:
    """What closes a batch of records, which becomes a manifest file."""
    return Limits(raw_bytes=ELEMENT_BYTES, rows=_MANIFEST_RECORDS_PER_FILE, age_seconds=config.max_object_age_seconds)


def build_pipeline(options: PipelineOptions) -> beam.Pipeline:
    """The whole job for a runner with workers, ready to be submitted; the options must have been checked."""
    config = ingestion_config(options)
    streaming = bool(options.view_as(IngestionOptions).input_subscription)
    options.view_as(StandardOptions).streaming = streaming
    if streaming and options.view_as(IngestionOptions).streaming_mode == "at_least_once":
        cloud = options.view_as(GoogleCloudOptions)
        cloud.dataflow_service_options = [*(cloud.dataflow_service_options or []), "streaming_mode_at_least_once"]
    pipeline = beam.Pipeline(options=options)
    heartbeat = pipeline | "Heartbeat" >> Heartbeat(HEARTBEAT_SECONDS) if streaming else None
    pipeline | "ReadMessages" >> ReadMessages(options) | "IngestMessages" >> IngestMessages(config, heartbeat)
    return pipeline
