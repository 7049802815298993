"""The launch, as Dataflow's launcher does it, in an environment that holds what the image would hold and nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.stand_ins import ROOT, find_uv, make_bucket, objects

PROJECT = "shop-lake-test"
IMAGE = f"europe-west1-docker.pkg.dev/{PROJECT}/lake/lake-ingestion@sha256:{'a' * 64}"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Dockerfile makes: the locked requirements by hash, our package without dependencies, /template/main.py."""
    uv = find_uv()
    if uv is None:
        pytest.skip("no uv: install it (pip install uv), it builds the image's environment from its cache")
    folder = tmp_path_factory.mktemp("image")
    sources = folder / "sources"
    for names in re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "flex_template/Dockerfile").read_text(), re.M):
        for name in names.split():
            _copy(ROOT / name, sources / name)
    python = folder / "venv/bin/python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder / "venv")], check=True)
    install = [uv, "pip", "install", "--quiet", "--offline", "--python", str(python)]
    locked = subprocess.run(
        [*install, "--require-hashes", "--requirement", str(sources / "requirements/ingestion.txt")],
        check=False,
        capture_output=True,
        text=True,
    )
    if locked.returncode:
        reason = locked.stderr.strip().splitlines()[-1]
        pytest.skip(
            f"uv's cache lacks a locked wheel ({reason}): fill it with uv pip install -r requirements/ingestion.txt"
        )
    subprocess.run([*install, "--no-index", "--no-deps", "--no-build-isolation", str(sources)], check=True)
    shutil.copy(sources / "flex_template/main.py", folder / "main.py")
    shutil.rmtree(sources)
    return folder


def _copy(source: Path, target: Path) -> None:
    if not source.exists():
        assert source.name == "README.md", f"the Dockerfile copies {source}, which does not exist"
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _launch(image: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    # The launcher's environment: nothing of this repository, or of this user, is on the path.
    clean = {"PATH": os.environ["PATH"], "HOME": str(image), "NO_GCE_CHECK": "true", **environment}
    return subprocess.run(
        [str(image / "venv/bin/python"), str(image / "main.py"), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=clean,
        cwd=image,
        timeout=150,
    )


@pytest.fixture(scope="module")
def launched(image: Path, storage_emulator: str, credentials: Path) -> dict[str, bytes]:
    """Objects in the bucket after a launch; one of them is the job that Dataflow would start."""
    make_bucket(storage_emulator, f"{PROJECT}-temp")
    done = _launch(
        image,
        {"STORAGE_EMULATOR_HOST": storage_emulator, "GOOGLE_APPLICATION_CREDENTIALS": str(credentials)},
        "--runner=DataflowRunner",
        f"--project={PROJECT}",
        "--region=europe-west1",
        "--job_name=lake-ingestion-blue",
        f"--staging_location=gs://{PROJECT}-temp/staging",
        f"--temp_location=gs://{PROJECT}-temp/tmp",
        f"--template_location=gs://{PROJECT}-temp/staging/template_launches/1/job_object",
        '--labels={"goog-dataflow-provided-template-type": "flex", "colour": "blue"}',
        f"--service_account_email=lake-ingestion@{PROJECT}.iam.gserviceaccount.com",
        f"--sdk_container_image={IMAGE}",
        "--max_num_workers=5",
        "--enable_streaming_engine",
        "--no_use_public_ips",
        # What terraform/modules/ingestion gives the template as parameters.
        f"--input_subscription=projects/{PROJECT}/subscriptions/shop-events-lake-blue",
        f"--output_path=gs://{PROJECT}-lake",
        f"--quarantine_path=gs://{PROJECT}-quarantine",
        "--streaming_mode=at_least_once",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return objects(storage_emulator, f"{PROJECT}-temp")


@pytest.fixture(scope="module")
def job(launched: dict[str, bytes]) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(launched["staging/template_launches/1/job_object"])
    return parsed


def test_the_job_is_a_streaming_job_of_the_given_name(job: dict[str, Any]) -> None:
    assert job["type"] == "JOB_TYPE_STREAMING"
    assert job["name"] == "lake-ingestion-blue"


def test_workers_run_the_image_as_the_right_account_in_private(job: dict[str, Any]) -> None:
    environment = job["environment"]
    pool = environment["workerPools"][0]

    assert [image["containerImage"] for image in pool["sdkHarnessContainerImages"]] == [IMAGE]
    assert environment["serviceAccountEmail"] == f"lake-ingestion@{PROJECT}.iam.gserviceaccount.com"
    assert pool["ipConfiguration"] == "WORKER_IP_PRIVATE"
    assert "streaming_mode_at_least_once" in environment["serviceOptions"]


def test_the_graph_reads_the_subscription_and_has_every_step_under_its_stable_name(
    job: dict[str, Any], launched: dict[str, bytes]
) -> None:
    graph = next(content for name, content in launched.items() if name.endswith("pipeline.pb"))

    assert f"projects/{PROJECT}/subscriptions/shop-events-lake-blue".encode() in graph
    for step in ("ReadMessages/ReadFromPubSub", "ValidateRouteChunk", "BatchObjects", "WriteObjects", "WriteManifest"):
        assert step.encode() in graph, step
    options = job["environment"]["sdkPipelineOptions"]["options"]
    assert options["output_path"] == f"gs://{PROJECT}-lake"


def test_nothing_but_the_graph_is_staged_so_nothing_is_installed_on_workers(launched: dict[str, bytes]) -> None:
    staged = [name for name in launched if not name.endswith(("pipeline.pb", "job_object"))]

    assert not [name for name in staged if name.endswith((".whl", ".tar.gz", "requirements.txt", ".pickle"))], staged


def test_a_wrong_parameter_ends_the_launch_with_one_line(image: Path) -> None:
    done = _launch(image, {}, "--runner=DataflowRunner", "--input_subscription=shop-events", "--output_path=gs://lake")

    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert "'shop-events' is not a subscription" in done.stderr
