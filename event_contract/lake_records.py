"""What the pipeline itself writes beside the events: the `_ingest` key, quarantined messages, the manifest."""

from typing import Annotated, Final

from msgspec import Meta, Struct

_Instant = Annotated[str, Meta(extra={"type": "timestamp"})]
_Date = Annotated[str, Meta(extra={"type": "date"})]


class Attribute(Struct, frozen=True, kw_only=True, order=True):
    """One attribute of a message."""

    key: Annotated[str, Meta(description="Name of the attribute.")]
    value: Annotated[str, Meta(description="Its value.")]


class Ingest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a line of the lake comes from; the value of its key `_ingest`."""

    message_id: Annotated[str, Meta(description="Pub/Sub's id of the message, or FILE:LINE.")]
    publish_time: Annotated[_Instant, Meta(description="When the message was published, UTC.")]
    ledger: Annotated[
        str | None,
        Meta(description="Entry of its publisher's ledger, PUBLISHER/MINUTE; null if the publisher keeps none."),
    ] = None
    attributes: Annotated[
        list[Attribute], Meta(description="Attributes of the message, by name; kept if --keep_attributes=all.")
    ] = []
    ordering_key: Annotated[
        str | None, Meta(description="Ordering key of the message; kept if --keep_attributes=all.")
    ] = None


class QuarantinedMessage(Struct, frozen=True, kw_only=True):
    """A message that the contract refused, with the reason and everything needed to send it again."""

    code: Annotated[str, Meta(description="Reason code: why the message was refused.")]
    message: Annotated[str, Meta(description="The reason in words; may quote the sender.")]
    field: Annotated[str | None, Meta(description="Path of the field at fault, or null where no single field is.")]
    payload: Annotated[
        str, Meta(description="The exact bytes of the message, in base64; of more than 11 MiB, the first 11 MiB.")
    ]
    attributes: Annotated[list[Attribute], Meta(description="Attributes of the message, by name.")]
    message_id: Annotated[str, Meta(description="Pub/Sub's id of the message, or FILE:LINE.")]
    publish_time: Annotated[_Instant, Meta(description="When the message was published, UTC.")]
    pipeline_version: Annotated[str, Meta(description="Version of the pipeline that refused it.")]
    fingerprint: Annotated[str, Meta(description="SHA-256 of the message's bytes, in hexadecimal.")]


class ManifestRecord(Struct, frozen=True, kw_only=True, order=True, omit_defaults=True):
    """One object of the lake or of quarantine, as written.

    An object that holds the lines of others in their place names them in `replaces`: from the moment of its record on they count
    no more, and are to be deleted. Compaction keeps every line (`rows == replaced_rows`), erasure removes some. Records of
    replaced objects stay, so sums over all records, less what they replaced, are what the lake holds.
    """

    path: Annotated[str, Meta(description="Path of the object, relative to its root.")]
    root: Annotated[str, Meta(description="lake or quarantine.")]
    event_type: Annotated[str | None, Meta(description="Event type of the rows; null in quarantine.")]
    reason: Annotated[str | None, Meta(description="Reason code of the rows; null in the lake.")]
    date: Annotated[_Date, Meta(description="Event date (lake) or publish date (quarantine), UTC.")]
    rows: Annotated[int, Meta(description="Lines in the object.")]
    bytes: Annotated[int, Meta(description="Stored size of the object, in bytes.")]
    min_publish_time: Annotated[_Instant, Meta(description="Earliest publish time of its messages, UTC.")]
    max_publish_time: Annotated[_Instant, Meta(description="Latest publish time of its messages, UTC.")]
    written_at: Annotated[_Instant, Meta(description="When it was stored, UTC.")]
    replaces: Annotated[
        list[str], Meta(description="Names of the objects of the same folder whose lines it holds in their place.")
    ] = []
    replaced_rows: Annotated[
        int, Meta(description="Lines in the objects it replaces; more than rows after an erasure.")
    ] = 0
    replaced_bytes: Annotated[int, Meta(description="Stored size of the objects it replaces, in bytes.")] = 0
    crc32: Annotated[
        int | None, Meta(description="CRC-32 of the stored bytes; null in records from before it was kept.")
    ] = None

    @property
    def replaced_paths(self) -> list[str]:
        """Paths of the objects that it replaces, relative to the root."""
        folder = self.path.rpartition("/")[0]
        return [f"{folder}/{name}" for name in self.replaces]

    @property
    def keeps_every_line(self) -> bool:
        """Whether it is the work of compaction: other objects, the same lines."""
        return bool(self.replaces) and self.rows == self.replaced_rows


INGEST_DESCRIPTION: Final = "Where the line comes from; added by the pipeline."
