"""Types of the job's options: from the text on a command line to a checked value."""

import argparse
import os
import re
from datetime import datetime
from typing import Final

from beam_pipeline.messages import micros
from event_contract.mapping import load

_SUBSCRIPTION: Final = re.compile(
    r"projects/[a-z][a-z0-9:.-]{4,61}[a-z0-9]/subscriptions/[A-Za-z][\w.~+%-]{2,254}", re.ASCII
)
_REMOTE: Final = re.compile(r"gs://[a-z0-9][a-z0-9_.-]{1,220}[a-z0-9](?:/.*)?")
_REMOTE_FILES: Final = re.compile(r"gs://[a-z0-9][a-z0-9_.-]{1,220}[a-z0-9]/.+")
_FILE_ADDRESS: Final = re.compile(r"file://(?:localhost)?(/.*)", re.IGNORECASE | re.DOTALL)
_ONE_SLASH: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/(?!/)")


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
    """A local folder or a gs:// address, without a trailing slash; `file://` is taken off, `~` is the home folder.

    Raises:
        argparse.ArgumentTypeError: it is empty or of another scheme.
    """
    path = _local_or_remote(text)
    if not path.endswith("://"):
        path = path.rstrip("/") or path[:1]
    if not path or ("://" in path and not _REMOTE.fullmatch(path)):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a writable location: give a local folder or gs://BUCKET[/FOLDER]"
        )
    return path


def input_glob(text: str) -> str:
    """A glob of local files or gs:// objects; `file://` is taken off, `~` is the home folder.

    Raises:
        argparse.ArgumentTypeError: it is empty or of another scheme.
    """
    pattern = _local_or_remote(text)
    if not pattern or ("://" in pattern and not _REMOTE_FILES.fullmatch(pattern)):
        raise argparse.ArgumentTypeError(f"{text!r} names no files: give a local path or glob, or gs://BUCKET/GLOB")
    return pattern


def _local_or_remote(text: str) -> str:
    local = _FILE_ADDRESS.fullmatch(text)
    path = local[1] if local else text
    if _ONE_SLASH.match(path) or path.lower().startswith("file:"):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a path nor an address: write gs://BUCKET/…, file:///PATH, or a path"
        )
    expanded = os.path.expanduser(path)
    if expanded.startswith("~"):
        raise argparse.ArgumentTypeError(
            f"{text!r}: there is no home folder of that user; write ./{path} for that name"
        )
    return expanded


def instant(text: str) -> int:
    """An RFC 3339 instant, as microseconds since the epoch.

    Raises:
        argparse.ArgumentTypeError: it is something else.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not an instant with its offset, like 2026-11-22T10:00:00Z")
    return micros(moment)


def positive_int(text: str) -> int:
    """A whole number above zero.

    Raises:
        argparse.ArgumentTypeError: it is something else.
    """
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)


def positive_float(text: str) -> float:
    """A number above zero, and finite.

    Raises:
        argparse.ArgumentTypeError: it is something else.
    """
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above zero")
    return number


def mappings(text: str) -> str:
    """Names of mappings of other systems' messages, separated by commas.

    Raises:
        argparse.ArgumentTypeError: there is no mapping of a name, or its file is wrong.
    """
    for name in text.split(",") if text else ():
        try:
            load(name)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
    return text
