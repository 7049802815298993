"""The data map names every place that it must: compared with dbt's models and with what Terraform keeps."""

import re
from pathlib import Path

import yaml

from event_contract import EVENT_TYPES
from event_contract.rendering_data_map import PLACES, TABLES, data_map, judged

ROOT = Path(__file__).parents[2]
PERSONS = {"user_id", "anonymous_id", "session_id"}


def test_every_table_with_a_row_of_one_person_is_on_the_map_with_its_fields() -> None:
    found = {}
    for file in sorted(ROOT.glob("dbt/models/*/*.yml")):
        for model in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("models", []):
            names = {{"country_code": "location"}.get(each["name"], each["name"]) for each in model.get("columns", [])}
            tags = {each["name"]: each.get("config", {}).get("tags", []) for each in model.get("columns", [])}
            tagged = {name for name, its in tags.items() if "personal_data" in its}
            assert tagged <= names & judged().keys()
            if names & PERSONS:
                found[model["name"]] = names & judged().keys()
    assert {table: set(fields) for table, fields in TABLES.items()} == found


def test_every_judged_field_is_on_the_page_and_open_ones_are_not() -> None:
    page = data_map()
    assert judged()["email"] == ("personal", ("user_registered",))
    assert judged()["anonymous_id"] == ("pseudonymous", tuple(EVENT_TYPES))
    assert all(f"| `{path}` | {word} |" in page for path, (word, _) in judged().items())
    assert "| `currency` |" not in page


def test_the_days_are_those_that_terraform_keeps() -> None:
    lake = (ROOT / "terraform/modules/lake/main.tf").read_text(encoding="utf-8")
    days = {
        "older versions": re.search(r"versioned \? \[(\d+)\]", lake),
        "restorable": re.search(r"lake +=.*soft_delete_days = (\d+)", lake),
        "quarantine": re.search(
            r'"quarantine_retention_days".*?default += (\d+)',
            (ROOT / "terraform/variables.tf").read_text("utf-8"),
            re.DOTALL,
        ),
        "topic": re.search(
            r'seven_days += "(\d+)s"', (ROOT / "terraform/modules/messaging/main.tf").read_text("utf-8")
        ),
    }
    assert all(days.values()), days
    older, restorable, quarantine, topic = (int(found[1]) for found in days.values() if found)
    stays = {place.name.split(",")[0].split(" ")[0]: place.stays for place in PLACES}
    assert stays["Buckets'"] == f"{older} days, restorable for {restorable} more"
    assert stays["Quarantine"] == f"`quarantine_retention_days`, {quarantine} by default"
    assert stays["Topic"] == f"{topic // 86_400} days"
