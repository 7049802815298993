"""The data map: where each field of personal data comes to lie, for how long, and what erases it. Generated, for people."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from event_contract.columns import Column, event_columns
from event_contract.events import EVENT_TYPES


class Place(NamedTuple):
    """Where data comes to lie: which, for how long, and what takes a person out of it before that."""

    name: str
    holds: str
    stays: str
    erased_by: str


PLACES: Final = (
    Place("Topic and subscriptions", "whole messages", "7 days", "time: Pub/Sub cannot delete one message"),
    Place(
        "Job's state (Dataflow)", "messages not written yet", "a minute; `--max_object_age_seconds`", "being written"
    ),
    Place("Lake, `event_type=…/`", "whole messages, with Pub/Sub's id", "for ever", "`lake erase`"),
    Place(
        "Quarantine, `failed/`",
        "whole messages, in base64, broken ones too",
        "`quarantine_retention_days`, 365 by default",
        "`lake erase`",
    ),
    Place("Lake, `_candidate/`, of a release that is tried out", "whole messages", "14 days", "time"),
    Place(
        "Buckets' older versions of both", "what was overwritten or deleted", "30 days, restorable for 7 more", "time"
    ),
    Place(
        "Manifest, watermark, audits, ledgers, `_control/`",
        "names, counts and sums; no field",
        "for ever",
        "nothing to erase",
    ),
    Place(
        "Receipts, `_control/erasures/`",
        "HMAC of erased ids; of erased messages Pub/Sub's id, time and hash",
        "for ever: they are standing orders",
        "deleting the salt makes them mute, and useless",
    ),
    Place("Warehouse on DuckDB", "the tables below", "as long as the lake", "`lake erase`; counts by the next build"),
    Place("Warehouse on BigQuery", "the tables below", "as long as the lake", "the next build, after `lake erase`"),
    Place("BigQuery's time travel", "what a build replaced", "7 days", "time"),
    Place(
        "Report page", "sums; product and campaign names", "until the next page", "`lake erase`, which makes it again"
    ),
    Place(
        "Logs and metrics",
        "reason codes, fields' names, counts; no values",
        "Cloud Logging's 30 days",
        "nothing to erase",
    ),
    Place(
        "Files that a person made",
        "`lake quarantine export`, `lake produce --truth`, copies of a lake",
        "until deleted",
        "whoever made them",
    ),
)

TABLES: Final = {
    "int_registrations": ("user_id", "name", "email", "address", "city", "postal_code"),
    "dim_customers": ("user_id", "name", "email", "address", "city", "postal_code", "location"),
    "int_customer_daily": ("user_id", "location"),
    "int_events": ("user_id", "anonymous_id", "session_id", "location"),
    "fct_ad_clicks": ("user_id", "anonymous_id", "session_id", "location"),
    "fct_cart_events": ("user_id", "anonymous_id", "session_id", "location"),
    "fct_orders": ("user_id", "anonymous_id", "session_id", "location"),
    "fct_refunds": ("user_id", "location"),
    "fct_sessions": ("user_id", "anonymous_id", "session_id", "location"),
    "rpt_customer_lifetime_value": ("user_id",),
}
"""Tables with a row of one person, and which of the contract's fields they keep. A test compares it with dbt's models."""

_HEAD: Final = """\
<!-- Generated from event_contract by `make generate`: change event_contract, not this file. -->
# Data map

Which fields say something about a person, where they come to lie, how long they stay, and what erases them. How erasing works:
[lifecycle.md](lifecycle.md#erase). Who may read which place: [iam.md](iam.md).

## Fields

Each field of the contract is judged where it is declared (`event_contract/events.py`). **Personal**: it names or describes a
person by itself; dbt tags its columns `personal_data`, with a policy tag on BigQuery. **Pseudonymous**: it points at a person to
whoever holds the other end. What nobody has judged, and every field that the contract does not know, counts as personal:
`lake quarantine show` masks it.

| Field | Judged | In events |
|---|---|---|
"""

_UNKNOWN: Final = """\
| any field that the contract does not know | not judged: as personal | any; in the lake as sent, in no table of the warehouse |
| attributes and ordering key of a message | not judged: as personal | any; in quarantine, and in the lake if the job keeps them |
| the whole of a refused message | not judged: as personal | quarantine |
"""


def data_map() -> str:
    """The page as Markdown."""
    return _HEAD + "".join(f"{line}\n" for line in _lines())


def judged() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Fields that are personal, pseudonymous or not judged, nested ones by path: the judgement, and the types that have them."""
    found: dict[str, tuple[str, list[str]]] = {}
    for event_type in EVENT_TYPES:
        for path, column in _paths(event_columns(event_type)):
            if not column.open and path != "event_type" and not path.startswith("_ingest") and not column.fields:
                word = "personal" if column.personal else str(column.judgement or "not judged: as personal")
                found.setdefault(path, (word, []))[1].append(event_type)
    return {path: (word, tuple(types)) for path, (word, types) in found.items()}


def _paths(columns: Iterable[Column], parent: str = "") -> Iterator[tuple[str, Column]]:
    for column in columns:
        yield parent + column.name, column
        yield from _paths(column.fields, f"{parent}{column.name}.")


def _lines() -> Iterator[str]:
    for path, (word, types) in sorted(judged().items(), key=lambda each: (each[1][0], each[0])):
        where = "all" if len(types) == len(EVENT_TYPES) else ", ".join(f"`{each}`" for each in types)
        yield f"| `{path}` | {word} | {where} |"
    yield _UNKNOWN.rstrip("\n")
    yield "\n## Places\n"
    yield "| Place | Holds | Stays | Erased by |\n|---|---|---|---|"
    for place in PLACES:
        yield f"| {place.name} | {place.holds} | {place.stays} | {place.erased_by} |"
    yield "\n## Tables of the warehouse\n"
    yield "All other tables hold sums over many people, or things. Staging's views read the lake when asked, and keep nothing."
    yield "`location` is the tables' `country_code`.\n"
    yield "| Table | Personal | Pseudonymous |\n|---|---|---|"
    words = {path: word for path, (word, _) in judged().items()}
    for table, fields in TABLES.items():
        kinds = {
            kind: ", ".join(f"`{each}`" for each in fields if words[each] == kind)
            for kind in ("personal", "pseudonymous")
        }
        yield f"| `{table}` | {kinds['personal'] or '–'} | {kinds['pseudonymous'] or '–'} |"
