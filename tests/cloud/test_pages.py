"""The pages on the cloud: their sums add up, their links lead somewhere."""

from __future__ import annotations

import re

import pytest

from tests.cloud import hcl
from tests.cloud.stand_ins import ROOT

CLOUD_PAGE = (ROOT / "docs/cloud.md").read_text()
ALERTS = "modules/observability/alerts.tf"


def test_the_costs_add_up() -> None:
    rows = re.findall(r"^\| (?!Part|--)(.+?) \| .* \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", CLOUD_PAGE, re.M)
    total = re.search(
        r"^\| \*\*Together\*\* \| \| \*\*(\d+)\*\* \| \*\*(\d+)\*\* \| \*\*(\d+)\*\* \|$", CLOUD_PAGE, re.M
    )
    assert total

    assert len(rows) == 10
    for column in range(3):
        assert round(sum(float(row[column + 1]) for row in rows)) == int(total[column + 1])


def test_what_terraform_cannot_switch_on_itself_is_switched_on_before_it_runs() -> None:
    enabled = CLOUD_PAGE.index("gcloud services enable")
    line = CLOUD_PAGE[enabled:].splitlines()[0]

    assert enabled < CLOUD_PAGE.index("terraform -chdir=")
    assert {"cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com"} <= set(line.split())


@pytest.mark.parametrize("alert", ["error-logs", "job-failed", "oldest-unacked", "system-lag", "watermark-age"])
def test_who_may_be_about_to_cancel_a_job_reads_what_that_loses(alert: str) -> None:
    assert "../cloud.md#after-a-cancel" in (ROOT / f"docs/runbooks/{alert}.md").read_text()
    assert "\n### After a cancel\n" in CLOUD_PAGE


def test_links_of_the_cloud_pages_lead_somewhere() -> None:
    pages = [ROOT / f"docs/{name}.md" for name in ("cloud", "iam", "looker-studio")]
    pages += [
        ROOT / f"docs/runbooks/{name}.md"
        for name in set(re.findall(r"^\s+([a-z]+-[a-z]+) = \{$", hcl.text(ALERTS), re.M))
    ]
    for page in pages:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
            if target == "airflow.md" and not (page.parent / target).exists():
                continue  # written with the DAGs
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
