"""What is generated from the contract is up to date, and says what the contract says."""

import json
from pathlib import Path

import yaml

from event_contract import DESCRIPTIONS, EVENT_TYPES, ErrorCode
from event_contract.generate import ROOT, generated_files, outdated


def test_no_generated_file_differs_from_what_the_contract_says() -> None:
    assert outdated() == [], "run `make generate`"


def test_a_changed_or_missing_file_is_noticed(tmp_path: Path) -> None:
    for path, content in generated_files().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content, encoding="utf-8")
    assert outdated(tmp_path) == []
    (tmp_path / "docs/events.md").write_text("other", encoding="utf-8")
    (tmp_path / "event_contract/schemas/bigquery/page_viewed.json").unlink()
    assert outdated(tmp_path) == ["event_contract/schemas/bigquery/page_viewed.json", "docs/events.md"]


def test_every_schema_file_belongs_to_something() -> None:
    present = {path.stem for path in (ROOT / "event_contract/schemas/bigquery").glob("*.json")}
    assert present == {*EVENT_TYPES, "quarantine", "manifest"}


def test_every_field_has_a_description() -> None:
    for event_type in EVENT_TYPES:
        for field in json.loads((ROOT / f"event_contract/schemas/bigquery/{event_type}.json").read_text()):
            assert field["description"].endswith("."), (event_type, field["name"])


def test_dbt_sources_and_bigquery_schemas_name_the_same_columns() -> None:
    sources = yaml.safe_load((ROOT / "dbt/models/staging/_sources.yml").read_text())
    for table in sources["sources"][0]["tables"]:
        schema = json.loads((ROOT / f"event_contract/schemas/bigquery/{table['name']}.json").read_text())
        fields = [field["name"] for field in schema]
        assert list(table["config"]["meta"]["duckdb"]["columns"]) == fields
        keys = {"year", "month", "day"} | ({"reason"} if table["name"] == "quarantine" else set())
        assert {column["name"] for column in table["columns"]} == {*fields, *keys}


def test_every_error_code_is_described() -> None:
    assert set(DESCRIPTIONS) == set(ErrorCode)
