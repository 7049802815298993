"""Every mistake ends in one line that names the option and the remedy, exit code 2, before anything is read."""

from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import StandardOptions

from beam_pipeline.command_line import LAUNCHER, parse
from beam_pipeline.options import DirectRunnerOptions, IngestionOptions, ingestion_config

SUBSCRIPTION = "projects/my-project/subscriptions/events"
READ = f"--input_subscription={SUBSCRIPTION}"
CLOUD = ["--runner=DataflowRunner", READ, "--project=my-project", "--region=europe-west1", "--temp_location=gs://tmp/x"]


def paths(folder: Path) -> list[str]:
    return [f"--output_path={folder}/lake", f"--quarantine_path={folder}/quarantine"]


def test_a_right_command_line_gives_typed_options(tmp_path: Path) -> None:
    options = parse([READ, *paths(tmp_path), "--window_seconds=60", "--stop_after_idle_seconds=5"])
    config = ingestion_config(options)
    assert options.view_as(StandardOptions).runner in (None, "DirectRunner")
    assert options.view_as(IngestionOptions).input_subscription == SUBSCRIPTION
    assert options.view_as(DirectRunnerOptions).stop_after_idle_seconds == 5.0
    assert config.window_seconds == 60
    assert config.compression == "gzip"
    assert config.roots == {"lake": f"{tmp_path}/lake", "quarantine": f"{tmp_path}/quarantine"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["{paths}"], "no input: give --input_subscription"),
        ([READ, "--input_files=x", "{paths}"], "both given: choose one"),
        ([READ, "--quarantine_path={tmp}/q"], "--output_path is missing"),
        ([READ, "--output_path={tmp}/o"], "--quarantine_path is missing"),
        ([READ, "--output_path={tmp}/o", "--quarantine_path={tmp}/o"], "a place of its own"),
        ([READ, "--output_path={tmp}/o", "--quarantine_path={tmp}/o/"], "a place of its own"),
        (["--input_subscription=events", "{paths}"], "projects/PROJECT/subscriptions/NAME"),
        (["--input_subscription=projects/p/subscriptions/events", "{paths}"], "'projects/p/subscriptions/events'"),
        (["--input_subscription=projects/my-project/topics/events", "{paths}"], "is not a subscription"),
        (
            [READ, "--output_path=s3://bucket/x", "--quarantine_path={tmp}/q"],
            "'s3://bucket/x' is not a writable location",
        ),
        ([READ, "--output_path=gs://", "--quarantine_path={tmp}/q"], "'gs://' is not a writable location"),
        ([READ, "--output_path=", "--quarantine_path={tmp}/q"], "is not a writable location"),
        ([READ, "{paths}", "--window_seconds=-5"], "--window_seconds: '-5' is not a whole number above zero"),
        ([READ, "{paths}", "--max_object_bytes=0"], "--max_object_bytes: '0'"),
        ([READ, "{paths}", "--batch_max_messages=-1"], "--batch_max_messages: '-1'"),
        ([READ, "{paths}", "--stop_after_idle_seconds=nan"], "--stop_after_idle_seconds: 'nan'"),
        ([READ, "{paths}", "--compression=zstd"], "--compression: invalid choice: 'zstd'"),
        ([READ, "{paths}", "--runner=FlinkRunner"], "--runner: invalid choice: 'FlinkRunner'"),
        ([READ, "{paths}", "--output_pth=x"], "unknown option --output_pth=x"),
        (["--input_files={tmp}/nothing-*.ndjson", "{paths}"], "matches no file"),
        (["--input_files={tmp}", "{paths}"], "is a folder: name its files, like {tmp}/*.ndjson"),
        (["--input_files=s3://bucket/x", "{paths}"], "'s3://bucket/x' names no files"),
        (["--input_files=gs:/bucket/x", "{paths}"], "'gs:/bucket/x' is neither a path nor an address"),
        (["--input_files=file", "{paths}", "--input_publish_time=2026-11-22"], "is not an instant with its offset"),
        ([READ, "{paths}", "--input_publish_time=2026-11-22T10:00:00Z"], "--input_publish_time is for files"),
        ([READ, "--output_path=gs:/bucket/x", "--quarantine_path={tmp}/q"], "write gs://BUCKET/…, file:///PATH"),
        ([READ, "--output_path=file://elsewhere/x", "--quarantine_path={tmp}/q"], "is neither a path nor an address"),
        ([READ, "--output_path=~nobody-here/x", "--quarantine_path={tmp}/q"], "there is no home folder of that user"),
        ([READ, "--output_path={tmp}/file/lake", "--quarantine_path={tmp}/q"], "cannot be written"),
        (
            [READ, "{paths}", "--summary_file={tmp}/file/summary.json"],
            "--summary_file={tmp}/file/summary.json cannot be",
        ),
        ([READ, "{paths}", "--summary_file={tmp}"], "is a folder: name a file in it"),
        ([*CLOUD, "{paths}"], "Dataflow's workers cannot write to the local folder"),
        (
            ["--runner=DataflowRunner", READ, "--output_path=gs://lake", "--quarantine_path=gs://quarantine"],
            "--project is missing",
        ),
    ],
)
def test_a_mistake_ends_in_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    (tmp_path / "file").write_text("")
    given = [
        part.replace("{tmp}", str(tmp_path))
        for argument in arguments
        for part in (paths(tmp_path) if argument == "{paths}" else [argument])
    ]
    with pytest.raises(SystemExit) as ended:
        parse(given)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert expected.replace("{tmp}", str(tmp_path)) in told
    assert told.count("\n") == 1, told


@pytest.mark.parametrize("address", ["~/lake", "file://{home}/lake/", "file://localhost{home}/lake"])
def test_addresses_of_one_folder_mean_that_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    given = address.replace("{home}", str(tmp_path))
    options = parse([READ, f"--output_path={given}", f"--quarantine_path={tmp_path}/q"])
    assert ingestion_config(options).output_path == f"{tmp_path}/lake"


def test_dataflow_options_are_accepted() -> None:
    options = parse(
        [*CLOUD, "--output_path=gs://lake/events", "--quarantine_path=gs://quarantine/", "--max_num_workers=3"]
    )
    assert ingestion_config(options).quarantine_path == "gs://quarantine"


def test_help_explains_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for option in ("--input_subscription", "--input_files", "--quarantine_path", "--stop_after_idle_seconds"):
        assert option in shown


def test_an_option_that_google_s_launcher_adds_and_this_beam_does_not_know_is_a_warning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LAUNCHER, "/template/main.py")
    given = [*CLOUD, "--output_path=gs://lake", "--quarantine_path=gs://quarantine", "--launcher_option=1", "--added"]

    options = parse(given)

    assert options.view_as(IngestionOptions).output_path == "gs://lake"
    assert str(options.get_all_options(retain_unknown_options=True)["launcher_option"]) == "1"
    warning = capsys.readouterr().err
    assert "warning: unknown to this version of Beam, and left to Dataflow: --launcher_option=1 --added" in warning


def test_what_a_person_got_wrong_ends_a_launch_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LAUNCHER, "/template/main.py")

    with pytest.raises(SystemExit, match="2"):
        parse([*CLOUD, "--output_path=gs://lake", "--quarantine_path=gs://quarantine", "--window_seconds=x"])

    assert "--window_seconds: 'x'" in capsys.readouterr().err
