"""Objects appear whole or not at all; transient faults are tried again, others are told at once."""

import errno
import os
import threading
from pathlib import Path

import pytest

from beam_pipeline import storage


def test_an_object_is_stored_below_its_root_and_replaced_by_its_name(tmp_path: Path) -> None:
    storage.store(str(tmp_path), "a=1/b=2/x.ndjson", b"first")
    storage.store(str(tmp_path), "a=1/b=2/x.ndjson", b"second")
    assert (tmp_path / "a=1/b=2/x.ndjson").read_bytes() == b"second"
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["x.ndjson"]


def test_a_reader_never_sees_a_part_of_an_object(tmp_path: Path) -> None:
    target = tmp_path / "a=1/x.ndjson"
    sizes: set[int] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for found in (tmp_path / "a=1").glob("*"):
                sizes.add(len(found.read_bytes()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(200):
        storage.store(str(tmp_path), "a=1/x.ndjson", b"x" * 1_000_000)
    done.set()
    watcher.join()
    assert target.exists()
    assert sizes == {1_000_000}


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a=1").mkdir()
    (tmp_path / "a=1/x.ndjson").mkdir()  # a folder in the object's place: the rename fails
    with pytest.raises(OSError, match=r"x\.ndjson"):
        storage.store(str(tmp_path), "a=1/x.ndjson", b"data")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


class Flaky:
    """Fails a number of times, then works."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self, *_: object) -> None:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)


class HttpError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"HTTP {code}")
        self.code = code


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apache_beam.utils.retry.Clock.sleep", lambda *_: None)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("error", [HttpError(503), HttpError(429), ConnectionResetError(), TimeoutError()])
def test_a_transient_fault_is_tried_again(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    flaky = Flaky(error, error, error)
    monkeypatch.setattr(storage, "_store_local", flaky)
    storage.store("/nowhere", "x", b"")
    assert flaky.calls == 4


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("error", [HttpError(403), OSError(errno.ENOSPC, "full"), PermissionError()])
def test_a_permanent_fault_is_told_at_once(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    flaky = Flaky(error)
    monkeypatch.setattr(storage, "_store_local", flaky)
    with pytest.raises(type(error)):
        storage.store("/nowhere", "x", b"")
    assert flaky.calls == 1


@pytest.mark.usefixtures("no_waiting")
def test_a_fault_that_stays_ends_in_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_store_local", Flaky(*[HttpError(503)] * 100))
    with pytest.raises(HttpError):
        storage.store("/nowhere", "x", b"")


def test_a_folder_that_cannot_be_written_is_found_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        storage.check_writable(str(tmp_path / "file" / "lake"))
    storage.check_writable(str(tmp_path / "new" / "lake"))
    assert os.listdir(tmp_path / "new" / "lake" / "_tmp") == []
