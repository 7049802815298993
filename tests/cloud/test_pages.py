"""The pages on the cloud: their sums add up, their links lead somewhere."""

from __future__ import annotations

import re

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
