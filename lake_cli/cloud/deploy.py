"""Deliver a release: build its image, let Terraform bring the running job to it, and remember it as live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lake_cli.cloud import commands
from lake_cli.cloud.stage import TERRAFORM, Stage, read_stage, variables_file
from lake_cli.errors import LakeError

BUILD_FILE: Final = "delivery/cloudbuild.yaml"
_NAMED: Final = 5  # files that a message lists
LIVE: Final = "live"
"""Tag of the image that was delivered last: what Terraform takes where no release is named, as in an apply by hand."""


def deploy(name: str, release: str | None, approve: bool, say: Callable[[str], None]) -> None:
    """Builds the checked-out commit, or takes a release that was built before, and applies the stage.

    Args:
        name: the stage, as terraform/environments names it.
        release: tag of an image built before; None builds the commit.
        approve: apply without asking. The plan is printed in either case.
        say: prints a line for the user.

    Raises:
        LakeError: the stage is unknown or another one, or the work tree has changes that no commit holds.
        commands.CommandFailed: a build, a tag or the apply failed.
    """
    variables = variables_file(name)
    stage = read_stage()
    if stage.stage != name:
        raise LakeError(f"Terraform is connected to stage {stage.stage!r}, not {name!r}: terraform init -reconfigure")
    tag = release
    if tag is None:
        tag = _commit()
        say(f"1/3 Building {stage.image}:{tag}")
        commands.run(build_command(stage, tag))
    say(f"2/3 Applying {variables}")
    commands.run(apply_command(variables.name, tag, approve))
    say(f"3/3 Tagging {tag} as {LIVE}")
    commands.run(tag_command(stage, tag))
    say("Done. `lake cloud status` shows the job; an update in place takes some minutes.")


def build_command(stage: Stage, tag: str) -> list[str]:
    """Cloud Build, as the stage's own account, from sources in the stage's own bucket."""
    return [
        "gcloud",
        "builds",
        "submit",
        f"--project={stage.project_id}",
        f"--region={stage.region}",
        f"--config={BUILD_FILE}",
        f"--service-account={stage.build_service_account}",
        f"--gcs-source-staging-dir=gs://{stage.temp}/builds",
        f"--substitutions=_IMAGE={stage.image},_TAG={tag}",
        ".",
    ]


def apply_command(variables: str, tag: str, approve: bool) -> list[str]:
    """Terraform, with the stage's variables and this release."""
    command = [
        "terraform",
        f"-chdir={TERRAFORM}",
        "apply",
        f"-var-file=environments/{variables}",
        f"-var=release={tag}",
    ]
    return [*command, "-auto-approve"] if approve else command


def tag_command(stage: Stage, tag: str) -> list[str]:
    """Remembers what runs, for applies that name no release."""
    return ["gcloud", "artifacts", "docker", "tags", "add", f"{stage.image}:{tag}", f"{stage.image}:{LIVE}", "--quiet"]


def _commit() -> str:
    changed = [line[3:] for line in commands.read(["git", "status", "--porcelain"]).splitlines()]
    if changed:
        named = ", ".join(changed[:_NAMED]) + (f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else "")
        raise LakeError(
            f"not committed: {named}. A release is named after its commit: `git add` and `git commit` them (the stage's variables"
            " and Terraform's .terraform.lock.hcl belong to it), or deploy a release built before with --release"
        )
    return commands.read(["git", "rev-parse", "--short=12", "HEAD"]).strip()
