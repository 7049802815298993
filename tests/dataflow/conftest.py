"""The job as DataflowRunner submits it: for real, to a template file on a Cloud Storage emulator."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from apache_beam.portability.api import beam_runner_api_pb2 as api
from google.protobuf.wrappers_pb2 import BytesValue

from beam_pipeline.main import main
from tests.gcs import emulated, gcs

__all__ = ["gcs"]

IMAGE = "europe-docker.pkg.dev/lake-tests/lake/worker:1.2.3"
LAUNCHED_WITH = {
    "subnetwork": "https://www.googleapis.com/compute/v1/projects/lake-tests/regions/europe-west1/subnetworks/lake",
    "service_account_email": "lake-ingestion@lake-tests.iam.gserviceaccount.com",
    "dataflow_kms_key": "projects/keys/locations/europe-west1/keyRings/lake/cryptoKeys/data",
    "machine_type": "n1-standard-2",
    "num_workers": "1",
    "max_num_workers": "5",
}
"""What the template's launcher is told by the platform's configuration, beside where to stage, as it tells the program."""


@dataclass(frozen=True)
class Submission:
    """What was submitted: the job as Dataflow's API gets it, and the graph that workers get."""

    job: dict[str, Any]
    graph: api.Pipeline

    @property
    def options(self) -> dict[str, Any]:
        """The pipeline options as workers see them."""
        found: dict[str, Any] = self.job["environment"]["sdkPipelineOptions"]["options"]
        return found

    def steps(self) -> list[str]:
        """Names of all steps, composites too."""
        return sorted(step.unique_name for step in self.graph.components.transforms.values() if step.unique_name)

    def coder_of(self, step: str, output: str = "None") -> str:
        """The coders of a step's output, outermost first: URN, or class name of one of Python."""
        components = self.graph.components
        (transform,) = (one for one in components.transforms.values() if one.unique_name == step)
        return self._coder(components.pcollections[transform.outputs[output]].coder_id)

    def coders(self) -> dict[str, str]:
        """Coders of all that is stored or sent, by a name for it: outputs of steps, state, timers, restrictions, windows."""
        components = self.graph.components
        found = {}
        for step in components.transforms.values():
            if step.subtransforms:
                continue
            for output, collection in step.outputs.items():
                found[f"{step.unique_name} -> {output}"] = components.pcollections[collection].coder_id
            if step.spec.urn == "beam:transform:pardo:v1":
                payload = api.ParDoPayload.FromString(step.spec.payload)
                for name, spec in payload.state_specs.items():
                    found[f"{step.unique_name} state {name}"] = _coder_of_state(spec)
                for name, timer in payload.timer_family_specs.items():
                    found[f"{step.unique_name} timer {name}"] = timer.timer_family_coder_id
                if payload.restriction_coder_id:
                    found[f"{step.unique_name} restriction"] = payload.restriction_coder_id
        for name, windowing in components.windowing_strategies.items():
            found[f"windowing {name}"] = windowing.window_coder_id
        return {name: self._coder(identity) for name, identity in found.items()}

    def _coder(self, identity: str) -> str:
        coder = self.graph.components.coders[identity]
        name = coder.spec.urn.removeprefix("beam:coder:").removesuffix(":v1")
        if name == "pickled_python":
            name = BytesValue.FromString(coder.spec.payload).value.split(b"$")[0].decode()
        inner = ", ".join(self._coder(one) for one in coder.component_coder_ids)
        return f"{name}[{inner}]" if inner else name


def _coder_of_state(spec: api.StateSpec) -> str:
    if spec.WhichOneof("spec") == "bag_spec":
        return spec.bag_spec.element_coder_id
    if spec.WhichOneof("spec") == "read_modify_write_spec":
        return spec.read_modify_write_spec.coder_id
    raise AssertionError(f"state of another kind: {spec}")


def dataflow_arguments(bucket: str, *more: str) -> list[str]:
    """The documented command line, without where to submit to."""
    return [
        "--runner=DataflowRunner",
        "--project=lake-tests",
        "--region=europe-west1",
        "--job_name=shop-ingestion",
        f"--staging_location={bucket}/staging",
        f"--temp_location={bucket}/temp",
        "--sdk_location=container",
        f"--sdk_container_image={IMAGE}",
        *(f"--{name}={value}" for name, value in LAUNCHED_WITH.items()),
        "--output_path=gs://shop-lake",
        "--quarantine_path=gs://shop-quarantine",
        "--input_subscription=projects/lake-tests/subscriptions/shop-lake",
        *more,
    ]


def submit(folder: Path, *more: str) -> Submission:
    """Runs the program; reads what it put on the emulator. Beam leaves what it stages in the folder for temporary files."""
    with emulated() as emulator, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        bucket = emulator.bucket("shop-temp")
        assert main(dataflow_arguments(bucket, f"--template_location={bucket}/job.json", *more)) == 0
        objects = emulator.objects("shop-temp")
    graph = api.Pipeline()
    graph.ParseFromString(next(content for name, content in objects.items() if name.endswith("pipeline.pb")))
    return Submission(json.loads(objects["job.json"]), graph)


@pytest.fixture(scope="session")
def exactly_once(tmp_path_factory: pytest.TempPathFactory) -> Submission:
    """The job with default settings."""
    return submit(tmp_path_factory.mktemp("exactly_once"))


@pytest.fixture(scope="session")
def at_least_once(tmp_path_factory: pytest.TempPathFactory) -> Submission:
    """The cheaper mode, with an option of the user's own."""
    return submit(
        tmp_path_factory.mktemp("at_least_once"),
        "--streaming_mode=at_least_once",
        "--dataflow_service_options=enable_prime",
    )
