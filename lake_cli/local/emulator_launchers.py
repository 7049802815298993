"""The ways to start Google's Pub/Sub emulator on this machine: its jar under a local Java, or a container image."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from lake_cli.errors import LakeError

JAR_VARIABLE: Final = "PUBSUB_EMULATOR_JAR"
IMAGE: Final = "gcr.io/google.com/cloudsdktool/google-cloud-cli:emulators"

_SMALLEST_HEAP_BYTES: Final = 1 << 30
_LARGEST_HEAP_BYTES: Final = 8 << 30
_YOUNG_BYTES: Final = 512 << 20
_CONTAINER_PORT: Final = 8085
_PROBE_SECONDS: Final = 20.0
_PULL_SECONDS: Final = 900.0


class EmulatorUnavailable(LakeError):
    """There is no emulator and none can be started; the message says why and what to install or set."""


class Launcher(Protocol):
    """One way to start the emulator."""

    @property
    def description(self) -> str:
        """What is started, for a person to read."""

    def prepare(self, log: Path) -> None:
        """Fetch what is needed before the first start. Raises EmulatorUnavailable."""

    def command(self, port: int) -> list[str]:
        """The command that serves the emulator on this loopback port until it gets SIGTERM."""

    def removal(self, port: int) -> tuple[str, ...] | None:
        """A command that removes what a killed `command` leaves behind, if it leaves anything."""


@dataclass(frozen=True)
class JarLauncher:
    """The emulator's own jar, as gcloud installs it, without gcloud's Python wrapper around it."""

    java: str
    jar: Path

    @property
    def description(self) -> str:
        return f"java -jar {self.jar.name}"

    def prepare(self, log: Path) -> None:
        """Nothing to fetch: the jar is here."""

    def command(self, port: int) -> list[str]:
        return [self.java, *_java_options(), "-jar", str(self.jar), "--host=127.0.0.1", f"--port={port}"]

    def removal(self, port: int) -> None:  # noqa: ARG002 - the protocol's
        return None


@dataclass(frozen=True)
class DockerLauncher:
    """Google's image with the emulators, for a machine with a container engine and no gcloud."""

    docker: str

    @property
    def description(self) -> str:
        return f"docker image {IMAGE}"

    def prepare(self, log: Path) -> None:
        if _succeeds([self.docker, "image", "inspect", IMAGE]):
            return
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            try:
                pulled = subprocess.run(
                    [self.docker, "pull", IMAGE], stdout=output, stderr=output, check=False, timeout=_PULL_SECONDS
                )
            except subprocess.TimeoutExpired:
                raise EmulatorUnavailable(f"docker pull {IMAGE} took over {_PULL_SECONDS:.0f} s (log: {log})") from None
        if pulled.returncode != 0:
            raise EmulatorUnavailable(f"docker pull {IMAGE} failed with code {pulled.returncode} (log: {log})")

    def command(self, port: int) -> list[str]:
        container = [self.docker, "run", "--rm", "--init", "--name", self._name(port)]
        published = [
            "--publish",
            f"127.0.0.1:{port}:{_CONTAINER_PORT}",
            "--env",
            f"JAVA_TOOL_OPTIONS={' '.join(_java_options())}",
        ]
        inside = ["gcloud", "beta", "emulators", "pubsub", "start", f"--host-port=0.0.0.0:{_CONTAINER_PORT}"]
        return [*container, *published, IMAGE, *inside]

    def removal(self, port: int) -> tuple[str, ...]:
        return (self.docker, "rm", "--force", self._name(port))

    def _name(self, port: int) -> str:
        return f"lake-pubsub-emulator-{port}"


def heap_bytes() -> int:
    """The heap that an emulator is started with: half of the machine's memory, within bounds.

    The emulator keeps every message in memory, acknowledged or not, until its subscription is deleted: 0.8 KB for an event of the
    shop. Half of the machine holds several millions.
    """
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(max(machine // 2, _SMALLEST_HEAP_BYTES), _LARGEST_HEAP_BYTES)


def _java_options() -> list[str]:
    """The heap, and that the emulator ends when it is full: otherwise it would go on without answering.

    The young generation is bounded: one that grows with the heap takes new pages from the system all the time, for a sixth of the
    rate at which messages can be pulled.
    """
    heap = heap_bytes()
    young = min(heap // 4, _YOUNG_BYTES)
    return [f"-Xmx{heap >> 20}m", f"-Xmn{young >> 20}m", "-XX:+ExitOnOutOfMemoryError"]


def find_launcher(environment: Mapping[str, str]) -> Launcher:
    """The first way that works here: the jar (named by PUBSUB_EMULATOR_JAR, or gcloud's) under Java, else docker.

    Raises EmulatorUnavailable with one remedy for each way.
    """
    path = environment.get("PATH", "")
    jar = _named_jar(environment) or _component_jar(environment, path)
    java = _java(environment, path)
    if jar is not None and java is not None:
        return JarLauncher(java, jar)
    docker = shutil.which("docker", path=path)
    if docker is not None and _succeeds([docker, "info"]):
        return DockerLauncher(docker)
    raise EmulatorUnavailable(_remedies(jar, java, docker))


def _remedies(jar: Path | None, java: str | None, docker: str | None) -> str:
    needed = []
    if jar is None:
        needed.append(
            "Google's emulator (`gcloud components install pubsub-emulator`, "
            "or the apt package google-cloud-cli-pubsub-emulator)"
        )
    if java is None:
        needed.append("Java 11 or later (`java` on the PATH)")
    engine = (
        "start the docker engine (`docker info` fails)" if docker else "install docker (docs.docker.com/engine/install)"
    )
    return (
        f"no Pub/Sub emulator can be started here. Install {' and '.join(needed)}; or {engine}; "
        "or set PUBSUB_EMULATOR_HOST to a running emulator"
    )


def _named_jar(environment: Mapping[str, str]) -> Path | None:
    named = environment.get(JAR_VARIABLE)
    if not named:
        return None
    jar = Path(named).expanduser()
    if not jar.is_file():
        raise EmulatorUnavailable(
            f"{JAR_VARIABLE} is {named!r}, which is no file: name the emulator's jar, or unset it"
        )
    return jar.absolute()


def _component_jar(environment: Mapping[str, str], path: str) -> Path | None:
    roots = [Path(environment["CLOUDSDK_ROOT_DIR"])] if environment.get("CLOUDSDK_ROOT_DIR") else []
    gcloud = shutil.which("gcloud", path=path)
    if gcloud is not None:
        roots.append(Path(os.path.realpath(gcloud)).parent.parent)
    for root in roots:
        jars = sorted(root.glob("platform/pubsub-emulator/lib/*.jar"))
        if jars:
            return jars[-1]
    return None


def _java(environment: Mapping[str, str], path: str) -> str | None:
    home = environment.get("JAVA_HOME")
    candidates = [shutil.which("java", path=str(Path(home, "bin"))) if home else None, shutil.which("java", path=path)]
    # macOS ships a `java` that only says where to get one: it must run, not just be there.
    return next((java for java in candidates if java is not None and _succeeds([java, "-version"])), None)


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=_PROBE_SECONDS).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
