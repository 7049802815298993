"""A stage of the platform on Google Cloud, as Terraform's outputs describe it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lake_cli.cloud import commands
from lake_cli.errors import LakeError

TERRAFORM: Final = Path("terraform")


@dataclass(frozen=True)
class Job:
    """A running ingestion job."""

    colour: str
    name: str


@dataclass(frozen=True)
class Stage:
    """What the commands need to know of a stage: names as in terraform/outputs.tf."""

    stage: str
    project_id: str
    region: str
    image: str
    temp: str
    build_service_account: str
    lake: str
    reporting_dataset: str
    jobs: tuple[Job, ...]


def read_stage(terraform: Path = TERRAFORM) -> Stage:
    """The stage whose state Terraform is connected to.

    Raises:
        LakeError: this is not the repository's root, or nothing has been applied.
        commands.CommandFailed: Terraform cannot read its state.
    """
    if not (terraform / "main.tf").is_file():
        raise LakeError(f"no folder {terraform}/ here: run this from the root of the repository")
    outputs = json.loads(commands.read(["terraform", f"-chdir={terraform}", "output", "-json"]))
    if not outputs:
        raise LakeError("Terraform's state is empty: run terraform init and terraform apply first (docs/cloud.md)")
    return _stage({name: output["value"] for name, output in outputs.items()})


def _stage(values: dict[str, Any]) -> Stage:
    try:
        return Stage(
            stage=values["stage"],
            project_id=values["project_id"],
            region=values["region"],
            image=values["image"],
            temp=values["temp"],
            build_service_account=values["build_service_account"],
            lake=values["lake"],
            reporting_dataset=values["reporting_dataset"],
            jobs=tuple(Job(colour, job["name"]) for colour, job in sorted(values["jobs"].items())),
        )
    except KeyError as missing:
        raise LakeError(f"Terraform's state has no output {missing}: apply this version of terraform/ first") from None


def variables_file(name: str, terraform: Path = TERRAFORM) -> Path:
    """The file of a stage's variables.

    Raises:
        LakeError: there is not one of that name; the text lists those that there are.
    """
    path = terraform / "environments" / f"{name}.tfvars"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.tfvars"))) or "none"
        raise LakeError(f"stage {name!r} has no file {path}: known stages are {known}")
    return path
