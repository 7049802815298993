"""One quarantined message for the eye: raw and decoded, with a pointer at what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from lake_cli.quarantine.masking import masked_payload, masked_reason, masked_value, printable
from lake_cli.quarantine.reading import Refused

_OFFSETS: Final = (re.compile(r"\bat offset (\d+)"), re.compile(r"\bat byte (\d+)"))
_CONTEXT_BYTES: Final = 48
_MAX_LINES: Final = 400
_POINTER: Final = "   <-- here: "
_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


class _Pairs(list[tuple[str, Any]]):
    """An object with its keys as they were sent, repeated ones too."""


def described(refused: Refused, *, raw: bool) -> Iterator[str]:
    """Lines about a message. Without `raw`, values that may be personal are masked."""
    envelope = refused.envelope
    reason = printable(envelope.message) if raw else masked_reason(envelope.message)
    yield f"code         {envelope.code}"
    yield f"reason       {reason}"
    yield f"field        {_key(envelope.field) if envelope.field else '-'}"
    yield f"published    {envelope.publish_time}"
    yield f"message id   {printable(envelope.message_id)}"
    yield f"fingerprint  {envelope.fingerprint}"
    yield f"sent again   {refused.attempt} times" + (f", first refused as {refused.case}" if refused.attempt else "")
    yield f"refused by   version {printable(envelope.pipeline_version)}"
    for key, value in sorted(refused.attributes.items()):
        yield f"attribute    {printable(key)} = {printable(value if raw else masked_value(_open_name(key), value))}"
    yield f"object       {refused.path}"
    yield ""
    yield f"Raw, {len(refused.payload):,} bytes:"
    yield from _raw(refused, refused.payload if raw else masked_payload(refused.payload), whole=raw)
    yield ""
    yield from _decoded(refused, raw=raw)
    if not raw:
        yield ""
        yield "Values that may be personal are masked; `--raw` shows everything."


def _open_name(attribute: str) -> str | None:
    return "event_type" if attribute in ("replay_of", "replay_attempt") else attribute


def _raw(refused: Refused, content: bytes, *, whole: bool) -> Iterator[str]:
    offset = fault_offset(refused)
    first, last = 0, len(content)
    if not whole:
        middle = offset or 0
        first, last = max(0, middle - _CONTEXT_BYTES), min(len(content), middle + 2 * _CONTEXT_BYTES)
    before = "..." if first else ""
    after = "..." if last < len(content) else ""
    yield f"  {before}{_text(content[first:last])}{after}"
    if offset is not None:
        yield "  " + " " * len(before + _text(content[first:offset])) + f"^ byte {offset:,}"


def fault_offset(refused: Refused) -> int | None:
    """Offset of the byte at fault, if the reason names one."""
    for pattern in _OFFSETS:
        match = pattern.search(refused.envelope.message)
        if match and int(match[1]) <= len(refused.payload):
            return int(match[1])
    return None


def _text(content: bytes) -> str:
    return printable(content.decode("utf-8", "backslashreplace"))


def _decoded(refused: Refused, *, raw: bool) -> Iterator[str]:
    try:
        document = json.loads(refused.payload, object_pairs_hook=_Pairs)
        lines = list(_rendered(document, (), refused.envelope.field, raw=raw))
    except (ValueError, RecursionError):
        yield "Decoded: not possible."
        return
    yield "Decoded:"
    for line in lines[:_MAX_LINES]:
        yield "  " + line
    if len(lines) > _MAX_LINES:
        yield f"  ... {len(lines) - _MAX_LINES:,} more lines: `lake quarantine export` writes all"


def _rendered(value: Any, path: tuple[str | int, ...], field: str | None, *, raw: bool) -> Iterator[str]:
    steps = _steps(field)
    mark = f"{_POINTER}{_key(field or '')}" if path and path == steps else ""
    lead = "  " * len(path) + (f'"{_key(path[-1])}": ' if path and isinstance(path[-1], str) else "")
    if isinstance(value, _Pairs):
        yield f"{lead}{{{mark}"
        for key, inner in value:
            yield from _rendered(inner, (*path, key), field, raw=raw)
        if steps and steps[:-1] == path and all(key != steps[-1] for key, _ in value):
            yield "  " * (len(path) + 1) + f"{_POINTER.strip()} {_key(steps[-1])} is absent"
        yield "  " * len(path) + "}"
    elif isinstance(value, list):
        yield f"{lead}[{mark}"
        for index, inner in enumerate(value):
            yield from _rendered(inner, (*path, index), field, raw=raw)
        yield "  " * len(path) + "]"
    else:
        yield f"{lead}{_scalar(value, path, raw=raw)}{mark}"


def _scalar(value: Any, path: tuple[str | int, ...], *, raw: bool) -> str:
    text = printable(json.dumps(value, ensure_ascii=False))
    if raw or value is None or isinstance(value, bool):
        return text
    name = next((step for step in reversed(path) if isinstance(step, str)), None)
    return f'"{printable(masked_value(name, value))}"' if isinstance(value, str) else masked_value(name, text)


def _steps(field: str | None) -> tuple[str | int, ...]:
    return tuple(match[1] or int(match[2]) for match in _STEP.finditer(field or ""))


def _key(name: str | int) -> str:
    return printable(str(name))[:80]
