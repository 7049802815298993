"""A link that opens Looker Studio on the published reports.

Format: https://developers.google.com/looker-studio/integrate/linking-api
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from lake_cli.cloud.stage import Stage
from lake_cli.errors import LakeError

REPORTS: Final = Path("dbt/models/reporting")
_CREATE: Final = "https://lookerstudio.google.com/reporting/create"


def reports(folder: Path = REPORTS) -> list[str]:
    """Names of the published reports: dbt's models of the reporting layer.

    Raises:
        LakeError: the folder holds none.
    """
    names = sorted(model.stem for model in folder.glob("*.sql"))
    if not names:
        raise LakeError(f"no report in {folder}/: run this from the root of the repository")
    return names


def link(stage: Stage, names: list[str], template: str | None = None) -> str:
    """The link: a new report with each table as a data source; with a template, its charts on them.

    A template's data sources must have the reports' names as aliases. Queries are billed to the stage's project.
    """
    parameters = {"c.mode": "edit", "r.reportName": f"E-commerce lake, {stage.stage}"}
    if template:
        parameters["c.reportId"] = template
    for index, name in enumerate(names):
        source = f"ds.{name if template else f'ds{index}'}"
        parameters |= {
            f"{source}.connector": "bigQuery",
            f"{source}.datasourceName": name,
            f"{source}.type": "TABLE",
            f"{source}.projectId": stage.project_id,
            f"{source}.billingProjectId": stage.project_id,
            f"{source}.datasetId": stage.reporting_dataset,
            f"{source}.tableId": name,
        }
    return f"{_CREATE}?{urlencode(parameters, quote_via=quote)}"
