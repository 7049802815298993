"""Tells what two descriptions of the contract (`lock`) differ in: what is added, and what breaks somebody.

A change breaks if a message that was accepted would be refused, or if a column that readers have would go away or mean something
else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from event_contract.lock import Description

_BOUNDS: Final = (
    # key in the lock, +1 if a larger number is stricter, what it bounds
    ("minimum", 1, "lowest value or shortest text"),
    ("maximum", -1, "highest value or longest text"),
    ("least", 1, "fewest elements"),
    ("most", -1, "most elements"),
)


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        where: event type, version and field.
        words: what changed, and what follows from it.
        breaking: whether it breaks a producer or a reader.
        refresh: whether days that are built already only show it after a full refresh of the warehouse.
    """

    where: str
    words: str
    breaking: bool = False
    refresh: bool = False

    def __str__(self) -> str:
        return f"{'BREAKING' if self.breaking else 'additive'}  {self.where}: {self.words}"


def compare(released: Description, wanted: Description) -> list[Change]:
    """The changes from what is released to what is wanted."""
    return list(_types(released, wanted))


def _types(released: Description, wanted: Description) -> Iterator[Change]:
    for name in wanted.keys() - released.keys():
        yield Change(name, "a new event type")
    for name, versions in released.items():
        if name not in wanted:
            yield Change(name, "the event type is gone: its producers are refused, its table is removed", breaking=True)
            continue
        for version, content in versions.items():
            where = f"{name} v{version}"
            if version not in wanted[name]:
                yield Change(where, "the version is gone: producers that still send it are refused", breaking=True)
            else:
                yield from _version(where, content, wanted[name][version])
        newest = versions[max(versions, key=int)]
        for version in wanted[name].keys() - versions.keys():
            yield from _new_version(f"{name} v{version}", newest, wanted[name][version])


def _new_version(where: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    old, new = before["fields"], now["fields"]
    taken = {field["replaces"] for field in new.values() if "replaces" in field}
    gone = [path for path in old if path not in new and path not in taken]
    added = [path for path, field in new.items() if path not in old and "replaces" not in field]
    words = "a new version beside the one before"
    if gone:
        words += f"; rows of it have null in {', '.join(gone)}"
    if added:
        words += f"; older rows have null in {', '.join(added)}"
    yield Change(where, words, refresh=bool(taken))


def _version(where: str, released: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[Change]:
    if wanted["adds_up"] and not released["adds_up"]:
        yield Change(where, "amounts must add up now: events in which they do not are refused", breaking=True)
    if released["adds_up"] and not wanted["adds_up"]:
        yield Change(where, "amounts need not add up any more")
    old, new = released["fields"], wanted["fields"]
    gone, added = [path for path in old if path not in new], [path for path in new if path not in old]
    for path in gone:
        to = next((each for each in added if new[each] == old[path] and _parent(each) == _parent(path)), None)
        if to is not None:
            added.remove(to)
            words = f"looks renamed to `{to.rpartition('.')[2]}`: producers send the old name, readers read it"
        else:
            words = "the field is gone: readers lose the column"
        yield Change(f"{where} {path}", words, breaking=True)
    for path in added:
        if new[path]["required"] and (_parent(path) not in added):
            yield Change(f"{where} {path}", "a new required field: events without it are refused", breaking=True)
        elif not new[path]["required"]:
            yield Change(
                f"{where} {path}",
                "a new optional field; null on days that are built already, even if producers sent it before"
                " (`lake contract check-lake`)",
                refresh=True,
            )
    for path in old.keys() & new.keys():
        yield from _field(f"{where} {path}", old[path], new[path])


def _parent(path: str) -> str:
    return path.rpartition(".")[0]


def _field(where: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    if _shape(old) != _shape(new):
        yield Change(where, f"the type changes from {_shape(old)} to {_shape(new)}", breaking=True)
        return
    if old.get("staged") != new.get("staged"):
        yield Change(where, "staging makes another type of it: readers' columns change", breaking=True, refresh=True)
    if new["required"] != old["required"]:
        words = (
            "required now: events without it are refused" if new["required"] else "may be absent now; readers see null"
        )
        yield Change(where, words, breaking=new["required"])
    if new.get("nullable", False) != old.get("nullable", False):
        words = "may be null now; readers see null" if new.get("nullable") else "null is refused now"
        yield Change(where, words, breaking=not new.get("nullable"))
    yield from _values(where, old.get("values"), new.get("values"))
    if old.get("pattern") != new.get("pattern"):
        words = (
            "another pattern: what it refuses cannot be told"
            if new.get("pattern")
            else "the pattern is gone: any text is accepted"
        )
        yield Change(where, words, breaking=bool(new.get("pattern")))
    for key, direction, meaning in _BOUNDS:
        yield from _bound(where, meaning, direction, old.get(key), new.get(key))
    if old["personal"] != new["personal"]:
        yield Change(
            where, f"personal data: {old['personal']} becomes {new['personal']}; masks and tags follow", refresh=True
        )
    if old.get("replaces") != new.get("replaces"):
        yield Change(where, f"takes the place of `{new.get('replaces', 'nothing')}` in staging", refresh=True)


def _shape(field: Mapping[str, Any]) -> str:
    return f"a list of {field['kind']}" if field.get("repeated") else str(field["kind"])


def _values(where: str, old: list[Any] | None, new: list[Any] | None) -> Iterator[Change]:
    if old is None and new is not None:
        yield Change(where, f"only {len(new)} values are accepted now", breaking=True)
    elif old is not None and new is None:
        yield Change(where, "any value is accepted now")
    elif old is not None and new is not None:
        lost, more = sorted(set(old) - set(new)), sorted(set(new) - set(old))
        if lost:
            yield Change(where, f"no longer accepted: {', '.join(map(str, lost))}", breaking=True)
        if more:
            yield Change(where, f"accepted besides: {', '.join(map(str, more))}; readers that list values need them")


def _bound(where: str, meaning: str, direction: int, old: int | None, new: int | None) -> Iterator[Change]:
    if old == new:
        return
    stricter = new is not None and (old is None or direction * (new - old) > 0)
    yield Change(
        where,
        f"{meaning}: {'none' if old is None else old} becomes {'none' if new is None else new}",
        breaking=stricter,
    )
