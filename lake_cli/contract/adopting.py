"""Writes a field that producers already send into the class of its event type, if every value seen fits one type."""

from __future__ import annotations

import ast
import json
from typing import Final

from event_contract.limits import MAX_TEXT_CHARACTERS
from lake_cli.contract.census import Seen
from lake_cli.errors import LakeError

JUDGEMENTS: Final = {"yes": "PERSONAL", "pseudonymous": "PSEUDONYMOUS", "no": "NOT_PERSONAL"}
_LARGE: Final = 1 << 63


def type_of(event_type: str, name: str, seen: Seen | None) -> str:
    """The type of the contract, as source, that takes every value seen of a field.

    Raises:
        LakeError: none does; the text says what was seen.
    """
    where = f"{event_type}.{name}"
    if seen is None:
        raise LakeError(
            f"no line of the lake has {where}: look with `lake contract census`, or write the field by hand"
        )
    kinds = set(seen.types) - {"null"}
    if len(kinds) != 1:
        counted = ", ".join(f"{count} × {kind}" for kind, count in seen.types.most_common())
        raise LakeError(f"{where} is not of one type ({counted}): no field takes every value; ask its producer")
    (kind,) = kinds
    if kind == "text":
        if seen.longest > MAX_TEXT_CHARACTERS:
            raise LakeError(
                f"{where} has texts of up to {seen.longest} characters, and Text takes {MAX_TEXT_CHARACTERS}"
            )
        return "Text"
    if kind == "true or false":
        return "bool"
    if kind == "whole number":
        if not -_LARGE <= seen.lowest <= seen.highest < _LARGE:
            raise LakeError(
                f"{where} has numbers beyond 64 bits: no column takes them; adopt it as text in a new version"
            )
        return f"Annotated[int, Meta(ge={-_LARGE}, le={_LARGE - 1})]"
    raise LakeError(f"{where} is a {kind}: the contract has no field of that type; write one by hand")


def with_field(source: str, event_type: str, name: str, kind: str, description: str, personal: str) -> str:
    """The source of `events.py` with an optional field at the end of the newest class of an event type.

    Raises:
        LakeError: no class has this type as its tag.
    """
    classes = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef)
        and any(
            word.arg == "tag" and isinstance(word.value, ast.Constant) and word.value.value == event_type
            for word in node.keywords
        )
    ]
    if not classes:
        raise LakeError(f"no class in event_contract/events.py has tag={event_type!r}")
    last = max(node.end_lineno or 0 for node in classes[-1].body)
    said = f"description={json.dumps(description, ensure_ascii=False)}, extra={JUDGEMENTS[personal]}"
    lines = source.split("\n")
    blank = [""] if len(classes[-1].body) == 1 else []
    lines[last:last] = [
        *blank,
        f"    {name}: Annotated[",
        f"        {kind} | None,",
        f"        Meta({said}),",
        "    ] = None",
    ]
    return "\n".join(lines)
