"""Just enough of Terraform's language to read names out of our own files: `terraform fmt` keeps them in one shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.cloud.stand_ins import ROOT

TERRAFORM = ROOT / "terraform"
"""Where the rules look: test_planted_faults puts a copy with a fault here."""


def sources() -> Iterator[Path]:
    """Every configuration file, tests excepted."""
    return (file for file in sorted(TERRAFORM.rglob("*.tf")) if "tests" not in file.relative_to(TERRAFORM).parts)


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


def variables() -> list[str]:
    """Names of the variables."""
    return re.findall(r'^variable "(\w+)"', text("variables.tf"), re.M)


def outputs() -> list[str]:
    """Names of the outputs."""
    return re.findall(r'^output "(\w+)"', text("outputs.tf"), re.M)


def depending_on(folder: str, target: str) -> dict[str, bool]:
    """Each resource, data source and local of a module's folder, and whether it names the target, itself or by what it names."""
    whole = "\n".join(file.read_text() for file in sorted((TERRAFORM / folder).glob("*.tf")))
    named = {
        f"{'data.' if which == 'data' else ''}{kind}.{name}": body
        for which, kind, name, body in re.findall(r'^(resource|data) "(\w+)" "(\w+)" \{\n(.*?)^\}', whole, re.M | re.S)
    }
    for found in re.findall(r"^locals \{\n(.*?)^\}", whole, re.M | re.S):
        for name, body in re.findall(r"^  (\w+) += (.*?)(?=^  \w+ += |\Z)", found, re.M | re.S):
            named[f"local.{name}"] = body

    def reaches(name: str, seen: frozenset[str]) -> bool:
        words = set(re.findall(r"[\w.]+", named[name]))
        if any(word == target or word.startswith(f"{target}.") for word in words):
            return True
        nexts = {
            other for other in named if other not in seen and any(f"{word}.".startswith(f"{other}.") for word in words)
        }
        return any(reaches(other, seen | nexts) for other in nexts)

    return {name: reaches(name, frozenset({name})) for name in named}


def block(relative: str, kind: str, name: str) -> str:
    """The text between the braces of a resource."""
    found = re.search(rf'^resource "{kind}" "{name}" \{{\n(.*?)^\}}', text(relative), re.M | re.S)
    assert found, f"no {kind} {name} in {relative}"
    return found[1]


def arguments(relative: str, kind: str, name: str) -> set[str]:
    """Names of a resource's own arguments, those of blocks within it excepted."""
    return set(re.findall(r"^  (\w+) +=", block(relative, kind, name), re.M))
