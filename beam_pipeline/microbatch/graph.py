"""The job's graph over one micro-batch at a time, on the runner class that keeps all of it."""

import gc
import shutil
from collections import Counter
from collections.abc import Iterator
from typing import Final

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.worker.statesampler import StateSampler
from apache_beam.transforms.environments import EmbeddedPythonEnvironment

from beam_pipeline import counters
from beam_pipeline.coders import MessageList
from beam_pipeline.config import IngestionConfig
from beam_pipeline.messages import Message
from beam_pipeline.pipeline import IngestMessages

_NAME: Final = "micro-batch"

# Beam samples which step is at work, and at the end of a bundle waits for the sampler to wake up: with its period growing to
# 200 ms, a tenth of a micro-batch's time. There is no option for it.
StateSampler.__init__.__defaults__ = (5,)


_waiting: Final[dict[str, list[list[Message]]]] = {}


class TakeMicroBatch(beam.PTransform):
    """Lists of messages that were put under a name in this process.

    A Create of the messages would cost Beam 200 µs an element in type inference; the lists never leave the process.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def put(self, lists: list[list[Message]]) -> None:
        """Sets what the next run takes."""
        _waiting[self._name] = lists

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        return (
            begin
            | "Start" >> beam.Impulse()
            | "TakeBatch" >> beam.FlatMap(_take, self._name).with_output_types(MessageList)
        )


def _take(_: bytes, name: str) -> Iterator[list[Message]]:
    yield from _waiting.pop(name)


class MicroBatchGraph:
    """The bounded graph, built once and run for every micro-batch.

    FnApiRunner by name: `DirectRunner` would try to download Prism first, and its streaming runner acknowledges messages
    before they are processed.
    """

    def __init__(self, config: IngestionConfig) -> None:
        self._source = TakeMicroBatch(_NAME)
        self._runner = FnApiRunner()
        self._options = PipelineOptions(["--no_save_main_session", "--experiments=beam_fn_api"])
        pipeline = beam.Pipeline(runner=self._runner, options=self._options)
        pipeline | "ReadMessages" >> self._source | "IngestMessages" >> IngestMessages(config)
        self._graph = pipeline.to_runner_api(default_environment=EmbeddedPythonEnvironment.default())
        shutil.rmtree(pipeline.local_tempdir, ignore_errors=True)  # which Beam makes now and removes in Pipeline.run
        freeze_loaded_objects()

    def run(self, lists: list[list[Message]]) -> Counter[str]:
        """Writes the messages' objects and manifest; returns the run's counters (`counters`) by name.

        When it returns, all is stored. When it raises, some objects may be: the same batch again overwrites them.
        """
        self._source.put(lists)
        result = self._runner.run_via_runner_api(self._graph, self._options)
        result.wait_until_finish()
        totals = counters.totals(result.metrics())
        del result
        gc.collect()  # Beam's cycles keep the batch: with large messages, hundreds of megabytes
        return totals


def freeze_loaded_objects() -> None:
    """Excludes what is loaded by now from garbage collection, and collects less often.

    Messages and leases hold no cycles, but there are many of them: searching them took a tenth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
