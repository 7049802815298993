"""What dbt builds of each event type: its staging model, and its columns in `int_events`."""

import inspect
import json
from collections.abc import Iterable, Iterator
from typing import Final

from event_contract.columns import Column, columns_of, own_columns
from event_contract.events import EVENT_TYPES, Event

STAGING_FOLDER: Final = "dbt/models/staging/events"

_GENERATED: Final = "Generated from event_contract by `make generate`: change the contract, not this file."
_SQL_TYPES: Final = {"string": "string", "int64": "int64", "bool": "bool"}


def staging_model(event_type: str) -> str:
    """The staging view of a type: typed, one row per event, its versions as one."""
    columns = own_columns(event_type)
    selected = "".join(f",\n        {_staged(column, columns)}" for column in columns)
    return f"""\
{{#- {_GENERATED} -#}}
with source as (

    select *, lower(event_id) as claimed_id, {{{{ payload_hash('event') }}}} as payload
    from {{{{ source('lake', '{event_type}') }}}} as event

),

renamed as (

    select
        {{{{ event_envelope() }}}}{selected}
    from source
    where event_id is not null and {{{{ in_snapshot('_ingest.publish_time') }}}}
    qualify {{{{ is_first_copy() }}}}

)

select * from renamed
"""  # noqa: S608 - a name of the contract


def staging_descriptions() -> str:
    """The YAML of the staging models: what each type and column is."""
    return "\n".join(_staging_lines()) + "\n"


def event_types_macro() -> str:
    """A dbt macro that gives each type's own columns in `int_events`, by name, with their SQL type."""
    types = "".join(
        f"        '{event_type}': {{{', '.join(f'{name!r}: {kind!r}' for name, kind in _shared(event_type).items())}}},\n"
        for event_type in EVENT_TYPES
    )
    return f"""\
{{#-
    {_GENERATED}
    Every event type, with its own columns in int_events and their types: scalars that hold no personal data.
-#}}
{{% macro event_types() %}}
    {{{{- return({{
{types}    }}) -}}}}
{{% endmacro %}}
"""


def int_events_description() -> str:
    """The YAML of `int_events`."""
    return "\n".join(_int_events_lines()) + "\n"


def _staged(column: Column, columns: Iterable[Column]) -> str:
    """A column of a staging model. A field and the one that it replaces have the same values: the newer's, else the older's."""
    newer = column if column.replaces else next((each for each in columns if each.replaces == column.name), None)
    value = f"coalesce(source.{newer.name}, source.{newer.replaces})" if newer else column.name
    if column.staged == "money":
        return f"{{{{ money_from_text('{value}') }}}} as {column.name}"
    return f"{value} as {column.name}" if newer else column.name


def _shared(event_type: str) -> dict[str, str]:
    """The columns that a type has in `int_events`."""
    return {
        column.name: "numeric(29, 2)" if column.staged == "money" else _SQL_TYPES[column.kind]
        for column in own_columns(event_type)
        if not column.fields and not column.repeated and not column.personal and column.judgement is not None
    }


def check_shared_columns() -> None:
    """One name is one column of `int_events`, so it must mean the same in every type.

    Raises:
        ValueError: it has two SQL types.
    """
    seen: dict[str, tuple[str, str]] = {}
    for event_type in EVENT_TYPES:
        for name, kind in _shared(event_type).items():
            first, known = seen.setdefault(name, (event_type, kind))
            if known != kind:
                raise ValueError(
                    f"`{name}` is {known} in {first} and {kind} in {event_type}, and int_events has one column of a name: give"
                    " one of them another name"
                )


def _staging_lines() -> Iterator[str]:
    yield f"# {_GENERATED}"
    yield "models:"
    for event_type, kind in EVENT_TYPES.items():
        yield f"  - name: stg_{event_type}"
        yield f"    description: {_quoted(f'{inspect.getdoc(kind)} One row per event_id and day.')}"
        yield "    columns:"
        for name, description in (
            *_ENVELOPE.items(),
            *((each.name, each.description) for each in own_columns(event_type)),
        ):
            yield f"      - {{name: {name}, description: {_quoted(description)}}}"


def _int_events_lines() -> Iterator[str]:
    described = {
        column.name: column.description
        for event_type in reversed(EVENT_TYPES)
        for column in own_columns(event_type)
        if column.name in _shared(event_type)
    }
    order = {name: None for event_type in EVENT_TYPES for name in _shared(event_type)}
    devices = next(column for column in columns_of(Event) if column.name == "device").values
    yield f"# {_GENERATED}"
    yield f"""\
models:
  - name: int_events
    description: >-
      Grain: one row per event, all types together. The only model that reads most of the lake; columns of a type
      are null for the others. No personal data. Partitioned by event_date.
    data_tests:
      - primary_key:
          arguments:
            columns: [event_date, event_id, event_type]
      - holds:
          name: event_date_is_the_utc_date_of_event_at
          arguments:
            expression: "event_date = cast(event_at as date) and published_at is not null and copies >= 1"
    columns:
      - name: event_type
        description: "Type of event."
      - name: anonymous_id
        description: {_quoted(_ENVELOPE["anonymous_id"])}
        data_tests:
          - not_null
      - name: session_id
        description: {_quoted(_ENVELOPE["session_id"])}
        data_tests:
          - not_null
      - name: device
        description: {_quoted(_ENVELOPE["device"])}
        data_tests:
          - accepted_values:
              arguments:
                values: [{", ".join(map(str, devices))}]"""
    tested = {"anonymous_id", "session_id", "device"}
    envelope = ("event_date", "event_id", "event_at", "published_at", "copies", "user_id", "country_code")
    for name, description in (
        *((each, _ENVELOPE[each]) for each in envelope),
        *((each, described[each]) for each in order),
    ):
        if name not in tested:
            yield f"      - name: {name}"
            yield f"        description: {_quoted(description)}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_OF_CONTRACT: Final = {column.name: column.description for column in columns_of(Event)}
# The columns of the macro event_envelope.
_ENVELOPE: Final = {
    "event_id": "The event, lower-case UUID; with `#` and a hash if another event of the type and day has the same.",
    "event_date": "UTC date of the event; the partition.",
    "event_at": "Instant of the event, UTC, by the device's clock.",
    "published_at": "When its first copy was published, UTC.",
    "message_id": "Pub/Sub's id of that message, or FILE:LINE.",
    **{name: _OF_CONTRACT[name] for name in ("schema_version", "user_id", "anonymous_id", "session_id", "device")},
    "country_code": _OF_CONTRACT["location"],
    "copies": "Rows of the lake with this event on this day: it and what was delivered again.",
}
