"""Says what is wrong with an event that its type refuses, for a person: the value, the rule in words, what would be right.

msgspec stops at the first fault and knows no words for a pattern. Whether a value is right is still decided by msgspec alone,
field by field; what the field is held to is read from its column. A value is shown only if the contract judges its field to say
nothing about a person; of any other, its kind and length.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec

from event_contract.columns import Column, columns_of
from event_contract.errors import ErrorCode, Rejection, reject

_NAMED_TOGETHER: Final = 3
_VALUES_LISTED: Final = 12
_CHARACTERS_SHOWN: Final = 40
_KINDS: Final = {"string": "text", "int64": "a whole number", "bool": "true or false", "record": "an object"}
_JSON_KINDS: Final = {
    str: "text", int: "a number", float: "a number", bool: "true or false", dict: "an object", list: "a list", type(None): "null",
}  # fmt: skip
_WRONG_TYPE: Final = re.compile(r"Expected `[^`]+`, got ")


class Fault(NamedTuple):
    """One field that is wrong."""

    code: ErrorCode
    field: str
    words: str


def explain(document: Mapping[str, Any], kind: type[msgspec.Struct]) -> Rejection | None:
    """The rejection of an event with the faults of its fields, up to three of them in words; None if no field has one."""
    found = list(_faults(document, kind, ""))
    if not found:
        return None
    words = "; ".join(fault.words for fault in found[:_NAMED_TOGETHER])
    more = len(found) - _NAMED_TOGETHER
    return reject(found[0].code, words + (f"; and {more} more" if more > 0 else ""), found[0].field)


def _faults(document: Mapping[str, Any], kind: type[msgspec.Struct], path: str) -> Iterator[Fault]:
    for column, field, alone, inner in _fields(kind):
        where = path + column.name
        if column.name not in document:
            if field.required:
                yield Fault(ErrorCode.MISSING_FIELD, where, _missing(where, column.name, document))
            continue
        value = document[column.name]
        try:
            msgspec.convert({"value": value}, alone)
        except msgspec.ValidationError as error:
            nested = value if isinstance(value, list) else [value]
            deeper = [
                fault
                for place, each in enumerate(nested)
                if inner is not None and isinstance(each, dict) and isinstance(value, list) == column.repeated
                for fault in _faults(each, inner, f"{where}[{place}]." if column.repeated else f"{where}.")
            ]
            yield from deeper
            if not deeper:
                is_type = _WRONG_TYPE.match(str(error)) is not None
                code = ErrorCode.WRONG_TYPE if is_type else ErrorCode.INVALID_VALUE
                yield Fault(
                    code, where, f"`{where}` is {_shown(value, column)}; {_needed(value, column, is_type=is_type)}"
                )


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[tuple[Column, Any, type[msgspec.Struct], Any], ...]:
    """Of each field its column, itself, an object that has it alone, and the type of the objects in it, if it holds any.

    What an object's fields are, msgspec finds out once; what a field's type says, at every conversion, for some 15 microseconds.
    """
    info = msgspec.inspect.type_info(kind)
    assert isinstance(info, msgspec.inspect.StructType)  # noqa: S101 - narrows for the type checker
    return tuple(
        (column, field, msgspec.defstruct("_Alone", [("value", field.type)]), _struct_in(described.type))
        for column, field, described in zip(columns_of(kind), msgspec.structs.fields(kind), info.fields, strict=True)
    )


def _struct_in(found: Any) -> Any:
    while isinstance(found, msgspec.inspect.Metadata | msgspec.inspect.ListType | msgspec.inspect.UnionType):
        if isinstance(found, msgspec.inspect.UnionType):
            found = next((each for each in found.types if not isinstance(each, msgspec.inspect.NoneType)), None)
        else:
            found = found.type if isinstance(found, msgspec.inspect.Metadata) else found.item_type
    return found.cls if isinstance(found, msgspec.inspect.StructType) else None


def _missing(where: str, name: str, document: Mapping[str, Any]) -> str:
    """A field is not there; another key may be what was meant."""
    meant = next((key for key in document if _folded(key) == _folded(name)), None)
    return f"required field `{where}` is absent" + (f"; the message has `{meant}`: write `{name}`" if meant else "")


def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _shown(value: Any, column: Column) -> str:
    kind = _JSON_KINDS[type(value)]
    if isinstance(value, dict | list):
        return f"{kind} of {len(value)}"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if not (column.open or column.values):
        return f"text of {len(value)} characters" if isinstance(value, str) else kind
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _CHARACTERS_SHOWN else f"{text[:_CHARACTERS_SHOWN]}…"


def _needed(value: Any, column: Column, *, is_type: bool) -> str:
    """What the field must be, in words, with the value that was probably meant, or an example."""
    null = " or null" if column.nullable else ""
    if column.repeated:
        if is_type:
            return f"needed: a list{null}"
        return f"allowed: {column.least or 0} to {column.most} elements"
    if column.values:
        few = len(column.values) <= _VALUES_LISTED
        listed = ", ".join(map(str, column.values if few else column.values[:3]))
        listed = listed if few else f"{len(column.values)} codes such as {listed}"
        meant = next((each for each in column.values if str(each).lower() == str(value).strip().lower()), None)
        return f"allowed: {listed}{null}{f'; write {meant}' if meant is not None else ''}"
    kind = _KINDS.get(column.kind, "text")
    rule = column.rule if column.rule not in ("", "text", "integer", "true or false") else ""
    example = f', such as "{column.examples[0]}"' if column.examples and column.kind == "string" and column.open else ""
    if is_type:
        return f"needed: {kind}{f' ({rule}{example})' if rule else example}{null}"
    return f"allowed: {rule or kind}{example}{null}"
