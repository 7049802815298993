"""Fields that may be absent, and a version beside the one before it: proven fast, and judged alike."""

import json
from collections.abc import Callable
from random import Random
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta

from event_contract import EVENT_VERSIONS, ErrorCode, Partition, Rejection, acceptance, decode, inspection
from event_contract.columns import event_columns
from event_contract.events import NOT_PERSONAL, Event, Item, Money, PageViewed, Path, Text
from event_contract.rendering_warehouse import staging_model
from tests.samples import PUBLISH_MICROS, event, payload


def _said(description: str, **more: Any) -> Meta:
    return Meta(description=description, extra=NOT_PERSONAL | more)


class GiftItem(Item, frozen=True, kw_only=True, gc=False):
    """A line that may be wrapped."""

    wrapping: Annotated[Text | None, _said("Wrapping paper, or null.")] = None


class WithOptions(PageViewed, tag="page_viewed", frozen=True, kw_only=True, gc=False):
    """Every kind of field that may be absent."""

    title: Annotated[Text | None, _said("Title of the page.")] = None
    canonical_url: Annotated[Text, _said("Address of the page.")] = ""
    scroll_percent: Annotated[int, Meta(ge=0, le=100), _said("How far it was read.")] = 0
    price_shown: Annotated[Money | None, _said("Price on the page.")] = None
    next_path: Annotated[Path, _said("Where the visitor went.")] = "/"
    gifts: Annotated[list[GiftItem], _said("Gifts on the page.")] = []  # noqa: RUF012 - msgspec copies it
    labels: Annotated[list[Text], _said("What the page is about.")] = []  # noqa: RUF012 - msgspec copies it


class Second(Event, tag="page_viewed", frozen=True, kw_only=True, gc=False):
    """`page_type` is gone, `referrer` has another name."""

    schema_version: Annotated[Literal[2], _said("Version.")]
    page_path: Annotated[Path, _said("Path of the page.")]
    came_from: Annotated[Text | None, _said("Host, or null.", replaces="referrer")]


@pytest.fixture
def contract(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def plant(*versions: type[Event]) -> None:
        found = dict(enumerate(versions, start=1))
        monkeypatch.setitem(EVENT_VERSIONS, "page_viewed", found)
        monkeypatch.setattr(acceptance, "_decode_newest", acceptance.decoder_of({"page_viewed": found}, 0))
        monkeypatch.setattr(acceptance, "_decode_other", acceptance.decoder_of({"page_viewed": found}, 1))
        for number, version in found.items():
            monkeypatch.setitem(inspection._DECODERS, ("page_viewed", number), msgspec.json.Decoder(version))

    return plant


ITEM = {"product_id": "p", "product_name": "n", "category": "c", "quantity": 1, "unit_price": "1.00"}
OPTIONAL: dict[str, Any] = {
    "title": "Sale: everything",
    "canonical_url": "https://example.org:8080/sale",
    "scroll_percent": 80,
    "price_shown": "9.90",
    "next_path": "/cart",
    "gifts": [ITEM, {**ITEM, "wrapping": "gold"}, {**ITEM, "wrapping": None}],
    "labels": ["new: mugs", ""],
}
NULLABLE = ("title", "price_shown")
options = st.lists(st.sampled_from(sorted(OPTIONAL)), unique=True)


def check(message: bytes) -> Partition | Rejection:
    """The proof never says more than the judge."""
    judged = inspection.judge(message, PUBLISH_MICROS)
    assert acceptance.accept(message, PUBLISH_MICROS) in (None, judged)
    return judged


def test_fields_that_may_be_absent_need_no_closer_look(
    contract: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    contract(WithOptions)
    monkeypatch.setattr(acceptance, "_decode_any", None)
    nulls = {"title": None, "price_shown": None}
    for number in range(2 ** len(OPTIONAL)):
        chosen = {name: value for place, (name, value) in enumerate(OPTIONAL.items()) if number >> place & 1}
        for user_id in (None, "u: 1"):
            assert acceptance.accept(payload(event(**chosen, user_id=user_id)), PUBLISH_MICROS), chosen
        assert acceptance.accept(payload(event(**chosen | nulls)), PUBLISH_MICROS), chosen
    assert isinstance(check(payload(event(**OPTIONAL))), Partition)


def test_a_null_or_an_absent_field_makes_no_room_for_a_key_that_comes_twice(contract: Callable[..., None]) -> None:
    """As many quotes as if all were there, and yet one is not."""
    contract(WithOptions)
    texts = {name: value for name, value in OPTIONAL.items() if isinstance(value, str)}
    for missing in ({"title": None}, {}):
        start = payload(event(**{**texts, "title": None} if missing else {**texts} | {"title": "x"}))
        if not missing:
            start = start.replace(b'"title":"x",', b"").replace(b',"title":"x"', b"")
        twice = b',"scroll_percent":80' if missing else b',"device":"mobile"'
        message = start[:-1] + (twice * 2 if missing else twice) + b"}"
        assert isinstance(check(message), Rejection)
        assert acceptance.accept(message, PUBLISH_MICROS) is None


def test_a_field_that_may_be_absent_is_held_to_its_rule(contract: Callable[..., None]) -> None:
    contract(WithOptions)
    wrong = {
        "title": 5,
        "canonical_url": None,
        "scroll_percent": 101,
        "price_shown": "9.9",
        "next_path": "cart",
        "gifts": [{}],
        "labels": [None],
    }
    for name, value in wrong.items():
        judged = check(payload(event(**{name: value})))
        assert isinstance(judged, Rejection), name


_A_VALUE = {
    **{name: st.just(value) for name, value in OPTIONAL.items()},
    "title": st.sampled_from([None, "", "a:b", "x" * 513, 5]),
    "canonical_url": st.sampled_from(["", "/", None]),
    "scroll_percent": st.sampled_from([0, 101, None, "80"]),
    "price_shown": st.sampled_from([None, "9.90", "9.9", ""]),
    "gifts": st.sampled_from([[], [ITEM], [{**ITEM, "wrapping": ""}], None]),
    "labels": st.sampled_from([[], [""], ["a", "b"], [None]]),
}


_MORE = st.tuples(
    st.sampled_from([*OPTIONAL, "device", "x", "Title", "event_type"]),
    st.sampled_from([1, "a:b", "", None, [], {}, ["x"], {"title": "x"}]),
)


def test_whatever_is_there_null_empty_or_twice_the_proof_says_no_more_than_the_judge(
    contract: Callable[..., None],
) -> None:
    """Any keys in any order, some of them twice: as many quotes as if all were there may be those of something else."""
    contract(WithOptions)
    proven = 0

    @settings(max_examples=600, deadline=None)
    @given(st.fixed_dictionaries({}, optional=_A_VALUE), st.lists(_MORE, max_size=3), st.randoms(use_true_random=False))
    def draw(chosen: dict[str, object], more: list[tuple[str, object]], order: Random) -> None:
        nonlocal proven
        pairs = [*event(**chosen).items(), *more]
        order.shuffle(pairs)
        written = ",".join(f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}" for key, value in pairs)
        check(f"{{{written}}}".encode())
        proven += acceptance.accept(f"{{{written}}}".encode(), PUBLISH_MICROS) is not None

    draw()
    assert proven > 20


def test_texts_that_are_not_there_make_room_for_no_key_that_comes_twice(contract: Callable[..., None]) -> None:
    """Each set of fields that are there or null, and of what else has the quotes that are missing."""
    contract(WithOptions)
    for absent in OPTIONAL:
        others = {name: value for name, value in OPTIONAL.items() if name != absent}
        for twice in (["device"], ["scroll_percent"], ["device", "scroll_percent"], ["scroll_percent"] * 2, ["title"]):
            for document in (event(**others), event(**others, **({absent: None} if absent in NULLABLE else {}))):
                start = payload(document)[:-1].decode()
                again = "".join(f",{json.dumps(name)}:{json.dumps(document.get(name, 'x'))}" for name in twice)
                check(f"{start}{again}}}".encode())


@settings(max_examples=150, deadline=None)
@given(options, st.sampled_from(["title", "device", "gifts", "x", "title:"]), st.sampled_from([1, "a:b", None, "/x"]))
def test_a_key_that_comes_twice_never_hides_behind_absent_fields(chosen: list[str], key: str, value: object) -> None:
    with pytest.MonkeyPatch.context() as patch:
        contract.__wrapped__(patch)(WithOptions)  # type: ignore[attr-defined]
        start = payload(event(**{name: OPTIONAL[name] for name in chosen}))[:-1]
        message = start + b"," + json.dumps(key).encode() + b":" + json.dumps(value).encode() + b"}"
        judged = check(message)
        if key in (*chosen, "device"):
            assert isinstance(judged, Rejection)
            assert judged.code == ErrorCode.DUPLICATE_KEY


@pytest.mark.parametrize("versions", [(PageViewed,), (PageViewed, Second)])
@pytest.mark.parametrize("named", [{}, {"x": "y"}, {"event_type": ""}, {"event_type": None}])
def test_an_event_without_a_name_is_not_taken_for_the_only_type_there_is(
    contract: Callable[..., None], versions: tuple[type[Event], ...], named: dict[str, object]
) -> None:
    contract(*versions)
    for document in (event(), {**event(), "schema_version": 2, "came_from": "example.org"}):
        del document["event_type"]
        assert isinstance(check(payload(document | named)), Rejection)


@pytest.fixture
def both(contract: Callable[..., None]) -> None:
    contract(PageViewed, Second)


@pytest.mark.usefixtures("both")
def test_a_type_has_two_versions_side_by_side() -> None:
    first = payload(event())
    second = event(schema_version=2, came_from="example.org")
    del second["referrer"], second["page_type"]
    for message, version in ((first, PageViewed), (payload(second), Second)):
        assert acceptance.accept(message, PUBLISH_MICROS) == inspection.judge(message, PUBLISH_MICROS)
        assert type(decode(message)) is version


@pytest.mark.usefixtures("both")
def test_a_message_without_a_version_is_of_the_first() -> None:
    unversioned = event()
    del unversioned["schema_version"]
    assert acceptance.accept(payload(unversioned), PUBLISH_MICROS)
    assert type(decode(payload(unversioned))) is PageViewed
    unversioned["came_from"] = None
    del unversioned["referrer"]
    judged = check(payload(unversioned))
    assert isinstance(judged, Rejection)
    assert (judged.code, judged.field) == (ErrorCode.MISSING_FIELD, "referrer")


@pytest.mark.usefixtures("both")
def test_a_version_that_is_neither_is_named() -> None:
    judged = check(payload(event(schema_version=3)))
    assert isinstance(judged, Rejection)
    assert judged.message == "page_viewed has no version 3; known: 1, 2"


@pytest.mark.usefixtures("both")
def test_staging_makes_one_column_of_a_field_that_was_renamed() -> None:
    names = [column.name for column in event_columns("page_viewed")]
    assert [name for name in names if name in ("page_path", "came_from", "page_type", "referrer")] == [
        "page_path", "came_from", "page_type", "referrer",
    ]  # fmt: skip
    model = staging_model("page_viewed")
    selected = [line.strip().removesuffix(",") for line in model.splitlines()]
    assert "coalesce(source.came_from, source.referrer) as came_from" in selected
    assert "page_type" in selected
    assert "coalesce(source.came_from, source.referrer) as referrer" in selected, "readers of the old name read all"


def test_one_name_is_one_column_in_both_versions(contract: Callable[..., None]) -> None:
    class Retyped(Second, tag="page_viewed", frozen=True, kw_only=True, gc=False):
        """`page_type` is a number now."""

        page_type: Annotated[int, _said("Kind of page.")]

    contract(PageViewed, Retyped)
    with pytest.raises(ValueError, match="`page_type` is string in one version and int64 in the next"):
        event_columns("page_viewed")
