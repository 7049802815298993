"""A type is registered once; what would break a table or a reader is refused when the contract is imported."""

import json
import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta

from event_contract import EVENT_TYPES, EVENT_VERSIONS, accept, decode, judge, registry
from event_contract.columns import columns_of
from event_contract.events import NOT_PERSONAL, Event, Text
from event_contract.examples import example
from event_contract.generate import ROOT
from event_contract.registry import event_type, registered_versions
from tests.samples import PUBLISH_MICROS, payload

VERSIONS = [(name, version) for name, versions in EVENT_VERSIONS.items() for version in versions]


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", {name: dict(found) for name, found in EVENT_VERSIONS.items()})


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_the_example_of_a_type_is_a_valid_event_with_every_field(name: str, version: int) -> None:
    shown = example(name, version)
    message = payload(shown)
    assert accept(message, PUBLISH_MICROS) == judge(message, PUBLISH_MICROS)
    assert type(decode(message)) is EVENT_VERSIONS[name][version]
    assert set(shown) == {column.name for column in columns_of(EVENT_VERSIONS[name][version])} | {"event_type"}


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_a_mart_or_a_report_reads_every_type(name: str) -> None:
    """`int_events` and the data quality report have every type by themselves; nobody reads its fields by that."""
    models = [
        path
        for folder in ("intermediate", "marts", "reporting")
        for path in Path(ROOT, "dbt/models", folder).glob("*.sql")
    ]
    assert any(re.search(rf"\b(stg_)?{name}\b", path.read_text()) for path in models), (
        f"{name}: no model reads it yet. Next: write a report over stg_{name} or int_events, with its YAML and an exposure"
        " (docs/your-own-events.md). Until then its events land, are staged, and are counted in rpt_data_quality"
    )


def test_a_version_is_registered_once() -> None:
    with pytest.raises(ValueError, match="page_viewed has a version 1 already"):

        @event_type
        class Again(Event, tag="page_viewed", frozen=True, kw_only=True, gc=False):
            """Twice."""


@pytest.mark.parametrize("name", ["order", "year", "copies", "Total"])
def test_a_field_has_a_name_that_a_column_can_have(name: str) -> None:
    fields = {"__annotations__": {name: Annotated[Text, Meta(description="A text.", extra=NOT_PERSONAL)]}}
    kind = type(Event)("Wrong", (Event,), fields, tag="something_new", frozen=True, kw_only=True, gc=False)
    with pytest.raises(ValueError, match=f"no column can be named '{name}'"):
        event_type(kind)


def test_a_type_keeps_the_version_before_the_newest_and_no_other() -> None:
    @event_type
    class Third(Event, tag="page_viewed", frozen=True, kw_only=True, gc=False):
        """Leaves out the second."""

        schema_version: Annotated[Literal[3], Meta(description="Version.", extra=NOT_PERSONAL)]

    with pytest.raises(ValueError, match="page_viewed has the versions 1, 3"):
        registered_versions()


def test_the_reference_page_shows_the_examples() -> None:
    page = (ROOT / "docs/events.md").read_text(encoding="utf-8")
    for name, version in VERSIONS:
        assert json.dumps(example(name, version), indent=2, ensure_ascii=False) in page
