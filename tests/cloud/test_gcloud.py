"""The commands of docs/cloud.md, as they stand there, against emulators and whatever gcloud does without a network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from google.pubsub_v1 import PublisherClient, SubscriberClient

from tests.cloud import hcl
from tests.cloud.stand_ins import ROOT, make_bucket, objects
from tests.ingestion import running
from tests.ingestion.lake_reading import lines_of, objects_below
from tests.samples import event, payload

PROJECT = "shop-lake-test"
TOPIC = f"projects/{PROJECT}/topics/shop-events"
Run = Callable[[str], str]

pytestmark = pytest.mark.skipif(shutil.which("gcloud") is None, reason="no gcloud: install the Google Cloud CLI")


def _commands() -> list[str]:
    """Every line of the page's shell blocks."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", (ROOT / "docs/cloud.md").read_text(), re.M | re.S)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def _command(beginning: str, containing: str = "") -> str:
    """The one command of the page that begins so."""
    found = {command for command in _commands() if command.startswith(beginning) and containing in command}
    assert len(found) == 1, f"docs/cloud.md has {len(found)} commands that begin with {beginning!r}"
    return found.pop()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return _runner(tmp_path, {})


def _runner(folder: Path, endpoints: dict[str, str]) -> Run:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "CLOUDSDK_CONFIG": str(folder / "gcloud"),
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        "TF_VAR_project_id": PROJECT,
        "STAGE": "trial",
        **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}": address for name, address in endpoints.items()},
    }

    def run(command: str) -> str:
        done = subprocess.run(
            ["bash", "-euc", command],
            check=False,
            capture_output=True,
            text=True,
            env=environment,
            cwd=ROOT,
            timeout=60,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        return done.stdout

    return run


@pytest.fixture
def pubsub(emulator: str, tmp_path: Path) -> Iterator[Run]:
    """A shell whose gcloud talks to the Pub/Sub emulator, which holds the platform's topic and subscriptions."""
    with PublisherClient() as publisher, SubscriberClient() as subscriber:
        publisher.create_topic(request={"name": TOPIC, "message_retention_duration": {"seconds": 604800}})
        names = [subscriber.subscription_path(PROJECT, f"shop-events-lake-{colour}") for colour in ("blue", "green")]
        for name in names:
            subscriber.create_subscription(request={"name": name, "topic": TOPIC, "retain_acked_messages": True})
        yield _runner(tmp_path, {"PUBSUB": f"http://{emulator}/"})
        for name in names:
            subscriber.delete_subscription(request={"subscription": name})
        publisher.delete_topic(request={"topic": TOPIC})


def _pull(colour: str) -> list[bytes]:
    """What the subscription holds unread; acknowledges it."""
    with SubscriberClient() as subscriber:
        name = subscriber.subscription_path(PROJECT, f"shop-events-lake-{colour}")
        pulled = subscriber.pull(request={"subscription": name, "max_messages": 10}, timeout=10).received_messages
        if pulled:
            subscriber.acknowledge(request={"subscription": name, "ack_ids": [m.ack_id for m in pulled]})
        return [message.message.data for message in pulled]


def test_the_event_that_the_page_publishes_reaches_both_colours(pubsub: Run) -> None:
    pubsub(_command("gcloud pubsub topics publish"))

    assert _pull("blue") == _pull("green") == [b'{"event_type": "hello"}']


def _publish(count: int) -> set[str]:
    """Publishes that many events of the contract; returns their ids."""
    sent = [event(event_id=str(uuid.uuid4()), timestamp=datetime.now(UTC).isoformat()) for _ in range(count)]
    with PublisherClient() as publisher:
        publisher.publish(request={"topic": TOPIC, "messages": [{"data": payload(each)} for each in sent]})
    return {each["event_id"] for each in sent}


def _job_runs_until_it_has_read_everything(folder: Path) -> list[str]:
    """The ingestion on blue's subscription, ended as a drain ends it; returns the ids of all lines that the lake holds then."""
    subscription = f"projects/{PROJECT}/subscriptions/shop-events-lake-blue"
    done = running.run(*running.arguments(subscription, folder, "--stop_after_idle_seconds=1"))
    assert done.returncode == 0, done.stderr
    lines = [line for path in objects_below(folder / "lake") for line in lines_of(path)]
    return [json.loads(line)["event_id"] for line in lines]


def _seek_back(instant: str) -> str:
    return re.sub(r"--time=\S+", f"--time={instant}", _command("gcloud pubsub subscriptions seek", "--time="))


@pytest.mark.proof
def test_drain_seek_start_reads_everything_once_more(pubsub: Run, tmp_path: Path) -> None:
    before = datetime.now(UTC).isoformat()
    ids = _publish(20)
    assert sorted(_job_runs_until_it_has_read_everything(tmp_path)) == sorted(ids)
    waiting = _publish(5)

    pubsub(_seek_back(before))
    replayed = Counter(_job_runs_until_it_has_read_everything(tmp_path))

    assert replayed == Counter(dict.fromkeys(ids, 2)) + Counter(waiting), "lines double, and what waited is read, too"


@pytest.mark.proof
def test_after_a_cancel_a_seek_to_the_watermark_brings_back_what_was_acknowledged_and_not_written(
    pubsub: Run, tmp_path: Path
) -> None:
    written = _publish(5)
    assert set(_job_runs_until_it_has_read_everything(tmp_path)) == written
    watermark = json.loads((tmp_path / "lake/_control/watermark.json").read_text())["watermark"]
    held = _publish(5)
    assert len(_pull("blue")) == len(held), "acknowledged, and gone with the state of a job that is cancelled"
    assert set(_job_runs_until_it_has_read_everything(tmp_path)) == written

    pubsub(_seek_back(watermark))

    assert set(_job_runs_until_it_has_read_everything(tmp_path)) == written | held


def test_the_job_of_a_replay_is_drained_before_its_subscription_is_sought() -> None:
    page = _commands()
    seek = page.index(_command("gcloud pubsub subscriptions seek", "--time="))

    assert page[seek - 1].startswith("terraform -chdir=terraform apply")
    assert 'blue={state="drained"}' in page[seek - 1]
    assert page[seek + 1] == 'terraform -chdir=terraform apply -var-file="environments/$STAGE.tfvars"'


def test_the_hand_over_gives_green_exactly_what_blue_left(pubsub: Run) -> None:
    publish = _command("gcloud pubsub topics publish")
    pubsub(publish)
    assert len(_pull("blue")) == 1
    pubsub(publish.replace("hello", "left"))

    pubsub(_command("gcloud pubsub snapshots create"))
    pubsub(_command("gcloud pubsub subscriptions seek", "--snapshot="))

    assert _pull("green") == [b'{"event_type": "left"}']
    pubsub(_command("gcloud pubsub snapshots delete"))


def test_the_page_lists_what_is_in_quarantine(storage_emulator: str, tmp_path: Path) -> None:
    make_bucket(storage_emulator, f"{PROJECT}-quarantine")
    run = _runner(tmp_path, {"STORAGE": f"{storage_emulator}/storage/v1/"})
    urllib.request.urlopen(  # noqa: S310
        f"{storage_emulator}/upload/storage/v1/b/{PROJECT}-quarantine/o?uploadType=media&name=failed/reason=missing_field/x",
        data=b"{}",
    ).read()

    assert "failed/reason=missing_field/" in run(_command("gcloud storage ls", "quarantine/failed"))
    assert objects(storage_emulator, f"{PROJECT}-quarantine") == {"failed/reason=missing_field/x": b"{}"}


def test_the_template_by_hand_is_what_terraform_writes(run: Run) -> None:
    printed = run(_command("gcloud dataflow flex-template build"))
    specification = yaml.safe_load(yaml.safe_load(printed) if printed.startswith("|") else printed)

    assert specification["image"] == f"europe-west1-docker.pkg.dev/{PROJECT}/lake/lake-ingestion:live"
    assert specification["sdkInfo"] == {"language": "PYTHON"}
    assert specification["defaultEnvironment"] == {
        "machineType": "n1-standard-2",
        "numWorkers": 1,
        "maxWorkers": 5,
        "tempLocation": f"gs://{PROJECT}-temp/tmp",
        "stagingLocation": f"gs://{PROJECT}-temp/staging",
    }
    template = hcl.text("modules/ingestion/main.tf").split("defaultEnvironment = {")[1].split("}\n    })")[0]
    assert set(specification["defaultEnvironment"]) < set(re.findall(r"^ +(\w+) +=", template, re.M))
    written = yaml.safe_load((ROOT / "flex_template/metadata.json").read_text())["parameters"]
    assert [p["name"] for p in specification["metadata"]["parameters"]] == [p["name"] for p in written]
    assert [p.get("regexes") for p in specification["metadata"]["parameters"]] == [p.get("regexes") for p in written]


def test_the_build_uploads_the_image_s_sources_and_nothing_else(run: Run) -> None:
    listed = run("gcloud meta list-files-for-upload .").splitlines()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "flex_template/Dockerfile").read_text(), re.M)
    sources = {name for names in copied for name in names.split()}

    assert {"setup.py", "flex_template/Dockerfile", "flex_template/main.py", "requirements/ingestion.txt"} <= set(
        listed
    )
    for file in listed:
        assert any(file == name or file.startswith(f"{name}/") for name in sources) or file.startswith(
            "flex_template/"
        ), file


def test_every_gcloud_command_of_the_page_is_one_that_gcloud_knows(run: Run) -> None:
    names = {"shop-events", "shop-events-lake-blue", "shop-events-lake-green", "handover"}
    commands = {
        " ".join(word for word in found[0].split() if word not in names)
        for command in _commands()
        if (found := re.match(r"gcloud(?: [a-z][a-z-]*(?= |$))+", command))
    }

    assert len(commands) >= 6
    for command in sorted(commands):
        run(f"{command} --help")
