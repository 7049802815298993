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
from beam_pipeline.local_files import Matched, fixed_folder, match_local, may_be_a_name
from beam_pipeline.messages import Message

MESSAGES_PER_LIST: Final = 1000
LIST_BYTES: Final = 4 * 1024 * 1024
"""A list is given out when it has grown to this many bytes, too: bounds memory when messages are large."""

_GZIP_MAGIC: Final = b"\x1f\x8b"
_BLOCK_BYTES: Final = 1024 * 1024


def match(pattern: str) -> Matched:
    """The files of a glob, in the order of their names: the same glob gives the same batches again."""
    if FileSystems.get_scheme(pattern) is None:
        return match_local(pattern)
    if may_be_a_name(pattern) and FileSystems.exists(pattern):
        return Matched([FileSystems.get_filesystem(pattern).metadata(pattern)], [])
    found = (file for result in FileSystems.match([pattern]) for file in result.metadata_list)
    return Matched(sorted(found, key=lambda file: file.path), [])


def read_messages(
    file: FileMetadata, folder: str = "", publish_micros: int | None = None, per_list: int = MESSAGES_PER_LIST
) -> Iterator[list[Message]]:
    r"""The messages of one file, in lists.

    A line ends at a line feed; an empty line is an empty message. Id: path below `folder` (`fixed_folder`) and line number, so
    that files of one name in two folders stay apart; a byte of a path that is not UTF-8 is written as `\xe9`. So the same file
    read again by the same glob gives the same messages.

    Args:
        file: as matched.
        folder: what the paths of all files have in common.
        publish_micros: publish time of the messages; None: when the file was last modified.
        per_list: messages of a list.
    """
    if publish_micros is None:
        publish_micros = int(file.last_updated_in_seconds * 1_000_000)
    path = file.path
    name = path.removeprefix(folder) if folder and path.startswith(folder) else basename(path)
    name = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    new, no_attributes = tuple.__new__, Message._field_defaults["attributes"]  # `Message()` is Python, and half as fast
    messages: list[Message] = []
    size = 0
    for number, line in enumerate(_lines(file.path), start=1):
        messages.append(new(Message, (line, f"{name}:{number}", publish_micros, no_attributes, "")))
        size += len(line)
        if len(messages) >= per_list or size >= LIST_BYTES:
            yield messages
            messages, size = [], 0
    if messages:
        yield messages


def _lines(path: str) -> Iterator[bytes]:
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as raw:
        is_gzip = raw.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC or path.lower().endswith(".gz")
        raw.seek(0)
        stream = igzip.IGzipFile(fileobj=raw) if is_gzip else raw
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

    def __init__(self, pattern: str, publish_micros: int | None = None) -> None:
        super().__init__()
        self._pattern = pattern
        self._publish_micros = publish_micros

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        return (
            begin
            | "MatchFiles" >> MatchFiles(self._pattern)
            | "SpreadFiles" >> beam.Reshuffle()
            | "ReadLines"
            >> beam.FlatMap(read_messages, fixed_folder(self._pattern), self._publish_micros).with_output_types(
                MessageList
            )
        )
