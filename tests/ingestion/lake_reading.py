"""Reading back what an ingestion wrote, independently of the code that wrote it."""

import base64
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

OBJECT_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{20}\.ndjson(\.gz)?")
_INGEST = re.compile(rb',"_ingest":\{"message_id":"([^"]*)","publish_time":"[^"]*"\}\}\Z')


class Found(NamedTuple):
    """A message as it lies in the lake (`code` None) or in quarantine. `date`: of its folder, YYYY-MM-DD."""

    message_id: str
    data: bytes
    code: str | None
    event_type: str | None
    date: str


def objects_below(root: Path) -> list[Path]:
    """All objects of the lake or of quarantine, without control files and without what is being written."""
    return [path for path in root.glob("*=*/**/*") if path.is_file()] + [
        path for path in root.glob("failed/**/*") if path.is_file()
    ]


def lines_of(path: Path) -> list[bytes]:
    """The lines of an object; fails if it is cut off or damaged."""
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    assert text.endswith(b"\n"), f"{path} does not end with a line feed"
    return text[:-1].split(b"\n")


def messages_in(lake: Path, quarantine: Path) -> Iterator[Found]:
    """Every line of both, with the message's exact bytes."""
    for path in objects_below(lake):
        assert OBJECT_NAME.fullmatch(path.name), path
        keys = _keys(path.relative_to(lake))
        for line in lines_of(path):
            match = _INGEST.search(line)
            assert match is not None, line
            date = f"{keys['year']}-{keys['month']}-{keys['day']}"
            yield Found(match[1].decode(), line[: match.start()] + b"}", None, keys["event_type"], date)
    for path in objects_below(quarantine):
        assert OBJECT_NAME.fullmatch(path.name), path
        keys = _keys(path.relative_to(quarantine))
        for line in lines_of(path):
            envelope = json.loads(line)
            assert envelope["code"] == keys["reason"]
            data = base64.b64decode(envelope["payload"], validate=True)
            date = f"{keys['year']}-{keys['month']}-{keys['day']}"
            yield Found(envelope["message_id"], data, envelope["code"], None, date)


def manifest_records(lake: Path) -> list[dict]:
    """Every record of the manifest."""
    return [json.loads(line) for path in lake.glob("_control/manifest/**/*.ndjson") for line in lines_of(path)]


def _keys(path: Path) -> dict[str, str]:
    return dict(part.split("=", 1) for part in path.parts if "=" in part)
