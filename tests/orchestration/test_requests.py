"""How many requests a daily run makes of Cloud Storage for control files: counted at an emulator, and bounded."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import google_crc32c
import pytest
from google.auth.credentials import AnonymousCredentials

from tests.orchestration.home import REPOSITORY, AirflowHome
from warehouse_runner.changes import find_changes
from warehouse_runner.objects import Bucket

DAY = datetime(2026, 11, 20, tzinfo=UTC)
FILES_A_DAY = int(os.environ.get("MANIFEST_FILES_A_DAY", "144"))
"""1440 is one a minute: `make prove-requests`."""
OBJECTS_A_DAY = FILES_A_DAY * 7
PAGE = 1000
"""Names that Cloud Storage lists in one answer."""


class Lake:
    """A bucket of an emulator in this process, filled without requests; counts those that are made."""

    def __init__(self, address: str, storage: Any) -> None:
        self.address, self._storage = address, storage
        self.requests: Counter[str] = Counter()

    def put(self, name: str, content: bytes) -> None:
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        described = {
            "kind": "storage#object",
            "bucket": "shop-lake",
            "name": name,
            "id": f"shop-lake/{name}/1",
            "size": str(len(content)),
            "generation": "1",
            "metageneration": "1",
            "timeCreated": now,
            "updated": now,
            "crc32c": base64.b64encode(google_crc32c.Checksum(content).digest()).decode(),
            "md5Hash": base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode(),
        }
        self._storage._store.write_bytes(self._storage._object_path("shop-lake", name), content)
        self._storage.objects.setdefault("shop-lake", {})[name] = described

    def fill(self, begin: datetime, files: int, objects: int, minutes: int) -> None:
        """Manifest files of consecutive minutes, which record so many objects together; the objects are there, too."""
        for number in range(files):
            start = begin + timedelta(minutes=number * minutes // files)
            window = f"{start - timedelta(minutes=start.minute % 10):%Y%m%dT%H%M%SZ}"
            folder = f"year={start:%Y}/month={start:%m}/day={start:%d}"
            lines = []
            for each in range(objects * number // files, objects * (number + 1) // files):
                path = f"event_type=page_viewed/{folder}/{window}-{each:020x}.ndjson.gz"
                self.put(path, b"")
                published = start.isoformat().replace("+00:00", "Z")
                record = {
                    "root": "lake",
                    "path": path,
                    "event_type": "page_viewed",
                    "reason": None,
                    "date": f"{start:%Y-%m-%d}",
                }
                record |= {"rows": 1, "bytes": 100, "min_publish_time": published, "max_publish_time": published}
                lines.append(json.dumps({**record, "written_at": published}))
            self.put(f"_control/manifest/{folder}/{window}-{number:020x}.ndjson", "\n".join([*lines, ""]).encode())

    def counted(self) -> Counter[str]:
        """Requests since the last time this was asked."""
        counted, self.requests = self.requests, Counter()
        return counted


@contextmanager
def counting_lake() -> Iterator[Lake]:
    server_module = pytest.importorskip("gcp_storage_emulator.server")
    storage_module = pytest.importorskip("gcp_storage_emulator.storage")

    class Handler(server_module.RequestHandler):  # type: ignore[misc,name-defined] # untyped
        def do_GET(self) -> None:  # noqa: N802 # the standard library says so
            if not urlsplit(self.path).path.endswith("/o"):
                lake.requests["read"] += 1
            super().do_GET()

    class Storage(storage_module.Storage):  # type: ignore[misc,name-defined] # untyped
        def get_file_list(self, *args: Any, **kwargs: Any) -> Any:
            """The emulator answers in one page."""
            files, prefixes = super().get_file_list(*args, **kwargs)
            lake.requests["list"] += max(1, -(-len(files) // PAGE))
            return files, prefixes

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

    storage = Storage(use_memory_fs=True)
    storage.create_bucket("shop-lake", {"name": "shop-lake", "id": "shop-lake", "kind": "storage#bucket"})
    with Server(("127.0.0.1", 0), partial(Handler, storage)) as server:
        lake = Lake(f"http://127.0.0.1:{server.server_port}", storage)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield lake
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    """A day as a job of one file a minute writes it, the day before likewise, and the two hours until the daily run."""
    with counting_lake() as lake:
        lake.fill(DAY - timedelta(days=1), FILES_A_DAY, OBJECTS_A_DAY, 1440)
        lake.fill(DAY, FILES_A_DAY, OBJECTS_A_DAY, 1440)
        lake.fill(DAY + timedelta(days=1), FILES_A_DAY // 12, OBJECTS_A_DAY // 12, 120)
        yield lake


@pytest.fixture
def anonymous(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", lake.address)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "local-project")
    monkeypatch.setattr("google.auth.default", lambda *_, **__: (AnonymousCredentials(), "local-project"))


@pytest.mark.slow
@pytest.mark.usefixtures("anonymous")
def test_finding_what_changed_reads_each_manifest_file_once_and_no_object(lake: Lake) -> None:
    store = Bucket("gs://shop-lake")
    before = find_changes(store, None).state
    lake.counted()

    again = find_changes(store, before)
    assert again.lake_dates == ()
    files = 2 * FILES_A_DAY + FILES_A_DAY // 12
    assert lake.counted() == {"list": -(-files // PAGE)}

    lake.fill(DAY + timedelta(days=1, hours=2), 10, 70, 10)
    later = find_changes(store, before)
    assert later.lake_dates == ("2026-11-21",)
    assert lake.counted() == {"list": -(-(files + 10) // PAGE), "read": 10}, "ten new files, not the day's others"
    assert find_changes(store, later.state).lake_dates == ()


_GATES = """
import json, sys
sys.path.insert(0, DAGS)
from datetime import date
from ecommerce_lake import lake, settings
from ecommerce_lake.gates import check_quarantine_share
print(json.dumps(check_quarantine_share('2026-11-20')))
"""


@pytest.mark.slow
def test_the_share_of_refused_messages_reads_a_day_s_manifest_and_the_last_window_of_the_day_before(
    lake: Lake, empty_home: AirflowHome
) -> None:
    lake.counted()
    done = empty_home.python(
        "-c",
        f"import os; os.environ['STORAGE_EMULATOR_HOST'] = {lake.address!r}\n"
        "os.environ['AIRFLOW_CONN_SHOP'] = 'google-cloud-platform://?is_anonymous=true&project=local-project'\n"
        f"DAGS = {str(REPOSITORY / 'dags')!r}\n{_GATES}",
        lake_uri="gs://shop-lake/",
        lake_conn_id="shop",
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {"lake": OBJECTS_A_DAY}

    counted = lake.counted()
    assert counted["read"] == FILES_A_DAY + FILES_A_DAY // 144, (
        "and the files of the last ten minutes of the day before"
    )
    assert counted["list"] <= 2 * -(-FILES_A_DAY // PAGE) + 2
