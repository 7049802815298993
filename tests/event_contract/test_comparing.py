"""Forty changes of a contract, each told apart: does it break a producer or a reader?"""

import copy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from event_contract.comparing import Change, compare
from event_contract.generate import ROOT, unreleased
from event_contract.lock import LOCK_FILE, described, written

Fields = dict[str, Any]
TEXT = {"kind": "string", "required": False, "nullable": True, "maximum": 512, "personal": False}


def base() -> dict[str, Any]:
    """The newest version of each type as if it were the first and only one, with two optional fields to change."""
    found = {name: {"1": [*versions.values()][-1]} for name, versions in copy.deepcopy(described()).items()}
    found["order_completed"]["1"]["fields"] |= {
        "gift_note": dict(TEXT),
        "priority": {"kind": "int64", "required": False, "minimum": 0, "maximum": 9, "personal": False},
    }
    return found


def field(path: str, event_type: str = "order_completed", **changed: Any) -> Callable[[dict[str, Any]], None]:
    """Changes what is said of a field; None takes it away."""

    def change(found: dict[str, Any]) -> None:
        fields = found[event_type]["1"]["fields"]
        fields[path] = {name: value for name, value in {**fields.get(path, {}), **changed}.items() if value is not None}

    return change


def without(path: str) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        for name in [name for name in found["order_completed"]["1"]["fields"] if name.startswith(path)]:
            del found["order_completed"]["1"]["fields"][name]

    return change


def renamed(path: str, to: str) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        fields = found["order_completed"]["1"]["fields"]
        fields[to] = fields.pop(path)

    return change


def whole(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], object]:
    return change


METHODS = ["bank_transfer", "card", "gift_card", "paypal"]
BREAKING: dict[str, Callable[[dict[str, Any]], object]] = {
    "field removed": without("coupon"),
    "optional field removed": without("gift_note"),
    "list removed": without("items"),
    "field of an item removed": without("items[].category"),
    "field renamed": renamed("coupon", "coupon_code"),
    "field of an item renamed": renamed("items[].quantity", "items[].pieces"),
    "required field added": field("warehouse", kind="string", required=True, personal=False),
    "required field of an item added": field("items[].sku", kind="string", required=True, personal=False),
    "optional field required": field("gift_note", required=True),
    "null refused": field("coupon", nullable=None),
    "text becomes a number": field("coupon", kind="int64"),
    "scalar becomes a list": field("coupon", repeated=True),
    "value removed": field("payment_method", values=METHODS[1:]),
    "free text becomes a list of values": field("coupon", values=["A", "B"]),
    "pattern added": field("order_id", pattern="\\Ao-"),
    "pattern changed": field("currency", pattern="\\A(EUR|USD)\\Z"),
    "text shortened": field("order_id", maximum=32),
    "number bounded lower": field("priority", maximum=5),
    "fewer elements": field("items", most=100),
    "empty text refused": field("gift_note", minimum=1),
    "event type removed": whole(lambda found: found.pop("page_viewed")),
    "version removed": whole(lambda found: found["page_viewed"].update({"2": found["page_viewed"].pop("1")})),
    "amounts must add up": whole(lambda found: found["order_refunded"]["1"].update(adds_up=True)),
    "money becomes text for readers": field("tax", staged=None),
}
ADDITIVE: dict[str, Callable[[dict[str, Any]], object]] = {
    "nothing": whole(lambda _: None),
    "optional field added": field("gift_wrap", **TEXT),
    "optional field of an item added": field("items[].wrapping", **TEXT),
    "optional list added": field("tags", kind="string", repeated=True, required=False, personal=False),
    "required field optional": field("coupon", required=False),
    "null allowed": field("order_id", nullable=True),
    "value added": field("payment_method", values=[*METHODS, "invoice"]),
    "any value allowed": field("payment_method", values=None),
    "pattern removed": field("currency", pattern=None),
    "longer text": field("order_id", maximum=128),
    "text without limit": field("order_id", maximum=None),
    "number bounded higher": field("priority", maximum=99),
    "shorter text allowed": field("order_id", minimum=None),
    "more elements": field("items", most=1000),
    "field judged personal": field("coupon", personal=True),
    "event type added": whole(lambda found: found.update(never_released=found["page_viewed"])),
    "version added": whole(lambda found: found["page_viewed"].update({"2": found["page_viewed"]["1"]})),
    "version added that renames": whole(
        lambda found: found["page_viewed"].update(
            {"2": {"adds_up": False, "fields": {"came_from": {**TEXT, "replaces": "referrer"}}}}
        )
    ),
    "amounts need not add up": whole(lambda found: found["order_completed"]["1"].update(adds_up=False)),
    "field takes the place of another": field("gift_note", replaces="coupon"),
}


def changes(change: Callable[[dict[str, Any]], object]) -> list[Change]:
    released, wanted = base(), base()
    change(wanted)
    return compare(released, wanted)


@pytest.mark.parametrize("name", BREAKING)
def test_a_breaking_change_is_told(name: str) -> None:
    found = changes(BREAKING[name])
    assert [change for change in found if change.breaking], found


@pytest.mark.parametrize("name", ADDITIVE)
def test_an_additive_change_is_told(name: str) -> None:
    found = changes(ADDITIVE[name])
    assert not [change for change in found if change.breaking], found
    assert bool(found) == (name != "nothing")


def test_a_renamed_field_is_one_change_that_names_both() -> None:
    (found,) = changes(BREAKING["field renamed"])
    assert (found.where, found.breaking) == ("order_completed v1 coupon", True)
    assert "looks renamed to `coupon_code`" in found.words


def test_what_needs_a_full_refresh_is_said() -> None:
    assert [change.refresh for change in changes(ADDITIVE["optional field added"])] == [True]
    assert [change.refresh for change in changes(ADDITIVE["version added that renames"])] == [True]
    assert [change.refresh for change in changes(ADDITIVE["value added"])] == [False]


def test_the_lock_is_what_is_released() -> None:
    assert unreleased() == []
    assert (ROOT / LOCK_FILE).read_text(encoding="utf-8") == written(described())


def test_a_breaking_change_writes_nothing_until_it_is_accepted(tmp_path: Path) -> None:
    """In a copy of the contract: the generator refuses, names the change, and obeys when told."""
    for folder in ("event_contract", "dbt/models", "dbt/macros", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / LOCK_FILE, tmp_path)
    events = tmp_path / "event_contract/events.py"
    events.write_text(events.read_text().replace('"paypal", ', ""))
    command = [sys.executable, "-m", "event_contract.generate"]
    refused = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "BREAKING  order_completed v1 payment_method: no longer accepted: paypal" in refused.stderr
    assert (tmp_path / LOCK_FILE).read_text() == (ROOT / LOCK_FILE).read_text()
    accepted = subprocess.run(
        [*command, "--accept-breaking"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert accepted.returncode == 0, accepted.stderr
    assert "paypal" not in (tmp_path / LOCK_FILE).read_text()
