"""`lake cloud`, with programs on PATH that note how they are called: what they would reach does not exist here."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import typer
from typer.testing import CliRunner

from lake_cli.cloud import looker, status
from lake_cli.cloud.cli import app
from lake_cli.cloud.stage import Job, Stage
from lake_cli.errors import LakeError
from tests.cloud import hcl
from tests.cloud.stand_ins import ROOT

OUTPUTS = {
    "stage": "trial",
    "project_id": "shop-lake-test",
    "region": "europe-west1",
    "image": "europe-west1-docker.pkg.dev/shop-lake-test/lake/lake-ingestion",
    "temp": "shop-lake-test-temp",
    "build_service_account": "projects/shop-lake-test/serviceAccounts/lake-build@shop-lake-test.iam.gserviceaccount.com",
    "lake": "gs://shop-lake-test-lake",
    "reporting_dataset": "analytics_reporting",
    "jobs": {"blue": {"name": "lake-ingestion-blue", "id": "1", "template": "gs://t"}},
}
STAGE = Stage(**{**OUTPUTS, "jobs": (Job("blue", "lake-ingestion-blue"),)})  # type: ignore[arg-type]
IMAGE = OUTPUTS["image"]
Programs = Callable[..., Callable[[], list[list[str]]]]


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Puts programs on PATH that answer as told and note their arguments; gives back how to read the notes."""

    def make(**answers: dict[str, str]) -> Callable[[], list[list[str]]]:
        folder, notes = tmp_path / "bin", tmp_path / "notes"
        folder.mkdir()
        notes.touch()
        for program, by_word in {"terraform": {}, "gcloud": {}, "git": {}, **answers}.items():
            script = folder / program
            code = folder / f"{program}.py"
            code.write_text(
                "import json, sys\n"
                f"open({str(notes)!r}, 'a').write(json.dumps([{program!r}, *sys.argv[1:]]) + '\\n')\n"
                f"for word, answer in {by_word!r}.items():\n"
                "    if word in sys.argv:\n"
                "        sys.exit(int(answer[5:])) if answer.startswith('exit ') else sys.stdout.write(answer)\n"
            )
            # The line that names an interpreter takes no path with a space; a shell does.
            command = shlex.join([sys.executable, str(code)])
            script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        return lambda: [json.loads(line) for line in notes.read_text().splitlines()]

    monkeypatch.chdir(ROOT)
    return make


def _terraform(**changes: object) -> dict[str, str]:
    return {"output": json.dumps({name: {"value": value} for name, value in {**OUTPUTS, **changes}.items()})}


def _deploy(*arguments: str) -> int:
    result = CliRunner().invoke(app, ["deploy", *arguments], catch_exceptions=False)
    return result.exit_code


def test_a_deployment_builds_the_commit_applies_it_and_only_then_calls_it_live(calls: Programs) -> None:
    read = calls(terraform=_terraform(), git={"rev-parse": "1f2e3d4c5b6a\n"})

    assert _deploy("trial") == 0

    made = [call for call in read() if call[0] != "git" and "output" not in call]
    assert [call[:3] for call in made] == [
        ["gcloud", "builds", "submit"],
        ["terraform", "-chdir=terraform", "apply"],
        ["gcloud", "artifacts", "docker"],
    ]
    assert f"--substitutions=_IMAGE={IMAGE},_TAG=1f2e3d4c5b6a" in made[0]
    assert "--gcs-source-staging-dir=gs://shop-lake-test-temp/builds" in made[0]
    assert made[1][3:] == ["-var-file=environments/trial.tfvars", "-var=release=1f2e3d4c5b6a"]
    assert made[2][3:] == ["tags", "add", f"{IMAGE}:1f2e3d4c5b6a", f"{IMAGE}:live", "--quiet"]


def test_going_back_builds_nothing(calls: Programs) -> None:
    read = calls(terraform=_terraform())

    assert _deploy("trial", "--release", "000000000000", "--yes") == 0

    made = [call for call in read() if "output" not in call]
    assert [call[1] for call in made] == ["-chdir=terraform", "artifacts"]
    assert made[0][-2:] == ["-var=release=000000000000", "-auto-approve"]


def test_a_release_that_cannot_be_applied_is_not_called_live(calls: Programs) -> None:
    read = calls(terraform={**_terraform(), "apply": "exit 1"})

    with pytest.raises(LakeError, match="exit code 1") as failure:
        _deploy("trial", "--release", "000000000000")

    assert failure.value.exit_code == 1
    assert not [call for call in read() if call[0] == "gcloud"]


def test_changes_that_no_commit_holds_are_not_deployed(calls: Programs) -> None:
    read = calls(
        terraform=_terraform(),
        git={"status": " M terraform/environments/trial.tfvars\n?? terraform/.terraform.lock.hcl\n"},
    )

    with pytest.raises(
        LakeError, match=r"not committed: terraform/environments/trial\.tfvars, terraform/\.terraform\.lock\.hcl\."
    ):
        _deploy("trial")

    assert not [call for call in read() if call[0] == "gcloud"]


def test_the_wrong_stage_is_not_deployed(calls: Programs) -> None:
    calls(terraform=_terraform(stage="production"))

    with pytest.raises(LakeError, match="connected to stage 'production', not 'trial'"):
        _deploy("trial")


def test_an_unknown_stage_names_the_known_ones(calls: Programs) -> None:
    calls(terraform=_terraform())

    with pytest.raises(LakeError, match="known stages are production, trial"):
        _deploy("staging")


def test_nothing_applied_says_what_to_do_first(calls: Programs) -> None:
    calls(terraform={"output": "{}"})

    with pytest.raises(LakeError, match="run terraform init and terraform apply first"):
        CliRunner().invoke(app, ["status"], catch_exceptions=False)


def test_elsewhere_than_in_the_repository_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(LakeError, match="root of the repository"):
        CliRunner().invoke(app, ["status"], catch_exceptions=False)


def test_status_shows_the_job_and_how_old_the_watermark_is(calls: Programs) -> None:
    calls(
        terraform=_terraform(),
        gcloud={
            "list": json.dumps([{"state": "Running", "id": "2026-11-22_1"}]),
            "cat": json.dumps({"watermark": "2026-11-22T10:00:00Z", "written_at": "2026-11-22T10:00:05Z"}),
        },
    )

    shown = list(status.lines(STAGE, datetime(2026, 11, 22, 10, 1, tzinfo=UTC)))

    assert "Job        lake-ingestion-blue: Running (2026-11-22_1)" in shown
    assert shown[-1] == "Complete   up to 2026-11-22T10:00:00+00:00, 60 s ago"


def test_status_of_a_lake_without_a_watermark(calls: Programs) -> None:
    calls(gcloud={"list": "[]", "cat": "exit 1"})

    shown = list(status.lines(STAGE))

    assert any("not found" in line for line in shown)
    assert shown[-1].startswith("Complete   unknown")


def test_the_link_connects_every_published_report() -> None:
    names = looker.reports(ROOT / "dbt/models/reporting")
    url = urlsplit(looker.link(STAGE, names))
    query = {key: values[0] for key, values in parse_qs(url.query).items()}

    assert (url.scheme, url.netloc, url.path) == ("https", "lookerstudio.google.com", "/reporting/create")
    assert [query[f"ds.ds{index}.tableId"] for index in range(len(names))] == names
    assert {query[f"ds.ds{index}.datasetId"] for index in range(len(names))} == {"analytics_reporting"}
    assert query["ds.ds0.connector"] == "bigQuery"
    assert "rpt_daily_revenue" in names


def test_a_template_s_sources_are_named_after_the_reports() -> None:
    query = parse_qs(urlsplit(looker.link(STAGE, ["rpt_daily_revenue"], template="abc")).query)

    assert query["c.reportId"] == ["abc"]
    assert query["ds.rpt_daily_revenue.tableId"] == ["rpt_daily_revenue"]


def test_an_unknown_report_names_the_known_ones(calls: Programs) -> None:
    calls(terraform=_terraform())

    result = CliRunner().invoke(app, ["looker-link", "--report", "rpt_nothing"])

    assert result.exit_code == 2
    assert "rpt_daily_revenue" in result.output


def test_terraform_s_outputs_are_those_that_the_commands_read() -> None:
    outputs = set(hcl.outputs())

    assert OUTPUTS.keys() <= outputs
    assert typer.main.get_command(app).commands.keys() == {"deploy", "status", "looker-link"}  # type: ignore[attr-defined]
