"""dbt's own environment, made for real by the script that every dbt task runs; one tiny package stands for dbt's many."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.orchestration.home import REPOSITORY

SCRIPT = REPOSITORY / "dags/ecommerce_lake/in_dbt_environment.sh"
MAKING = "Making dbt's environment"


def wheel(folder: Path, answer: int) -> str:
    """Writes the package `tiny`, whose ANSWER is a number; returns the line that requires it, with its hash."""
    files = {
        "tiny.py": f"ANSWER = {answer}\n",
        "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},{len(text)}\n"
        for name, text in files.items()
    )
    folder.mkdir(exist_ok=True)
    path = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, "tiny-1.0.dist-info/RECORD": f"{record}tiny-1.0.dist-info/RECORD,,\n"}.items():
            archive.writestr(zipfile.ZipInfo(name), text)  # without the time: its hash is of its content
    return f"tiny==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Worker:
    """A machine with nothing but Python, a project whose requirements are one package, and the folder of wheels it can reach."""

    def __init__(self, root: Path) -> None:
        self.project, self.wheels, self.environments = root / "project", root / "wheels", root / "environments"
        (self.project / "requirements").mkdir(parents=True)
        (self.project / "requirements/warehouse.txt").write_text(wheel(self.wheels, 42))

    def start(self, code: str = "import tiny; print(tiny.ANSWER)") -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
        return subprocess.Popen(
            ["bash", str(SCRIPT), "python", "-c", code],
            env={
                **kept,
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": str(self.wheels),
                "ECOMMERCE_HOME": str(self.project),
                "ECOMMERCE_ENVIRONMENTS": str(self.environments),
                "ECOMMERCE_DBT_PYTHON": "",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self) -> tuple[int, str, str]:
        """Exit status, output, error output."""
        process = self.start()
        said, complained = process.communicate(timeout=120)
        return process.returncode, said.strip(), complained

    @property
    def environment(self) -> Path:
        """Where the environment belongs: its name changes with what is required."""
        locked = (self.project / "requirements/warehouse.txt").read_bytes()
        return self.environments / f"ecommerce-dbt-{hashlib.sha256(locked).hexdigest()[:16]}"


def test_the_environment_is_made_once_with_hashes_and_again_only_if_it_is_not_whole(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    # A worker ended while it installed.
    (worker.environment / "bin").mkdir(parents=True)
    (worker.environment / "half-made").touch()

    # Two tasks start together: one makes it anew, both get it.
    started = [worker.start(), worker.start()]
    outputs = [process.communicate(timeout=120) for process in started]
    assert [said for said, _ in outputs] == ["42\n", "42\n"], outputs
    assert sum(complained.count(MAKING) for _, complained in outputs) == 1
    assert not (worker.environment / "half-made").exists()

    # From then on it is there, whatever the package index has.
    wheel(worker.wheels, 666)
    assert worker.run() == (0, "42", "")

    # Half of it is swept away: it is made again, from the package that is locked or not at all.
    (worker.environment / "bin/python").unlink()
    status, said, complained = worker.run()
    assert (status, said) == (1, "")
    assert MAKING in complained
    assert "DO NOT MATCH THE HASHES" in complained
    assert not (worker.environment / "complete").exists()


def test_a_prepared_environment_is_used_as_it_is(tmp_path: Path) -> None:
    told = subprocess.run(
        [
            "bash",
            str(SCRIPT),
            "python",
            "-c",
            "import os, sys; print(sys.executable, os.getcwd(), os.getenv('PYTHONPATH'), sep='\\n')",
        ],
        env={
            **os.environ,
            "ECOMMERCE_HOME": str(tmp_path),
            "ECOMMERCE_DBT_PYTHON": sys.executable,
            "PYTHONPATH": "/where/airflow/is",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.splitlines() == [sys.executable, str(tmp_path), "None"], "Airflow's packages stay out"
