"""The bootstrap's state moves into its bucket and back with the page's own commands: real Terraform, an emulated bucket."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cloud.stand_ins import ROOT, make_bucket, objects

PROJECT = "shop-state-test"

pytestmark = pytest.mark.skipif(shutil.which("terraform") is None, reason="no terraform: install it")


def _line(containing: str) -> str:
    """The one line of the page's shell blocks with a text."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs/cloud.md").read_text(), re.M | re.S)
    (found,) = {line for block in blocks for line in block.splitlines() if containing in line}
    return found


def test_the_state_of_the_bootstrap_moves_into_its_bucket_and_back(storage_emulator: str, tmp_path: Path) -> None:
    """The providers cannot be had here: the folder holds a resource of Terraform's own."""
    folder = tmp_path / "terraform/bootstrap"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text('resource "terraform_data" "made" {\n  input = "by hand"\n}\n')
    make_bucket(storage_emulator, f"{PROJECT}-terraform")
    environment = {
        **os.environ,
        "TF_VAR_project_id": PROJECT,
        "TF_INPUT": "0",
        "GOOGLE_STORAGE_CUSTOM_ENDPOINT": f"{storage_emulator}/storage/v1/",
        "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT": f"{storage_emulator}/storage/v1/",
        "GOOGLE_OAUTH_ACCESS_TOKEN": "nobody-checks",
        "CHECKPOINT_DISABLE": "1",
    }

    def run(command: str) -> str:
        done = subprocess.run(
            ["bash", "-euc", command], check=False, capture_output=True, text=True, cwd=tmp_path, env=environment
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def state(content: bytes) -> list[str]:
        return [resource["type"] for resource in json.loads(content)["resources"]]

    run("terraform -chdir=terraform/bootstrap init && terraform -chdir=terraform/bootstrap apply -auto-approve")
    assert state((folder / "terraform.tfstate").read_bytes()) == ["terraform_data"]

    run(_line(">terraform/bootstrap/backend_override.tf"))
    run(_line("prefix=bootstrap"))
    assert state(objects(storage_emulator, f"{PROJECT}-terraform")["bootstrap/default.tfstate"]) == ["terraform_data"]
    assert "No changes" in run("terraform -chdir=terraform/bootstrap plan")

    run(_line("rm -f terraform/bootstrap/backend_override.tf"))
    assert state((folder / "terraform.tfstate").read_bytes()) == ["terraform_data"]
