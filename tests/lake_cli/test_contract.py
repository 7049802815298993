"""`lake contract`: what the lake holds that the contract does not know, and what it makes of a change."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta
from typer.testing import CliRunner

from event_contract import events
from event_contract.columns import columns_of
from event_contract.events import EVENT_VERSIONS, NOT_PERSONAL, PageViewed
from event_contract.generate import ROOT
from event_contract.lock import LOCK_FILE, described, written
from lake_cli.contract import adopting
from lake_cli.contract.census import Seen
from lake_cli.contract.cli import app
from lake_cli.errors import LakeError
from lake_cli.local.live import status as live_status
from tests.warehouse.lakes import Lake, arrival


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    found = Lake(tmp_path_factory.mktemp("census"))
    found.write(
        arrival("page_viewed", "2026-11-20T10:00:00Z", app_version="6.0", ratio=0.5, mixed=1),
        arrival("page_viewed", "2026-11-21T10:00:00Z", app_version="6.1", mixed="one", beta=True, retries=3),
        arrival("page_viewed", "2026-11-21T11:00:00Z"),
        arrival("order_completed", "2026-11-21T12:00:00Z"),
    )
    return found


def run(*words: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_the_census_counts_unknown_fields_and_keeps_no_value(lake: Lake) -> None:
    code, shown = run("census", "--date", "2026-11-21", "--lake-path", lake.path)
    assert code == 0
    assert "unknown  page_viewed.app_version: 50.0% of 2 lines, text, first on 2026-11-21" in shown
    kept = (lake.path / "_control/census/2026-11-21.json").read_text()
    assert json.loads(kept)["unknown"]["page_viewed"]["retries"] == {
        "lines": 1, "share": 0.5, "types": {"whole number": 1}, "first_seen": "2026-11-21",
    }  # fmt: skip
    assert "6.1" not in kept
    assert "ratio" not in kept
    shown_status = live_status.look(lake.root / "no-platform", lake.root).unknown_fields
    assert shown_status is not None
    assert (shown_status.date, shown_status.shares["page_viewed.beta"]) == ("2026-11-21", 0.5)


def test_a_lake_that_fits_is_said_to_fit(lake: Lake) -> None:
    code, shown = run("check-lake", "--lake-path", lake.path)
    assert code == 0, shown
    assert shown.endswith("4 lines read, 0 unreadable.\n")


def test_a_field_adopted_with_another_type_than_was_sent_is_found(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    class Adopted(PageViewed, tag="page_viewed", frozen=True, kw_only=True, gc=False):
        """`app_version` is a number here, and producers have been sending text."""

        app_version: Annotated[int | None, Meta(description="Version of the app.", extra=NOT_PERSONAL)] = None

    monkeypatch.setitem(EVENT_VERSIONS, "page_viewed", {1: Adopted})
    code, shown = run("check-lake", "--lake-path", lake.path)
    assert code == 1
    assert (
        "DOES NOT FIT  page_viewed.app_version: 2 of 3 lines hold text that the contract refuses (first on 2026-11-20)"
        in shown
    )


def test_a_field_is_adopted_if_every_value_fits(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "events.py"
    source.write_text((ROOT / "event_contract/events.py").read_text())
    monkeypatch.setattr(events, "__file__", str(source))
    asked = ("--personal", "no", "--description", "Version of the app.", "--lake-path", lake.path)
    for field, kind in (
        ("app_version", "Text"),
        ("beta", "bool"),
        ("retries", "Annotated[int, Meta(ge=-9223372036854775808"),
    ):
        code, shown = run("adopt", "page_viewed", field, *asked)
        assert code == 0, shown
        assert f"    {field}: Annotated[\n        {kind}" in source.read_text()
    adopted = next(
        node
        for node in ast.parse(source.read_text()).body
        if isinstance(node, ast.ClassDef) and node.name == "PageViewed"
    )
    known: dict[str, object] = {}
    exec(compile(source.read_text().replace("@event_type\n", ""), str(source), "exec", dont_inherit=True), known)  # noqa: S102
    kind = known["PageViewed"]
    assert [column.name for column in columns_of(kind)][-3:] == ["app_version", "beta", "retries"]  # type: ignore[arg-type]
    assert not any(column.required for column in columns_of(kind)[-3:])  # type: ignore[arg-type]
    assert ast.get_docstring(adopted) == "A page was shown."
    with pytest.raises(LakeError, match=r"mixed is not of one type \(1 × whole number, 1 × text\)"):
        run("adopt", "page_viewed", "mixed", *asked)
    with pytest.raises(LakeError, match=r"no line of the lake has page_viewed\.nothing"):
        run("adopt", "page_viewed", "nothing", *asked)
    with pytest.raises(LakeError, match=r"page_viewed\.ratio is a number: the contract has no field of that type"):
        run("adopt", "page_viewed", "ratio", *asked)


def test_a_text_that_is_too_long_is_not_adopted() -> None:
    seen = Seen()
    seen.add("x" * 513, "2026-11-20")
    with pytest.raises(LakeError, match="texts of up to 513 characters"):
        adopting.type_of("page_viewed", "note", seen)


def test_diff_names_what_breaks_and_ends_with_one(tmp_path: Path) -> None:
    released = described()
    released["page_viewed"]["1"]["fields"]["old"] = {"kind": "string", "required": False, "personal": False}
    del released["order_refunded"]
    lock = tmp_path / LOCK_FILE
    lock.write_text(written(released))
    code, shown = run("diff", "--against", lock)
    assert code == 1
    assert "BREAKING  page_viewed v1 old: the field is gone: readers lose the column" in shown
    assert "additive  order_refunded: a new event type" in shown
    assert run("diff", "--against", ROOT / LOCK_FILE)[0] == 0


def test_the_export_describes_every_field_of_every_type() -> None:
    code, shown = run("export")
    assert code == 0
    document = msgspec.json.decode(shown)
    assert (document["kind"], document["apiVersion"]) == ("DataContract", "v3.0.2")
    for table in document["schema"]:
        kind = events.EVENT_TYPES[table["physicalName"]]
        assert [each["name"] for each in table["properties"]] == [column.name for column in columns_of(kind)]
