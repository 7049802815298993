"""What Dataflow would be asked to run."""

from __future__ import annotations

import json
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from apache_beam.portability.api import beam_runner_api_pb2 as api
from apache_beam.runners.dataflow.dataflow_runner import DataflowPipelineResult

import beam_pipeline
from beam_pipeline.main import main
from tests.cloud import hcl, planting
from tests.dataflow.conftest import IMAGE, LAUNCHED_WITH, Submission, dataflow_arguments
from tests.gcs import Gcs

GOLDEN = Path(__file__).with_name("step_names.txt")


def test_it_is_a_streaming_job_on_the_streaming_engine(exactly_once: Submission) -> None:
    assert exactly_once.job["type"] == "JOB_TYPE_STREAMING"
    assert exactly_once.options["streaming"] is True
    assert "enable_streaming_engine" in exactly_once.job["environment"]["experiments"]
    assert exactly_once.options["save_main_session"] is False


def test_exactly_once_is_the_default_and_at_least_once_a_service_option(
    exactly_once: Submission, at_least_once: Submission
) -> None:
    assert "streaming_mode_at_least_once" not in exactly_once.job["environment"].get("serviceOptions", [])
    assert sorted(at_least_once.job["environment"]["serviceOptions"]) == [
        "enable_prime",
        "streaming_mode_at_least_once",
    ]


def test_workers_run_our_image_and_install_nothing(exactly_once: Submission) -> None:
    (pool,) = exactly_once.job["environment"]["workerPools"]
    assert pool["workerHarnessContainerImage"] == IMAGE
    assert {image["containerImage"] for image in pool["sdkHarnessContainerImages"]} == {IMAGE}
    staged = [package["name"] for package in pool.get("packages", [])]
    assert [name for name in staged if name.endswith((".tar.gz", ".whl", ".pickle"))] == []


def _read_back(job: dict) -> dict[str, object]:
    """A job's arguments as Terraform's provider reads them: Read in its resource_dataflow_flex_template_job.go.

    Arguments that it never reads back keep what they were set to, and are not here.
    """
    environment = job["environment"]
    options = environment["sdkPipelineOptions"]["options"]
    return {
        "name": job.get("name"),
        "service_account_email": environment.get("serviceAccountEmail"),
        "kms_key_name": environment.get("serviceKmsKeyName"),
        "network": options.get("network"),
        "subnetwork": options.get("subnetwork"),
        "temp_location": options.get("tempLocation"),
        "staging_location": options.get("stagingLocation"),
        "num_workers": options.get("numWorkers"),
        "max_workers": options.get("maxNumWorkers"),
        "machine_type": options.get("workerMachineType"),
        "sdk_container_image": options.get("sdkContainerImage"),
    }


def test_a_second_apply_finds_what_the_first_one_set(exactly_once: Submission) -> None:
    """An argument that is set and read back as nothing is a change at every plan: of the job, which is relaunched or replaced."""
    given = hcl.arguments("modules/ingestion/main.tf", "google_dataflow_flex_template_job", "job")
    found = {name: value for name, value in _read_back(exactly_once.job).items() if name in given}

    assert found == {
        "name": "shop-ingestion",
        "service_account_email": LAUNCHED_WITH["service_account_email"],
        "kms_key_name": LAUNCHED_WITH["dataflow_kms_key"],
        "subnetwork": LAUNCHED_WITH["subnetwork"],
    }


def test_an_argument_that_is_not_read_back_is_refused(
    exactly_once: Submission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terraform = planting.copy(tmp_path)
    how_it_ends = '  on_delete               = "drain"\n'
    size = how_it_ends + '  machine_type            = "n1-standard-2"\n'
    planting.replace(terraform, "modules/ingestion/main.tf", how_it_ends, size)
    monkeypatch.setattr(hcl, "TERRAFORM", terraform)

    with pytest.raises(AssertionError):
        test_a_second_apply_finds_what_the_first_one_set(exactly_once)


def test_what_the_template_s_environment_sets_reaches_the_workers(exactly_once: Submission) -> None:
    (pool,) = exactly_once.job["environment"]["workerPools"]
    assert (pool["machineType"], pool["numWorkers"]) == ("n1-standard-2", 1)
    assert pool["autoscalingSettings"]["maxNumWorkers"] == 5


def test_pubsub_is_read_natively_with_attributes_and_its_own_message_ids(
    exactly_once: Submission, at_least_once: Submission
) -> None:
    for submission in (exactly_once, at_least_once):
        (read,) = (
            step.spec
            for step in submission.graph.components.transforms.values()
            if step.spec.urn.endswith("pubsub_read:v1")
        )
        payload = api.PubSubReadPayload.FromString(read.payload)
        assert payload.subscription == "projects/lake-tests/subscriptions/shop-lake"
        assert (payload.with_attributes, payload.id_attribute) == (True, "")


def test_step_names_are_what_a_running_job_has(exactly_once: Submission, at_least_once: Submission) -> None:
    """A step under another name loses its state in an in-place update. If one must change: docs, and --transform_name_mapping."""
    assert exactly_once.steps() == GOLDEN.read_text(encoding="utf-8").splitlines()
    barrier = [name for name in exactly_once.steps() if "/StableInput" in name]
    assert {name.split("/StableInput")[0] for name in barrier} == {
        "IngestMessages/BatchObjects",
        "IngestMessages/BatchRecords",
    }
    assert at_least_once.steps() == [name for name in exactly_once.steps() if name not in barrier], (
        "a duplicate object is allowed there: it does not pay for the barrier, and nothing else differs"
    )


def test_our_own_steps_are_all_named_by_hand(exactly_once: Submission) -> None:
    """Names that Beam makes up hold line numbers of its own or of ours."""
    assert [name for name in exactly_once.steps() if "lambda" in name or ".py:" in name] == []


@pytest.mark.parametrize(
    ("step", "output", "coder"),
    [
        ("ReadMessages/AsMessages", "None", "MessageListCoder"),
        ("IngestMessages/ValidateRouteChunk/ParDo(ValidateRouteChunk)", "None", "kv[string_utf8, ChunkCoder]"),
        ("IngestMessages/ValidateRouteChunk/ParDo(ValidateRouteChunk)", "quarantined", "kv[string_utf8, ChunkCoder]"),
        ("IngestMessages/LakeAndQuarantine", "None", "kv[string_utf8, ChunkCoder]"),
        ("IngestMessages/WriteObjects", "None", "kv[string_utf8, ManifestRecordCoder]"),
    ],
)
def test_what_goes_between_steps_has_coders_of_our_own(
    exactly_once: Submission, step: str, output: str, coder: str
) -> None:
    assert exactly_once.coder_of(step, output) == coder


def test_keys_of_shuffles_and_of_state_are_deterministic(exactly_once: Submission) -> None:
    for step, value in (("ObjectsByWindow", "ChunkCoder"), ("RecordsByWindow", "ManifestRecordCoder")):
        coder = exactly_once.coder_of(f"IngestMessages/{step}/WithWindow")
        assert coder == f"kv[kv[kv[string_utf8, varint], varint], {value}]"
    assert exactly_once.coder_of("IngestMessages/ClaimWatermark/OneKey") == "kv[string_utf8, varint]"


def test_nothing_that_is_sent_or_kept_is_a_pickle(exactly_once: Submission, at_least_once: Submission) -> None:
    """A pickle names classes: a release that renames one would pass Dataflow's check of an update and fail for ever after."""
    for submission in (exactly_once, at_least_once):
        coders = submission.coders()
        assert {name.split("/")[-1] for name in coders if " state " in name} == {
            "Collect state values",
            "Collect state open",
            "Passed state claims",
        }
        kinds = {name: set(re.findall(r"[\w.]+", coder)) for name, coder in coders.items()}
        known = {
            *("kv", "bytes", "varint", "string_utf8", "iterable", "timer", "global_window"),
            *("MessageListCoder", "ChunkCoder", "ChunkListCoder", "ManifestRecordCoder", "RecordListCoder"),
            *("OpenBatchCoder", "ClaimsCoder", "BeatRangeCoder", "BeatWatermarkCoder", "PubsubMessageCoder"),
        }
        assert {name: coders[name] for name, found in kinds.items() if not found <= known} == {}


class _FakeDataflow(BaseHTTPRequestHandler):
    """Takes a job, says that it runs, and remembers what it was asked for."""

    asked: list[str]
    job: dict

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).asked.append("POST")
        type(self).job = body
        self._answer(200, self._job())

    def do_GET(self) -> None:
        type(self).asked.append("GET")
        self._answer(200, self._job())

    def _job(self) -> dict:
        sent = type(self).job
        kept = {name: sent[name] for name in ("name", "type", "clientRequestId") if name in sent}
        return {**kept, "id": "2026-11-22_job", "projectId": "lake-tests", "currentState": "JOB_STATE_RUNNING"}

    def _answer(self, status: int, document: dict) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def fake_dataflow() -> Iterator[tuple[str, type[_FakeDataflow]]]:
    handler = type("Handler", (_FakeDataflow,), {"asked": [], "job": {}})
    with ThreadingHTTPServer(("localhost", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}", handler
        finally:
            server.shutdown()
            thread.join()


def test_the_launcher_submits_and_returns_it_never_waits(
    gcs: Gcs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wait(*_: object, **__: object) -> None:
        raise AssertionError("waited for a streaming job")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(DataflowPipelineResult, "wait_until_finish", wait)
    with fake_dataflow() as (address, service):
        bucket = gcs.bucket("shop-temp")
        assert main(dataflow_arguments(bucket, f"--dataflow_endpoint={address}", "--no_auth")) == 0
    assert service.asked.count("POST") == 1
    assert service.job["name"] == "shop-ingestion"
    assert "2026-11-22_job" in capsys.readouterr().err


def test_only_bounded_runs_wait() -> None:
    folder = Path(beam_pipeline.__file__).parent
    assert [path.name for path in folder.glob("*.py") if "wait_until_finish" in path.read_text(encoding="utf-8")] == []
