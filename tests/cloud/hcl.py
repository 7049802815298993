"""Just enough of Terraform's language to read names out of our own files: `terraform fmt` keeps them in one shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.cloud.stand_ins import ROOT

TERRAFORM = ROOT / "terraform"


def sources(folder: Path = TERRAFORM) -> Iterator[Path]:
    """Every configuration file, tests excepted."""
    return (file for file in sorted(folder.rglob("*.tf")) if "tests" not in file.parts)


def text(relative: str) -> str:
    """A file below terraform/."""
    return (TERRAFORM / relative).read_text()


def value(relative: str, name: str) -> str:
    """The string that an argument or a local is set to, where it is one literal string and set once in the file."""
    found = re.findall(rf'^\s*{name}\s*=\s*"([^"]*)"', text(relative), re.M)
    assert len(found) == 1, f"{name} in {relative}: {found}"
    return str(found[0])


def keys(relative: str, name: str) -> list[str]:
    """The keys of a map that a local or an argument is set to, one a line."""
    found = re.search(rf"^( *){name}\s*=\s*(?:merge\([^{{]*)?\{{\n(.*?)^\1\}}", text(relative), re.M | re.S)
    assert found, f"no map {name} in {relative}"
    indent = len(found[1]) + 2
    return re.findall(rf"^ {{{indent}}}(\w+)\s*=", found[2], re.M)


def variables(folder: Path = TERRAFORM) -> list[str]:
    """Names of a module's variables."""
    return re.findall(r'^variable "(\w+)"', (folder / "variables.tf").read_text(), re.M)


def outputs(folder: Path = TERRAFORM) -> list[str]:
    """Names of a module's outputs."""
    return re.findall(r'^output "(\w+)"', (folder / "outputs.tf").read_text(), re.M)


def block(relative: str, kind: str, name: str) -> str:
    """The text between the braces of a resource."""
    found = re.search(rf'^resource "{kind}" "{name}" \{{\n(.*?)^\}}', text(relative), re.M | re.S)
    assert found, f"no {kind} {name} in {relative}"
    return found[1]


def arguments(relative: str, kind: str, name: str) -> set[str]:
    """Names of a resource's own arguments, those of blocks within it excepted."""
    return set(re.findall(r"^  (\w+) +=", block(relative, kind, name), re.M))
