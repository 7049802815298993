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
from apache_beam.transforms.periodicsequence import PeriodicImpulse

from beam_pipeline.batching import BatchByKey, PublishTimeWindows
from beam_pipeline.chunking import CHUNK_BYTES
from beam_pipeline.coders import MessageList
from beam_pipeline.file_input import ReadMessageFiles
from beam_pipeline.messages import Message, from_pubsub
from beam_pipeline.options import IngestionConfig, IngestionOptions
from beam_pipeline.validation import Routed, ValidateRouteChunk
from beam_pipeline.watermark import AdvanceWatermark
from beam_pipeline.writing import WriteManifest, WriteObjects
from event_contract import ManifestRecord

_MANIFEST_RECORDS_PER_FILE: Final = 1000
_HEARTBEAT_SECONDS: Final = 15


class ReadMessages(beam.PTransform):
    """Lists of messages from the subscription or the files that the options name."""

    def __init__(self, options: PipelineOptions) -> None:
        super().__init__()
        given = options.view_as(IngestionOptions)
        self._subscription = given.input_subscription
        self._files = given.input_files
        self._id_label = given.id_label

    def expand(self, begin: PBegin) -> PCollection:
        if self._files:
            return begin | "ReadFiles" >> ReadMessageFiles(self._files)
        return (
            begin
            | "ReadFromPubSub"
            >> ReadFromPubSub(subscription=self._subscription, id_label=self._id_label, with_attributes=True)
            | "AsMessages" >> beam.Map(_as_list).with_output_types(MessageList)
        )


def _as_list(message: beam.io.gcp.pubsub.PubsubMessage) -> list[Message]:
    return [from_pubsub(message)]


class IngestMessages(beam.PTransform):
    """Lists of messages in, objects in the lake and in quarantine out; yields the paths of the manifest files.

    Lake and quarantine are one keyed stream with one writer: the destination is part of the key.

    Args:
        config: where and how to write.
        heartbeat: unbounded, at least one element in every publish-time window; with it the watermark is written, too.
            Bounded runs leave that to their driver.
    """

    def __init__(self, config: IngestionConfig, heartbeat: PCollection | None = None) -> None:
        super().__init__()
        self._config = config
        self._heartbeat = heartbeat

    def expand(self, messages: PCollection) -> PCollection:
        config = self._config
        routed = messages | "ValidateRouteChunk" >> beam.ParDo(
            ValidateRouteChunk(config.window_seconds, config.pipeline_version)
        ).with_outputs(ValidateRouteChunk.QUARANTINED, main=ValidateRouteChunk.VALID)
        records = (
            (routed[ValidateRouteChunk.VALID], routed[ValidateRouteChunk.QUARANTINED])
            | "LakeAndQuarantine" >> beam.Flatten().with_output_types(Routed)
            | "PublishTimeWindows" >> PublishTimeWindows(config.window_seconds, config.allowed_lateness_seconds)
            | "BatchObjects" >> BatchByKey(_chunks_per_object(config), config.max_object_age_seconds)
            | "WriteObjects"
            >> beam.ParDo(
                WriteObjects(config.roots, config.compression, config.max_object_bytes, config.max_object_rows)
            ).with_output_types(tuple[str, ManifestRecord])
        )
        manifests = (
            records
            | "ManifestWindows" >> PublishTimeWindows(config.window_seconds, config.allowed_lateness_seconds)
            | "BatchRecords" >> BatchByKey(_MANIFEST_RECORDS_PER_FILE, config.max_object_age_seconds)
            | "WriteManifest" >> beam.ParDo(WriteManifest(config.output_path))
        )
        if self._heartbeat is not None:
            (
                (manifests | "Written" >> beam.Map(_nothing), self._heartbeat | "Beat" >> beam.Map(_nothing))
                | "WithHeartbeat" >> beam.Flatten()
                | "AdvanceWatermark" >> AdvanceWatermark(config.output_path, config.window_seconds)
            )
        return manifests


def _nothing(_: object) -> None:
    return None


def _chunks_per_object(config: IngestionConfig) -> int:
    return max(1, config.max_object_bytes // CHUNK_BYTES)


def build_pipeline(options: PipelineOptions) -> beam.Pipeline:
    """The whole job for a runner with workers, ready to be submitted; the options must have been checked."""
    config = IngestionConfig.from_options(options)
    streaming = bool(options.view_as(IngestionOptions).input_subscription)
    options.view_as(StandardOptions).streaming = streaming
    if streaming and options.view_as(IngestionOptions).streaming_mode == "at_least_once":
        cloud = options.view_as(GoogleCloudOptions)
        cloud.dataflow_service_options = [*(cloud.dataflow_service_options or []), "streaming_mode_at_least_once"]
    pipeline = beam.Pipeline(options=options)
    heartbeat = pipeline | "Heartbeat" >> PeriodicImpulse(fire_interval=_HEARTBEAT_SECONDS) if streaming else None
    pipeline | "ReadMessages" >> ReadMessages(options) | "IngestMessages" >> IngestMessages(config, heartbeat)
    return pipeline
