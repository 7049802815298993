"""Every field of the contract is judged: personal, pseudonymous or not personal. What nobody judged counts as personal."""

from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec
import pytest

from event_contract import EVENT_TYPES, ErrorCode, inspection
from event_contract.columns import Column, columns_of
from event_contract.inspection import judge
from lake_cli.quarantine.masking import OPEN_FIELDS


def _leaves(columns: Iterable[Column], path: str = "") -> Iterator[tuple[str, Column]]:
    for column in columns:
        yield path + column.name, column
        yield from _leaves(column.fields, f"{path}{column.name}.")


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_field_is_judged(event_type: str) -> None:
    unjudged = [path for path, column in _leaves(columns_of(EVENT_TYPES[event_type])) if column.judgement is None]
    assert not unjudged, (
        f"{event_type}: {', '.join(unjudged)}: give each Meta(extra=…) of PERSONAL, PSEUDONYMOUS or NOT_PERSONAL"
    )


def test_a_field_that_nobody_judged_is_not_open() -> None:
    class Unjudged(msgspec.Struct):
        nickname: Annotated[str, msgspec.Meta(description="Name shown to others.")]

    (column,) = columns_of(Unjudged)
    assert not column.open
    assert not column.personal


def test_what_is_masked_follows_from_the_contract() -> None:
    fields = {column.name: column for kind in EVENT_TYPES.values() for column in columns_of(kind)}
    masked = {name for name in fields if name not in OPEN_FIELDS}
    assert {name for name, column in fields.items() if column.personal} == {
        "name", "email", "address", "city", "postal_code",
    }  # fmt: skip
    assert masked == {name for name, column in fields.items() if not column.open}
    assert {"user_id", "anonymous_id", "session_id", "location"} <= masked


def test_a_failure_of_the_validator_says_where_and_quotes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(payload: bytes) -> None:
        raise RuntimeError(f"cannot read {payload!r}")

    monkeypatch.setattr(inspection, "read_object", read)
    rejection = judge(b'{"email":"zoe@example.com"}', 0)
    assert rejection.code == ErrorCode.VALIDATOR_FAILURE  # type: ignore[union-attr]
    assert "RuntimeError" in rejection.message  # type: ignore[union-attr]
    assert "test_personal_data.py:" in rejection.message  # type: ignore[union-attr]
    assert "in read; inspection.py:" in rejection.message  # type: ignore[union-attr]
    assert "zoe" not in rejection.message  # type: ignore[union-attr]
