"""Every mistake ends in one line that names the option and the remedy, exit code 2, before anything is read."""

from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import StandardOptions

from beam_pipeline.command_line import parse
from beam_pipeline.options import DirectRunnerOptions, IngestionConfig, IngestionOptions

SUBSCRIPTION = "projects/my-project/subscriptions/events"
READ = f"--input_subscription={SUBSCRIPTION}"
CLOUD = ["--runner=DataflowRunner", READ, "--project=my-project", "--region=europe-west1", "--temp_location=gs://tmp/x"]


def paths(folder: Path) -> list[str]:
    return [f"--output_path={folder}/lake", f"--quarantine_path={folder}/quarantine"]


def test_a_right_command_line_gives_typed_options(tmp_path: Path) -> None:
    options = parse([READ, *paths(tmp_path), "--window_seconds=60", "--stop_after_idle_seconds=5"])
    config = IngestionConfig.from_options(options)
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
        ([READ, "--output_path=s3://bucket/x", "--quarantine_path={tmp}/q"], "'s3://bucket/x' is no place"),
        ([READ, "--output_path=gs://", "--quarantine_path={tmp}/q"], "'gs://' is no place"),
        ([READ, "--output_path=", "--quarantine_path={tmp}/q"], "is no place"),
        ([READ, "{paths}", "--window_seconds=-5"], "--window_seconds: '-5' is not a whole number above zero"),
        ([READ, "{paths}", "--max_object_bytes=0"], "--max_object_bytes: '0'"),
        ([READ, "{paths}", "--max_object_rows=many"], "--max_object_rows: 'many'"),
        ([READ, "{paths}", "--batch_max_messages=-1"], "--batch_max_messages: '-1'"),
        ([READ, "{paths}", "--stop_after_idle_seconds=nan"], "--stop_after_idle_seconds: 'nan'"),
        ([READ, "{paths}", "--compression=zstd"], "--compression: invalid choice: 'zstd'"),
        ([READ, "{paths}", "--runner=FlinkRunner"], "--runner: invalid choice: 'FlinkRunner'"),
        ([READ, "{paths}", "--output_pth=x"], "unknown option --output_pth=x"),
        ([READ, "{paths}", "--id_label=a b"], "--id_label: 'a b'"),
        (["--input_files={tmp}/nothing-*.ndjson", "{paths}"], "matches no file"),
        ([READ, "--output_path={tmp}/file/lake", "--quarantine_path={tmp}/q"], "cannot be written"),
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
    assert expected in told
    assert told.count("\n") == 1, told


def test_dataflow_options_are_accepted() -> None:
    options = parse(
        [*CLOUD, "--output_path=gs://lake/events", "--quarantine_path=gs://quarantine/", "--max_num_workers=3"]
    )
    assert IngestionConfig.from_options(options).quarantine_path == "gs://quarantine"


def test_help_explains_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for option in ("--input_subscription", "--input_files", "--quarantine_path", "--stop_after_idle_seconds"):
        assert option in shown
