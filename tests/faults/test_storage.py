"""Every fault of storage at each step of one write, 20 times and more: an object is there whole or not at all."""

from __future__ import annotations

import errno
import gc
import itertools
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.cloud.storage.exceptions import InvalidResponse

from beam_pipeline import storage
from tests.gcs import Gcs

TIMES = 20


def _answer(status: int) -> requests.Response:
    answer = requests.Response()
    answer.status_code, answer._content = status, b"{}"
    answer.request = requests.Request("POST", "http://localhost/upload").prepare()
    return answer


TRANSIENT: dict[str, Callable[[], Exception]] = {
    "503": lambda: exceptions.ServiceUnavailable("try later"),
    "429": lambda: exceptions.TooManyRequests("slow down"),
    "time-out": lambda: TimeoutError("timed out"),
    "read time-out": lambda: requests.exceptions.ReadTimeout("timed out"),
    "connection reset": lambda: ConnectionResetError(errno.ECONNRESET, "reset by peer"),
    "connection error": lambda: requests.exceptions.ConnectionError("aborted"),
}
PERMANENT: dict[str, Callable[[], Exception]] = {
    "disk full": lambda: OSError(errno.ENOSPC, "No space left on device"),
    "permission": lambda: PermissionError(errno.EACCES, "Permission denied"),
    "403": lambda: exceptions.Forbidden("no storage.objects.create"),
}
TRANSIENT["503 after the client's own retries"] = lambda: InvalidResponse(_answer(503), "Request failed", 503)
FAULTS = TRANSIENT | PERMANENT


class HalfFile:
    """A file on a disk that fills up, or that is pulled: some bytes go in, then the fault."""

    def __init__(self, real: Any, room: int, fault: Exception) -> None:
        self._real, self._room, self._fault = real, room, fault

    def __enter__(self) -> HalfFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._real.close()

    def write(self, data: bytes) -> None:
        self._real.write(data[: self._room])
        self._real.flush()
        raise self._fault


def inject(patch: pytest.MonkeyPatch, phase: str, fault: Exception, room: int) -> None:
    """Makes one call fail, the first of its kind: transient faults pass with it."""
    pending = [fault]

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            if pending:
                raise pending.pop()
            return real(*args, **more)

        return call

    def cut_off(path: Path, mode: str) -> Any:
        file = open(path, mode)  # noqa: SIM115 - closed by who gets it
        return HalfFile(file, room, pending.pop()) if pending else file

    if phase == "folder":
        patch.setattr(Path, "mkdir", failing(Path.mkdir))
    elif phase == "open":
        patch.setattr(storage, "open", failing(open), raising=False)
    elif phase == "write":
        patch.setattr(storage, "open", cut_off, raising=False)
    else:
        patch.setattr("os.replace", failing(os.replace))


@pytest.mark.parametrize("phase", ["folder", "open", "write", "rename"])
@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_at_any_phase_of_a_write_leaves_a_part_of_an_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, phase: str
) -> None:
    rng = random.Random(5)
    for number in range(TIMES):
        path = f"a={number}/object.ndjson"  # in a folder of its own, which is made first
        target = tmp_path / path
        with monkeypatch.context() as patch:
            inject(patch, phase, FAULTS[fault](), rng.randrange(1000))
            if fault in TRANSIENT:
                storage.store(str(tmp_path), path, b"x" * 1000)
            else:
                with pytest.raises(type(FAULTS[fault]())):
                    storage.store(str(tmp_path), path, b"x" * 1000)
                assert not target.exists()
        storage.store(str(tmp_path), path, b"x" * 1000)
        assert target.read_bytes() == b"x" * 1000
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == TIMES


class TestCloudStorage:
    """The same through Google's own client, against an emulator that answers with faults."""

    @pytest.mark.parametrize("status", [503, 429, 500, 403, "reset", "time-out", "after"])
    def test_an_upload_that_fails_is_tried_again_or_told_and_never_visible_in_part(
        self, shared_gcs: Gcs, monkeypatch: pytest.MonkeyPatch, status: int | str
    ) -> None:
        bucket = f"faulty-{status}".lower()
        root = shared_gcs.bucket(bucket)
        monkeypatch.setattr("time.sleep", lambda _: None)
        data = b"x" * 5000
        real = requests.Session.request
        for number in range(TIMES):
            failures = itertools.repeat(True) if status == 403 else iter([True, True])

            def request(session: Any, method: str, url: str, failures: Iterator[bool] = failures, **more: Any) -> Any:
                if "/upload/" not in url or not next(failures, False):
                    return real(session, method, url, **more)
                if status == "reset":
                    raise requests.exceptions.ConnectionError(ConnectionResetError(104, "reset by peer"))
                if status == "time-out":
                    raise requests.exceptions.ReadTimeout("timed out")
                if status == "after":
                    real(session, method, url, **more)  # stored, but the answer is lost
                    raise requests.exceptions.ConnectionError("aborted")
                return _answer(int(status))

            name = f"a=1/{number}.ndjson"
            with monkeypatch.context() as patch:
                patch.setattr(requests.Session, "request", request)
                if status == 403:
                    with pytest.raises(Exception, match="403"):
                        storage.store(root, name, data)
                else:
                    storage.store(root, name, data)
            present = shared_gcs.client.bucket(bucket).get_blob(name)
            # After a refusal, too, the object may be there: the client's writer tries once more when it is thrown away.
            assert status == 403 or present is not None
            assert present is None or present.size == len(data)

    @pytest.mark.parametrize("refused", [2, 3])
    def test_a_large_upload_refused_between_its_parts_leaves_nothing_to_see(
        self, gcs: Gcs, monkeypatch: pytest.MonkeyPatch, refused: int
    ) -> None:
        """40 MB travel in three parts, after a request that begins the upload."""
        root = gcs.bucket("large-objects")
        real, calls = requests.Session.request, itertools.count(1)

        def request(session: Any, method: str, url: str, **more: Any) -> Any:
            if "/upload/" in url and next(calls) == refused:
                return _answer(403)
            return real(session, method, url, **more)

        monkeypatch.setattr(requests.Session, "request", request)
        with pytest.raises(Exception, match="403"):
            storage.store(root, "a=1/x.ndjson", b"x" * (40 << 20))
        gc.collect()  # the client's writer closes itself when it is thrown away
        found = gcs.objects("large-objects")
        assert set(map(len, found.values())) <= {40 << 20}
