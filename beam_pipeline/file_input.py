"""Files as input: one message a line, plain or gzip, in lists that a micro-batch or a worker can take."""

import io
from collections.abc import Iterator
from posixpath import basename
from typing import Final

import apache_beam as beam
from apache_beam.io.fileio import MatchFiles
from apache_beam.io.filesystem import CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems
from isal import igzip

from beam_pipeline.coders import MessageList
from beam_pipeline.messages import Message

MESSAGES_PER_LIST: Final = 1000
LIST_BYTES: Final = 4 * 1024 * 1024
"""A list is given out when it has grown to this many bytes, too: bounds memory when messages are large."""

_BLOCK_BYTES: Final = 1024 * 1024


def match(pattern: str) -> list[FileMetadata]:
    """The files of a glob, in the order of their names: the same glob gives the same batches again."""
    return sorted(
        (found for result in FileSystems.match([pattern]) for found in result.metadata_list),
        key=lambda found: found.path,
    )


def read_messages(file: FileMetadata, per_list: int = MESSAGES_PER_LIST) -> Iterator[list[Message]]:
    """The messages of one file, in lists.

    A line ends at a line feed; an empty line is an empty message. Id: file name and line number. Publish time: when the
    file was last modified. So the same file read again gives the same messages.
    """
    publish_micros = int(file.last_updated_in_seconds * 1_000_000)
    name = basename(file.path.replace("\\", "/"))
    messages: list[Message] = []
    size = 0
    for number, line in enumerate(_lines(file.path), start=1):
        messages.append(Message(line, f"{name}:{number}", publish_micros))
        size += len(line)
        if len(messages) >= per_list or size >= LIST_BYTES:
            yield messages
            messages, size = [], 0
    if messages:
        yield messages


def _lines(path: str) -> Iterator[bytes]:
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as raw:
        stream = igzip.IGzipFile(fileobj=raw) if path.endswith(".gz") else raw
        remainder = io.BytesIO()
        while block := stream.read(_BLOCK_BYTES):
            first, *others = block.split(b"\n")
            remainder.write(first)
            if others:
                yield remainder.getvalue()
                yield from others[:-1]
                remainder = io.BytesIO()
                remainder.write(others[-1])
        if remainder.tell():
            yield remainder.getvalue()


class ReadMessageFiles(beam.PTransform):
    """Lists of messages from the files of a glob, for runners with workers."""

    def __init__(self, pattern: str) -> None:
        super().__init__()
        self._pattern = pattern

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        return (
            begin
            | "MatchFiles" >> MatchFiles(self._pattern)
            | "SpreadFiles" >> beam.Reshuffle()
            | "ReadLines" >> beam.FlatMap(read_messages).with_output_types(MessageList)
        )
