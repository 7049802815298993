"""The gate against a Cloud Storage emulator, with the anonymous Google connection that a deployment would replace."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.orchestration.home import REPOSITORY, AirflowHome

DAGS = REPOSITORY / "dags"

_POKES = """
import json, logging, sys, urllib.request
sys.path.insert(0, DAGS)
logging.basicConfig(level='INFO')
from datetime import UTC, datetime
from ecommerce_lake.gates import CompleteDaySensor
sensor = CompleteDaySensor(task_id='gate')
context = {'params': {}, 'data_interval_start': datetime(2026, 11, 20, tzinfo=UTC)}
def put(watermark):
    body = json.dumps({'watermark': watermark, 'written_at': watermark}).encode()
    url = ENDPOINT + '/upload/storage/v1/b/shop-lake/o?uploadType=media&name=lake/_control/watermark.json'
    urllib.request.urlopen(urllib.request.Request(url, body, {'Content-Type': 'application/octet-stream'})).read()
said = []
for watermark in (None, '2026-11-20T23:50:00Z', '2026-11-21T00:00:00Z'):
    if watermark: put(watermark)
    answer = sensor.poke(context)
    said.append([bool(answer), answer.xcom_value, sensor.reason])
print(json.dumps(said))
"""


@contextmanager
def cloud_storage() -> Iterator[str]:
    server_module = pytest.importorskip(
        "gcp_storage_emulator.server", reason="no Cloud Storage emulator: uv pip install gcp-storage-emulator"
    )
    server = server_module.create_server("127.0.0.1", 0, in_memory=True, default_bucket="shop-lake")
    server.start()
    try:
        host, port = server._api._httpd.server_address[:2]
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def test_the_gate_sees_a_watermark_that_is_uploaded_late(tmp_path: Path) -> None:
    home = AirflowHome(tmp_path)  # without a database: Variables and the connection are in the environment
    with cloud_storage() as endpoint:
        with urllib.request.urlopen(f"{endpoint}/storage/v1/b/shop-lake") as answer:  # noqa: S310 # the emulator
            assert json.load(answer)["name"] == "shop-lake"
        done = home.python(
            "-c",
            f"import os; os.environ['STORAGE_EMULATOR_HOST'] = ENDPOINT = {endpoint!r}\n"
            "os.environ['AIRFLOW_CONN_SHOP'] = 'google-cloud-platform://?is_anonymous=true&project=local-project'\n"
            f"DAGS = {str(DAGS)!r}\n{_POKES}",
            lake_uri="gs://shop-lake/lake",
            lake_conn_id="shop",
        )

    assert done.returncode == 0, done.stdout[-4000:]
    nothing, early, complete = json.loads(done.stdout.splitlines()[-1])
    assert nothing[:2] == [False, None]
    assert "gs://shop-lake/lake has no _control/watermark.json" in nothing[2]
    assert early[:2] == [False, None]
    assert "0:10:00 more" in early[2]
    assert complete[:2] == [True, "2026-11-20"]
