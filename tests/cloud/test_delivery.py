"""Workflows, build files and the script that lints them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from delivery.checkov_report import problems
from tests.cloud.stand_ins import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.slow
def test_the_static_checks_find_nothing() -> None:
    done = subprocess.run(
        [str(ROOT / "delivery/check"), "--offline"], check=False, capture_output=True, text=True, timeout=170
    )
    if done.returncode == 3:
        pytest.skip("the tools of delivery/tools.txt are missing: run delivery/check once")

    assert done.returncode == 0, done.stdout
    assert done.stdout.count("PASS") == 6


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_and_say_which_version_that_is(workflow: Path) -> None:
    used = re.findall(r"uses: (.+)", workflow.read_text())

    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_a_delivery_goes_through_every_gate_in_order() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/deliver.yml").read_text())["jobs"]

    assert list(jobs) == ["test", "image", "plan", "apply"]
    assert jobs["image"]["needs"] == "test"
    assert jobs["plan"]["needs"] == "image"
    assert jobs["apply"]["needs"] == ["image", "plan"]
    assert jobs["apply"]["environment"] == jobs["image"]["environment"] == "production"
    steps = [step.get("name") for step in jobs["image"]["steps"] + jobs["plan"]["steps"] + jobs["apply"]["steps"]]
    named = [name for name in steps if name]
    assert named == [
        "Build and push",
        "Digest",
        "Scan",
        "Template and plan",
        "Apply exactly what was approved",
        "Remember it as live",
        "Smoke check",
    ]


def test_only_the_reviewed_environment_becomes_the_delivery_account() -> None:
    for workflow in WORKFLOWS:
        for name, job in yaml.safe_load(workflow.read_text())["jobs"].items():
            accounts = [
                step["with"]["service_account"] for step in job["steps"] if "service_account" in step.get("with", {})
            ]
            for account in accounts:
                reviewed = job.get("environment") == "production"
                assert account.startswith("lake-delivery@" if reviewed else "lake-plan@"), f"{workflow.name} {name}"


def test_no_secret_is_needed() -> None:
    for workflow in WORKFLOWS:
        assert "secrets." not in workflow.read_text()


def test_the_image_is_asked_for_help_before_it_is_pushed() -> None:
    steps = yaml.safe_load((ROOT / "delivery/cloudbuild.yaml").read_text())["steps"]

    assert [step["id"] for step in steps] == ["build", "smoke", "push"]
    assert "--network=none" in steps[1]["args"]


def _script(folder: Path, script: str, *arguments: str, **programs: str) -> subprocess.CompletedProcess[str]:
    """Runs a script of delivery/ with programs on PATH that are bash scripts of the given text."""
    if shutil.which("jq") is None:
        pytest.skip("no jq: install it")
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/bash\n{text}\n")
        (folder / name).chmod(0o755)
    return subprocess.run(
        [str(ROOT / "delivery" / script), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PAUSE_SECONDS": "0"},
    )


def _scanned(fixable: bool, status: str = "FINISHED_SUCCESS") -> str:
    finding = {
        "noteName": "projects/goog-vulnz/notes/CVE-1",
        "vulnerability": {"fixAvailable": fixable, "packageIssue": [{"affectedPackage": "libssl"}]},
    }
    report = {
        "discovery_summary": {"discovery": [{"discovery": {"analysisStatus": status}}]},
        "package_vulnerability_summary": {"vulnerabilities": {"CRITICAL": [finding]}},
    }
    return f"echo '{json.dumps(report)}'"


def test_a_critical_vulnerability_with_a_fix_stops_a_delivery(tmp_path: Path) -> None:
    done = _script(tmp_path, "scan", "image@sha256:1", gcloud=_scanned(fixable=True))

    assert done.returncode == 1
    assert "CVE-1 libssl" in done.stderr


def test_one_without_a_fix_does_not(tmp_path: Path) -> None:
    assert _script(tmp_path, "scan", "image@sha256:1", gcloud=_scanned(fixable=False)).returncode == 0


def test_an_image_that_is_never_scanned_stops_a_delivery(tmp_path: Path) -> None:
    done = _script(tmp_path, "scan", "image@sha256:1", gcloud=_scanned(fixable=False, status="SCANNING"))

    assert done.returncode == 1
    assert "has not been scanned" in done.stderr


def _terraform_outputs(jobs: dict[str, dict[str, str]]) -> str:
    outputs = {"project_id": "p", "region": "r", "lake": "gs://lake", "window_seconds": 600, "jobs": jobs}
    return f"echo '{json.dumps({name: {'value': value} for name, value in outputs.items()})}'"


JOBS = {"blue": {"name": "lake-ingestion-blue"}}


def test_the_smoke_check_wants_the_job_running_and_the_watermark_moving(tmp_path: Path) -> None:
    moving = 'case "$1" in dataflow) echo Running ;; storage) date +%s%N ;; esac'
    done = _script(tmp_path, "smoke", terraform=_terraform_outputs(JOBS), gcloud=moving)

    assert done.returncode == 0, done.stderr
    assert "lake-ingestion-blue is running" in done.stdout
    assert "the watermark moves" in done.stdout


def test_a_job_that_does_not_run_fails_the_smoke_check(tmp_path: Path) -> None:
    done = _script(tmp_path, "smoke", terraform=_terraform_outputs(JOBS), gcloud="echo Failed")

    assert done.returncode == 1
    assert "lake-ingestion-blue is not running: Failed" in done.stderr


def test_the_smoke_check_waits_for_two_windows(tmp_path: Path) -> None:
    """Looked at every 20 s, a watermark that moves once in 20 minutes has stood for 60 looks."""
    looks = tmp_path / "looks"
    late = f'case "$1" in dataflow) echo Running ;; storage) echo x >>{looks}; echo $(($(wc -l <{looks}) / 61)) ;; esac'
    done = _script(tmp_path, "smoke", terraform=_terraform_outputs(JOBS), gcloud=late)

    assert done.returncode == 0, done.stderr


def test_a_watermark_that_stands_fails_the_smoke_check(tmp_path: Path) -> None:
    standing = 'case "$1" in dataflow) echo Running ;; storage) echo 10:00 ;; esac'
    done = _script(tmp_path, "smoke", terraform=_terraform_outputs(JOBS), gcloud=standing)

    assert done.returncode == 1
    assert "docs/runbooks/watermark-age.md" in done.stderr


def test_where_no_job_should_run_there_is_nothing_to_check(tmp_path: Path) -> None:
    assert _script(tmp_path, "smoke", terraform=_terraform_outputs({}), gcloud="exit 1").returncode == 0


@pytest.mark.skipif(shutil.which("terraform") is None, reason="no terraform: install it")
def test_terraform_s_files_are_formatted() -> None:
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-recursive", str(ROOT / "terraform")],
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout


def _report(**changes: object) -> dict[str, object]:
    return {"parsing_errors": [], "passed_checks": [], "failed_checks": [], "skipped_checks": [], **changes}


def _check(resource: str, comment: str = "") -> dict[str, object]:
    return {
        "check_id": "CKV_1",
        "check_name": "a check",
        "resource": resource,
        "file_path": "/main.tf",
        "check_result": {"suppress_comment": comment},
    }


def test_a_clean_report_is_clean(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "google_storage_bucket" "a" {\n}\n')

    assert problems(_report(passed_checks=[_check("module.lake.google_storage_bucket.a[lake]")]), tmp_path) == []


def test_what_checkov_would_pass_over_in_silence_is_found(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'resource "google_storage_bucket" "a" {\n}\nresource "google_storage_bucket" "b" {\n}\n'
    )

    assert "cannot be parsed: x.tf" in problems(_report(parsing_errors=["x.tf"]), tmp_path)
    assert any(
        "skipped without a reason" in p for p in problems(_report(skipped_checks=[_check("r.a", "n/a")]), tmp_path)
    )
    assert any("CKV_1 r.a: a check" in p for p in problems(_report(failed_checks=[_check("r.a")]), tmp_path))
    unseen = problems(_report(passed_checks=[_check("google_storage_bucket.a")]), tmp_path)
    assert unseen == [f"{tmp_path}/main.tf: checkov has not looked at google_storage_bucket.b"]
