"""Whatever the bytes: an answer, the same answer again, and no path that a message could choose."""

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from event_contract import EVENT_TYPES, ErrorCode, Partition, Rejection, inspect
from event_contract.acceptance import accept
from event_contract.inspection import judge
from tests.samples import PUBLISH_MICROS, event, payload

PATH = re.compile(rf"event_type=({'|'.join(EVENT_TYPES)})/year=\d{{4}}/month=\d\d/day=\d\d")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
events = st.builds(event, st.sampled_from(list(EVENT_TYPES)))


@st.composite
def mutated_events(draw: st.DrawFn) -> bytes:
    """A valid event with one field replaced, one dropped, or its bytes damaged."""
    document = draw(events)
    how = draw(st.sampled_from(["replace", "drop", "add", "cut", "flip", "insert"]))
    if how == "replace":
        document[draw(st.sampled_from(sorted(document)))] = draw(json_values)
    elif how == "drop":
        del document[draw(st.sampled_from(sorted(document)))]
    elif how == "add":
        document[draw(st.text())] = draw(json_values)
    message = json.dumps(document, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    place = draw(st.integers(0, len(message) - 1))
    if how == "cut":
        return message[:place]
    if how == "flip":
        return message[:place] + bytes([message[place] ^ draw(st.integers(1, 255))]) + message[place + 1 :]
    if how == "insert":
        return message[:place] + draw(st.binary(max_size=8)) + message[place:]
    return message


def check(message: bytes) -> None:
    verdict = inspect(message, PUBLISH_MICROS)
    assert verdict == inspect(message, PUBLISH_MICROS)
    assert accept(message, PUBLISH_MICROS) in (None, judge(message, PUBLISH_MICROS)), "the proof accepts what is wrong"
    if isinstance(verdict, Rejection):
        assert verdict.code is not ErrorCode.VALIDATOR_FAILURE
        assert len(verdict.message) <= 400
        verdict.message.encode()
    else:
        assert PATH.fullmatch(verdict.path)
        read_again = json.loads(message)
        assert read_again["event_type"] == verdict.event_type
        assert len(message) <= 262_144


@settings(max_examples=2500, deadline=None)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_get_an_answer(message: bytes) -> None:
    check(message)


@settings(max_examples=3000, deadline=None)
@given(mutated_events())
def test_mutated_events_get_an_answer(message: bytes) -> None:
    check(message)


@settings(max_examples=500, deadline=None)
@given(json_values)
def test_any_json_gets_an_answer(value: object) -> None:
    check(json.dumps(value).encode("utf-8", "surrogatepass"))


@settings(max_examples=300, deadline=None)
@given(events, st.text(), json_values)
def test_an_accepted_message_has_no_key_twice_and_parses_everywhere(document: dict, key: str, value: object) -> None:
    """The cheap proof (counting colons) may never let a second copy of a key pass."""
    message = payload(document)[:-1]
    for name in ("device", "timestamp", "event_type"):
        doubled = message + b"," + json.dumps(name).encode() + b":" + json.dumps(document[name]).encode() + b"}"
        assert isinstance(inspect(doubled, PUBLISH_MICROS), Rejection)
    extended = message + b"," + json.dumps(key).encode() + b":" + json.dumps(value).encode() + b"}"
    verdict = inspect(extended, PUBLISH_MICROS)
    if isinstance(verdict, Partition):
        pairs = json.JSONDecoder(object_pairs_hook=lambda found: found).decode(extended.decode())
        assert len({name for name, _ in pairs}) == len(pairs)
