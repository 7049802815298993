"""Local files by a glob, in the syntax that Beam's file systems have, links followed.

Beam's own `match` does not enter linked folders, passes over folders that it may not list, walks everything below the glob's
fixed part, and finds nothing by `*.ndjson` without `./`.
"""

import os
import re
import stat
from collections.abc import Iterator
from typing import Final, NamedTuple

from apache_beam.io.filesystem import FileMetadata, FileSystem

_WILDCARD: Final = re.compile(r"[*?\[]")
_ANY_DEPTH: Final = "**"


def may_be_a_name(pattern: str) -> bool:
    """Whether its only wildcards are brackets, which are common in names of downloaded files."""
    return not {"*", "?"} & set(pattern)


class Matched(NamedTuple):
    """What a glob names: files in the order of their paths, and in a sentence each what is no file or cannot be looked at."""

    files: list[FileMetadata]
    unreadable: list[str]


def fixed_folder(pattern: str) -> str:
    """The folders of a glob before its first wildcard: what all names of its files have in common."""
    wildcard = _WILDCARD.search(pattern)
    fixed = pattern[: wildcard.start()] if wildcard else pattern
    return fixed[: fixed.rfind("/") + 1]


def match_local(pattern: str) -> Matched:
    """The files of a glob. One that is the very name of a file means that file: `events [1].ndjson`.

    `**` takes any number of folders, other wildcards stay within a name. A pattern whose last part is `*` leaves folders out; one
    that says more of a name, like `*.gz`, names those that fit it as unreadable.
    """
    unreadable: list[str] = []
    folder = fixed_folder(pattern)
    rest = pattern[len(folder) :]
    if may_be_a_name(pattern) and os.path.lexists(pattern):
        paths = [pattern]
    else:
        paths = sorted(_below(folder, rest.split("/"), unreadable))
    only_files = rest.strip("*").endswith("/") or not rest.strip("*")
    files = []
    for path in paths:
        try:
            found = os.stat(path)
        except OSError as problem:
            unreadable.append(f"{path} ({problem.strerror})")
            continue
        if stat.S_ISREG(found.st_mode):
            files.append(FileMetadata(path, found.st_size, found.st_mtime))
        elif not (stat.S_ISDIR(found.st_mode) and only_files):
            unreadable.append(f"{path} ({'a folder' if stat.S_ISDIR(found.st_mode) else 'no regular file'})")
    return Matched(files, unreadable)


def _below(folder: str, parts: list[str], unreadable: list[str]) -> Iterator[str]:
    """Paths below a folder whose names fit the parts of a pattern, one after the other."""
    part, *further = parts
    if _ANY_DEPTH in part:
        fits = re.compile(FileSystem.translate_pattern("/".join(parts))).match
        yield from (path for path in _all_below(folder, unreadable, ()) if fits(path[len(folder) :]))
        return
    fits = re.compile(FileSystem.translate_pattern(part)).match
    for entry in _entries(folder, unreadable):
        if fits(entry.name) or entry.name == part:
            if not further:
                yield folder + entry.name
            elif entry.is_dir():
                yield from _below(f"{folder}{entry.name}/", further, unreadable)


def _all_below(folder: str, unreadable: list[str], above: tuple[str, ...]) -> Iterator[str]:
    """Everything below a folder; a link to a folder above it is not entered again."""
    here = os.path.realpath(folder or ".")
    if here in above:
        return
    for entry in _entries(folder, unreadable):
        yield folder + entry.name
        if entry.is_dir():
            yield from _all_below(f"{folder}{entry.name}/", unreadable, (*above, here))


def _entries(folder: str, unreadable: list[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder or ".") as entries:
            return list(entries)
    except FileNotFoundError:
        return []
    except OSError as problem:
        unreadable.append(f"{folder} ({problem.strerror})")
        return []
